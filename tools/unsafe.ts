/** The explicit, audited opt-in without isolation: process group, limits and empty environment only. */
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SandboxLimits } from '../domain/sandbox-limits.ts';
import type { CommandResult, Sandbox, SandboxRequest } from '../domain/workspace.ts';
import { runCanaries } from './canaries.ts';
import { runProcess } from './process.ts';
import { createQuota } from './quota.ts';

const OUTPUT_BYTES = 64 * 1024;

export function createUnsafe(stateFolder: string, limits?: SandboxLimits): Sandbox {
  const attempt = async (request: SandboxRequest, signal: AbortSignal): Promise<CommandResult> => {
    const linked: string[] = [];
    for (const link of request.links) {
      const place = join(request.workspace, link.at);
      if (existsSync(place)) continue;
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(link.from, place);
      linked.push(place);
    }
    try {
      const result = await runProcess(request.argv, {
        cwd: request.workspace,
        env: {
          PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
          HOME: '/tmp',
          LANG: 'C.UTF-8',
          TMPDIR: '/tmp',
          CI: 'true',
          NO_COLOR: '1',
          ...request.env,
        },
        timeoutMs: request.timeoutMs,
        outputBytes: request.outputBytes ?? OUTPUT_BYTES,
        signal,
      }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return {
          exitCode: 127,
          stdout: Buffer.alloc(0),
          stderr: Buffer.from(`${request.argv[0] ?? ''}: not found\n`),
          truncated: false,
          timedOut: false,
          durationMs: 0,
        };
      });
      return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8') };
    } finally {
      for (const place of linked) if (lstatSync(place).isSymbolicLink()) rmSync(place);
    }
  };
  const quota = createQuota(limits);
  const run = (request: SandboxRequest): Promise<CommandResult> => quota.run(request, (signal) => attempt(request, signal));
  return { level: 'unsafe', layers: ['growth-quota'], run, canaries: () => runCanaries(run, stateFolder) };
}
