/** The command tool: an argument list, or a shell text; always in the sandbox. */
import { z } from 'zod';
import { defineTool } from './tool.ts';

const schema = z
  .strictObject({
    argv: z.array(z.string().max(8192)).min(1).max(128).optional(),
    shell: z.string().min(1).max(16_384).optional(),
    timeout_seconds: z.int().min(1).max(3600).optional(),
  })
  .refine((input) => (input.argv === undefined) !== (input.shell === undefined), 'give exactly one of argv and shell');

export const runCommand = defineTool({
  name: 'run_command',
  description: 'Runs a command in the work tree: argv (preferred), or shell text. There is no network. Returns exit_code, stdout, stderr.',
  schema,
  effect: true,
  execute: async (input, context) => {
    const result = await context.sandbox.run({
      argv: input.argv ?? ['sh', '-c', input.shell ?? ''],
      workspace: context.folder,
      links: context.links,
      scratch: context.scratch,
      network: false,
      timeoutMs: Math.min(context.commandTimeoutMs, (input.timeout_seconds ?? 3600) * 1000),
      outputBytes: context.outputBytes,
      signal: context.signal,
    });
    return JSON.stringify({
      exit_code: result.exitCode,
      stdout: result.stdout,
      stderr: result.stderr,
      truncated: result.truncated,
      ...(result.timedOut ? { timed_out: true } : {}),
    });
  },
});
