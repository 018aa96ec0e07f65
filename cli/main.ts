#!/usr/bin/env node
/** The command line: parses words, opens the house only inside an action, and gives the exit code. */
import { Command, CommanderError } from 'commander';
import type { Operations } from '../graphs/operations.ts';
import type { CommonFlags, Io } from './io.ts';

type Action = (operations: Operations) => Promise<number>;

/** Runs one command line. Never throws; the number is the exit code of contract section 1. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const withHouse = async (flags: CommonFlags, action: Action): Promise<void> => {
    const { openOperations } = await import('../graphs/entry.ts');
    const operations = await openOperations({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) });
    try {
      code = await action(operations);
    } finally {
      await operations.close();
    }
  };
  const program = new Command('governor').exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  const command = (usage: string, description: string): Command =>
    program
      .command(usage)
      .description(description)
      .option('--home <dir>')
      .option('--config <file>')
      .option('--json')
      .option('--quiet')
      .option('--no-color');
  command('run [goal]', 'start a run')
    .option('--file <path>')
    .option('--repo <dir>', 'a folder in the repository', '.')
    .option('--base <ref>')
    .option('--script <file>')
    .action(async (goal: string | undefined, flags) => {
      const { runCommand } = await import('./commands/run.ts');
      await withHouse(flags, (operations) => runCommand(operations, io, goal, flags));
    });
  command('resume <thread>', 'go on with a run')
    .option('--migrate')
    .action(async (thread: string, flags) => {
      const { resumeCommand } = await import('./commands/run.ts');
      await withHouse(flags, (operations) => resumeCommand(operations, io, thread, flags));
    });
  for (const [name, decision] of [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const)
    command(`${name} <thread>`, `${name} what waits at a gate`)
      .option('--comment <text>')
      .option('--subject <digest>')
      .action(async (thread: string, flags) => {
        const { decideCommand } = await import('./commands/decide.ts');
        await withHouse(flags, (operations) => decideCommand(operations, io, thread, decision, flags));
      });
  command('list', 'list the runs').action(async (flags) => {
    const { resultText } = await import('./print.ts');
    await withHouse(flags, async (operations) => {
      const results = await operations.list();
      io.stdout(flags.json === true ? `${JSON.stringify(results)}\n` : results.map((result) => `${resultText(result)}\n`).join('\n'));
      return 0;
    });
  });
  command('show <thread>', 'show a run and its gate').action(async (thread: string, flags) => {
    const { gateText, resultText } = await import('./print.ts');
    await withHouse(flags, async (operations) => {
      const result = await operations.result(thread);
      io.stdout(flags.json === true ? `${JSON.stringify(result)}\n` : `${resultText(result)}\n`);
      const view = await operations.gate(thread);
      if (view !== undefined && result.waiting !== null) io.stderr(`${gateText(view, result.waiting.subject)}\n`);
      return 0;
    });
  });
  for (const [name, description] of [
    ['explain', 'say why a run is where it is'],
    ['diff', 'show the candidate against its base'],
    ['report', 'print the report of a run'],
    ['cancel', 'stop a run'],
  ] as const)
    command(`${name} <thread>`, description).action(async (thread: string, flags) => {
      const { LOOKS } = await import('./commands/look.ts');
      await withHouse(flags, async (operations) => (await LOOKS[name]?.(operations, io, thread, flags)) ?? 1);
    });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { toError } = await import('../domain/errors.ts');
    const error = toError(thrown);
    if (error.name === 'UsageError' || error.name === 'StopError') {
      io.stderr(`${error.message}\n`);
      return 2;
    }
    io.stderr(`${error.message}\nthis is a defect in Governor\n${io.env['LOG_LEVEL'] === 'debug' ? `${error.stack ?? ''}\n` : ''}`);
    return 1;
  }
}

async function isMain(): Promise<boolean> {
  const { realpathSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
}

if (await isMain())
  process.exitCode = await run(process.argv.slice(2), {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    env: process.env,
    isTTY: process.stdin.isTTY === true && process.stderr.isTTY === true,
  });
