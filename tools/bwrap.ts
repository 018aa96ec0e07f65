/** Commands in bubblewrap: own root, empty environment, no network, own pid namespace, another uid, limits. */
import { StopError, toError } from '../domain/errors.ts';
import type { CommandResult, Sandbox, SandboxRequest } from '../domain/workspace.ts';
import { bwrapArguments, SANDBOX_UID } from './bwrap-arguments.ts';
import { runCanaries } from './canaries.ts';
import { makePlaces } from './mounts.ts';
import { type ProcessResult, runProcess } from './process.ts';
import { createQuota, type Growth } from './quota.ts';

const OUTPUT_BYTES = 64 * 1024;

/** Longest wait for the empty command that tells whether bwrap itself failed, in ms. */
const PROBE_MS = 10_000;

export interface BwrapPlaces {
  /** The home; a canary tries to read it. */
  readonly stateFolder: string;
  /** How far commands may make one work tree grow; default 2 GiB and 500,000 files. */
  readonly growth?: Growth;
  /** Folders that no command sees, also where they lie in what is shown of the machine. */
  readonly concealed?: readonly string[];
}

export function createBwrap({ stateFolder, growth, concealed = [] }: BwrapPlaces): Sandbox {
  const root = process.getuid?.() === 0;
  const start = (request: SandboxRequest, signal: AbortSignal): Promise<ProcessResult> =>
    runProcess(bwrapArguments(request, { root, concealed }), {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      timeoutMs: request.timeoutMs,
      outputBytes: request.outputBytes ?? OUTPUT_BYTES,
      signal,
    });
  const quota = createQuota({ growth, uid: root ? SANDBOX_UID : undefined });
  const run = (asked: SandboxRequest): Promise<CommandResult> =>
    quota.run(asked, async (signal) => {
      const places = makePlaces(asked);
      const request = { ...asked, ...places };
      try {
        const result = await start(request, signal);
        // A command may print bwrap's words itself: an empty one tells.
        if (bwrapFailed(result) !== undefined) {
          const problem = bwrapFailed(await start({ ...request, argv: ['true'], timeoutMs: PROBE_MS }, signal));
          if (problem !== undefined) throw unavailable(problem);
        }
        return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8') };
      } catch (error) {
        if ((toError(error) as { code?: unknown }).code === 'ENOENT') throw unavailable('bwrap is not installed'); // a spawn error carries a code
        throw error;
      } finally {
        places.unmake();
      }
    });
  return { level: 'bwrap', run, canaries: () => runCanaries(run, stateFolder) };
}

/** What bwrap said when it could not start the command. */
function bwrapFailed(result: ProcessResult): string | undefined {
  const stderr = result.stderr.toString('utf8');
  return result.exitCode === 1 && stderr.startsWith('bwrap: ') && !stderr.startsWith('bwrap: execvp') ? stderr.split('\n')[0] : undefined;
}

function unavailable(problem: string): StopError {
  return new StopError(
    'SANDBOX_UNAVAILABLE',
    `sandbox: ${problem}; nothing was run. Install it (apt-get install bubblewrap) and see: governor doctor`,
  );
}
