/** The commands that list and show runs, and the one that stops one. */
import type { Declare } from './declare.ts';

export function declareReads({ commandAfar, withRuns }: Declare): void {
  const read = () => import('../commands/read.ts');
  commandAfar('list', 'list the runs').action((flags) => withRuns(flags, async (invocation) => (await read()).list(invocation)));
  commandAfar('show <thread>', 'show a run and its gate').action((thread: string, flags) =>
    withRuns(flags, async (invocation) => (await read()).show(invocation, thread)),
  );
  commandAfar('log <thread>', 'show what the agents of a run said and did')
    .option('--agent <id>', 'only planner, lead, critic, or a sub-agent such as w1.2')
    .option('--follow', 'go on until the run ends or waits')
    .action((thread: string, flags) => withRuns(flags, async (invocation) => (await import('../commands/log.ts')).log(invocation, thread)));
  for (const [name, description] of [
    ['explain', 'say why a run is where it is'],
    ['diff', 'show the candidate against its base'],
    ['report', 'print the report of a run'],
    ['cancel', 'stop a run'],
  ] as const)
    commandAfar(`${name} <thread>`, description).action((thread: string, flags) =>
      withRuns(flags, async (invocation) => (await read()).READS[name](invocation, thread)),
    );
}
