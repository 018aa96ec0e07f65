#!/usr/bin/env node
/** The command line: parses words, opens the home only inside an action, and gives the exit code. */
import { Command, CommanderError, Option } from 'commander';
import type { Operations } from '../runtime/operations.ts';
import { packageVersion } from '../runtime/package.ts';
import type { CommonFlags, Io } from './io.ts';

type Action = (operations: Operations) => Promise<number>;

/** Runs one command line. Never throws; the number is the exit code (`docs/contract.md`, "Commands"). */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const withHouse = async (flags: CommonFlags, action: Action): Promise<void> => {
    const { openOperations } = await import('../runtime/operations.ts');
    const operations = await openOperations({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) });
    try {
      code = await action(operations);
    } finally {
      await operations.close();
    }
  };
  const program = new Command('governor')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  const command = (usage: string, description: string, under = program): Command =>
    under
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
    .addOption(new Option('--script <file>').hideHelp())
    .option('--detach', 'go on in the background')
    .action(async (goal: string | undefined, flags) => {
      const { runCommand } = await import('./commands/run.ts');
      await withHouse(flags, (operations) => runCommand(operations, io, goal, flags));
    });
  command('resume <thread>', 'go on with a run')
    .option('--migrate', 'go on although the pipeline changed')
    .addOption(new Option('--begin').hideHelp())
    .option('--add-usd <dollars>', 'allow so much more')
    .option('--add-time <duration>', 'allow so much more machine time')
    .option('--add-calls <count>', 'allow so many more model and tool calls')
    .option('--comment <text>', 'what you say to the agent that stopped; approves nothing')
    .option('--model <name>', 'let this model answer instead, from there on')
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
      .option('--subject <digest>', 'what is decided on; from: governor show <thread> --json')
      .option('--edit <file>', 'an edited plan, as JSON')
      .option('--add-usd <dollars>', 'at the budget gate')
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
      const { LOOKS } = await import('./commands/read.ts');
      await withHouse(flags, async (operations) => (await LOOKS[name]?.(operations, io, thread, flags)) ?? 1);
    });
  command('demo [scenario]', 'play the offline scenarios')
    .option('--keep', 'keep the folders')
    .action(async (scenario: string | undefined, flags) => {
      const { demoCommand } = await import('./commands/demo.ts');
      code = await demoCommand(io, scenario, flags);
    });
  command('serve', 'serve the graphs of langgraph.json over HTTP')
    .option('--host <address>', 'where to listen; others than loopback need auth', '127.0.0.1')
    .option('--port <number>', '0: any free one', '2024')
    .option('--concurrency <count>', 'runs at once (default 10)')
    .action(async (flags) => {
      const { serveCommand } = await import('./commands/serve.ts');
      code = await serveCommand(io, flags);
    });
  const home = () => import('./commands/home.ts');
  command('approvals', 'list what waits for a person').action((flags) =>
    withHouse(flags, async (operations) => (await home()).approvals(operations, io, flags)),
  );
  command('watch <thread>', 'follow a run until it rests').action((thread: string, flags) =>
    withHouse(flags, async (operations) => (await home()).watch(operations, io, thread, flags)),
  );
  command('files <thread> [name]', 'list the files of a run, or print one').action((thread: string, name: string | undefined, flags) =>
    withHouse(flags, async (operations) => (await home()).files(operations, io, thread, name, flags)),
  );
  command('audit [thread]', 'print the trail; "audit verify" checks it').action((word: string | undefined, flags) =>
    withHouse(flags, async (operations) => (await home()).audit(operations, io, word, flags)),
  );
  command('rollback <thread>', 'undo a release by a new commit')
    .option('--reason <text>')
    .action((thread: string, flags) => withHouse(flags, async (operations) => (await home()).rollback(operations, io, thread, flags)));
  command('gc', 'remove what ended threads no longer need')
    .option('--older <duration>', 'also checkpoints, journal and refs of threads that ended so long ago')
    .action((flags) => withHouse(flags, async (operations) => (await home()).collect(operations, io, flags)));
  command('backup <file>', 'write a consistent copy of database and dossiers').action((file: string, flags) =>
    withHouse(flags, async (operations) => (await home()).backup(operations, io, file, flags)),
  );
  command('restore <file>', 'restore a backup into a new home').action(async (file: string, flags: CommonFlags) => {
    const [{ restoreHome }, { homeFolder }] = await Promise.all([import('../checkpoints/backup.ts'), import('../runtime/environment.ts')]);
    const folder = homeFolder(flags.home, io.env);
    restoreHome(file, folder);
    io.stdout(`${folder}\n`);
  });
  command('doctor', 'say what works here')
    .option('--repo <dir>', 'a repository to look at too (default: this folder, when it has a governor.yaml)')
    .action((flags) => withHouse(flags, async (operations) => (await home()).doctor(operations, io, flags)));
  command('init', 'write a governor.yaml for a repository')
    .option('--repo <dir>', 'a folder in the repository', '.')
    .option('--commit', 'commit it')
    .action(async (flags) => {
      const { initCommand } = await import('./commands/init.ts');
      code = await initCommand(io, flags);
    });
  const keys = program.command('keys').description('make, list and revoke API keys of the server');
  const keyCommands = () => import('./commands/keys.ts');
  command('create', 'make a key and print it once', keys)
    .requiredOption('--name <text>', 'what it is for')
    .requiredOption('--role <role...>', 'viewer, operator, approver, admin')
    .option('--tenant <name>', 'whose rows it sees')
    .option('--owner <principal>', 'whom it acts for (default: you)')
    .option('--graph <id...>', 'graphs it may use (default: all)')
    .option('--expires <duration>', 'such as 90d, or never', '90d')
    .action(async (flags) => {
      code = await (await keyCommands()).createKey(io, flags);
    });
  command('list', 'list the keys', keys).action(async (flags) => {
    code = await (await keyCommands()).listKeys(io, flags);
  });
  command('revoke <id>', 'make a key worthless', keys).action(async (id: string, flags) => {
    code = await (await keyCommands()).revokeKey(io, id, flags);
  });
  for (const later of ['policy', 'knowledge', 'why'])
    program
      .command(later, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .action(async () => {
        const { UsageError } = await import('../domain/errors.ts');
        throw new UsageError(`${later}: is not supported yet`);
      });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { codeOf, toError } = await import('../domain/errors.ts');
    const error = toError(thrown);
    if (error.name === 'UsageError' || error.name === 'StopError') {
      const stop = error.name === 'StopError';
      io.stderr(`${stop ? `${codeOf(error)}: ` : ''}${error.message}\n`);
      return stop ? 3 : 2;
    }
    if (codeOf(error) === 'DISK_LIMIT') {
      io.stderr(`DISK_LIMIT: ${error.message}; free some space in the home and try again\n`);
      return 3;
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

/** `.env` of the current folder; what is set already stays. A folder of that name is no matter of ours. Gives what is wrong with it. */
async function readDotEnv(): Promise<string | undefined> {
  const { statSync } = await import('node:fs');
  if (statSync('.env', { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  try {
    process.loadEnvFile('.env');
    return undefined;
  } catch (error) {
    return `.env: cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}

if (await isMain()) {
  // A reader that left (`| head`, a closed terminal) ends no run; only `watch` has nothing left to do.
  let gone = false;
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => {
      gone = true;
    });
  // A place in the bundle becomes the line of the source.
  if (process.env['LOG_LEVEL'] === 'debug') process.setSourceMapsEnabled(true);
  const problem = await readDotEnv();
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  process.exitCode =
    problem !== undefined
      ? 2
      : await run(process.argv.slice(2), {
          stdout: (text) => process.stdout.write(text),
          stderr: (text) => process.stderr.write(text),
          env: process.env,
          isTTY: process.stdin.isTTY === true && process.stderr.isTTY === true,
          isGone: () => gone,
          size: () => ({ columns: process.stderr.columns || 80, rows: process.stderr.rows || 24 }),
        });
}
