/** The runs of a home, as the commands ask for them. */
import type { Operations } from '../runtime/operations.ts';
import { spawnDetached } from '../tools/process.ts';
import type { Runs } from './runs.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `operations` keeps the home open. */
export function homeRuns(operations: Operations, env: Env): Runs {
  return {
    ...operations,
    create: ({ repo = '.', ...options }) => operations.create({ repo, ...options }),
    detach: (threadId) =>
      spawnDetached(
        [process.execPath, ...process.execArgv, process.argv[1] ?? '', 'resume', threadId, '--begin', '--quiet', '--home', operations.home],
        env,
      ),
    pasted: (text) => text,
    next: (text) => text,
    onInterrupt: 'stopping at the next checkpoint; Ctrl-C again aborts at once',
  };
}
