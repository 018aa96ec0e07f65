/** The commands that start a run, go on with it, decide about it and end it. */
import { Option } from 'commander';
import type { Declare } from './declare.ts';

export function declareRuns({ command, commandAfar, withHome, withRuns }: Declare): void {
  commandAfar('run [goal]', 'start a run')
    .option('--file <path>')
    .option('--repo <dir>', 'a folder in the repository (default: "."); on a server the name of one of its repositories')
    .option('--base <ref>')
    .addOption(new Option('--script <file>').hideHelp())
    .option('--detach', 'go on in the background')
    .action((goal: string | undefined, flags) =>
      withRuns(flags, async (invocation) => (await import('../commands/run.ts')).runCommand(invocation, goal)),
    );
  command('resume <thread>', 'go on with a run')
    .option('--migrate', 'go on although the pipeline changed')
    .addOption(new Option('--begin').hideHelp())
    .option('--add-usd <dollars>', 'allow so much more')
    .option('--add-time <duration>', 'allow so much more machine time')
    .option('--add-calls <count>', 'allow so many more model and tool calls')
    .option('--comment <text>', 'what you say to the agent that stopped; approves nothing')
    .option('--model <name>', 'let this model answer instead, from there on')
    .action((thread: string, flags) =>
      withHome(flags, async (invocation) => (await import('../commands/run.ts')).resumeCommand(invocation, thread)),
    );
  commandAfar('tell <thread> <text>', 'say something to the agents at work; approves nothing')
    .option('--agent <id>', 'only to this one: planner, lead, critic, or a sub-agent such as w1.2')
    .action((thread: string, text: string, flags) =>
      withRuns(flags, async (invocation) => (await import('../commands/tell.ts')).tellCommand(invocation, thread, text)),
    );
  for (const [name, decision] of [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const) {
    const declared = commandAfar(`${name} <thread>`, `${name} what waits at a gate`)
      .option('--comment <text>')
      .option('--subject <digest>', 'what is decided on; from: governor show <thread> --json')
      .option('--edit <file>', 'an edited plan, as JSON')
      .option('--add-usd <dollars>', 'at the budget gate');
    if (decision === 'approved')
      declared.option(
        '--waive <finding>',
        'at the release gate: let this finding pass, by its id; once for each',
        (id: string, ids: string[] | undefined) => [...(ids ?? []), id],
      );
    declared.action((thread: string, flags) =>
      withRuns(flags, async (invocation) => (await import('../commands/decide.ts')).decideCommand(invocation, thread, decision)),
    );
  }
}
