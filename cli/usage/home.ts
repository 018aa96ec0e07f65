/** The commands that look at or look after a whole home, and those that need none. */
import type { CommonFlags } from '../io.ts';
import type { Declare } from './declare.ts';

const home = () => import('../commands/home.ts');

export function declareHome({ command, commandAfar, withHome, withRuns }: Declare): void {
  commandAfar('approvals', 'list what waits for a person').action((flags) =>
    withRuns(flags, async (invocation) => (await home()).approvals(invocation)),
  );
  commandAfar('watch <thread>', 'follow a run until it rests').action((thread: string, flags) =>
    withRuns(flags, async (invocation) => (await import('../commands/watch.ts')).watch(invocation, thread)),
  );
  commandAfar('files <thread> [name]', 'list the files of a run, or print one').action((thread: string, name: string | undefined, flags) =>
    withRuns(flags, async (invocation) => (await home()).files(invocation, thread, name)),
  );
  command('audit [thread]', 'print the trail; "audit verify" checks it').action((word: string | undefined, flags) =>
    withHome(flags, async (invocation) => (await home()).audit(invocation, word)),
  );
  command('rollback <thread>', 'undo a release by a new commit')
    .option('--reason <text>')
    .action((thread: string, flags) => withHome(flags, async (invocation) => (await home()).rollback(invocation, thread)));
  command('gc', 'remove what ended threads no longer need')
    .option('--older <duration>', 'also checkpoints, journal and refs of threads that ended so long ago')
    .action((flags) => withHome(flags, async (invocation) => (await home()).collect(invocation)));
  command('backup <file>', 'write a consistent copy of database and dossiers').action((file: string, flags) =>
    withHome(flags, async (invocation) => (await home()).backup(invocation, file)),
  );
  command('doctor', 'say what works here')
    .option('--repo <dir>', 'a repository to look at too (default: this folder, when it has a governor.yaml)')
    .action((flags) => withHome(flags, async (invocation) => (await home()).doctor(invocation)));
}

export function declareWithoutHome({ command, exit, io }: Declare): void {
  command('restore <file>', 'restore a backup into a new home').action(async (file: string, flags: CommonFlags) => {
    const [{ restoreHome }, { homeFolder }] = await Promise.all([
      import('../../checkpoints/backup.ts'),
      import('../../runtime/environment.ts'),
    ]);
    const folder = homeFolder(flags.home, io.env);
    restoreHome(file, folder);
    io.stdout(`${folder}\n`);
  });
  command('init', 'write a governor.yaml for a repository')
    .option('--repo <dir>', 'a folder in the repository', '.')
    .option('--commit', 'commit it')
    .action(async (flags) => exit(await (await import('../commands/init.ts')).initCommand(io, flags)));
  command('demo [scenario]', 'play the offline scenarios')
    .option('--keep', 'keep the folders')
    .action(async (scenario: string | undefined, flags) =>
      exit(await (await import('../commands/demo.ts')).demoCommand(io, scenario, flags)),
    );
  command('eval [suite]', 'run tasks with hidden checks against models, and print their report card')
    .option('--models <list>', 'role=provider:model,... over the configuration; provider:model is for every role')
    .option('--task <id>', 'only this task')
    .option('--repeat <count>', 'each task so often', '1')
    .option('--max-usd <dollars>', 'begin nothing that could cost more in all')
    .option('--out <file>', 'write the report card there, as JSON')
    .option('--keep <dir>', 'leave homes and repositories in this new folder')
    .option('--yes', 'spend up to the worst case without asking')
    .action(async (suite: string | undefined, flags) => exit(await (await import('../commands/eval.ts')).evalCommand(io, suite, flags)));
}
