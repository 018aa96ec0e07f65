/** How a command is declared: its words and flags now, its work only when it is asked for. */
import { type Command, Option } from 'commander';
import type { CommonFlags, HomeInvocation, Invocation, Io } from '../io.ts';

export interface Declare {
  readonly io: Io;
  readonly program: Command;
  /**
   * A command with the flags that all have. Nothing that its work needs is imported here, so that `--help` stays quick:
   *
   * ```ts
   * declare.command('forget <thread>', 'remove the notes of a run').action((thread: string, flags) =>
   *   declare.withHome(flags, async (invocation) => (await import('../commands/forget.ts')).forget(invocation, thread)),
   * );
   * ```
   */
  readonly command: (usage: string, description: string, under?: Command) => Command;
  /** The same for a command that also works against a server; its work is given to `withRuns`. */
  readonly commandAfar: (usage: string, description: string) => Command;
  /** Opens the home, does the work, closes the home; what the work gives is the exit code. */
  readonly withHome: <Flags extends CommonFlags>(
    flags: Flags,
    work: (invocation: HomeInvocation<Flags>) => Promise<number>,
  ) => Promise<void>;
  /** The same with a home, or with the server that the flags or the environment name. */
  readonly withRuns: <Flags extends CommonFlags>(flags: Flags, work: (invocation: Invocation<Flags>) => Promise<number>) => Promise<void>;
  /** For work that opens no home, or its own. */
  readonly exit: (code: number) => void;
}

/** They have no home, or serve one: that a server is named in the environment is no matter of theirs. */
const WITHOUT_HOME = ['init', 'demo', 'eval', 'serve', 'test'];

/** `code` is that of the command that ran. */
export function declareOn(program: Command, io: Io): Declare & { readonly code: number } {
  let code = 0;
  return {
    io,
    program,
    get code() {
      return code;
    },
    command: (usage, description, under = program) =>
      withFlags(under.command(usage), description)
        .addOption(new Option('--server <url>').hideHelp())
        .addOption(new Option('--insecure-http').hideHelp())
        .hook('preAction', (command) => assertAtHome(command.name(), command.opts(), io)),
    commandAfar: (usage, description) =>
      withFlags(program.command(usage), description)
        .option('--server <url>', 'a server of Governor instead of a home; also GOVERNOR_SERVER')
        .option('--insecure-http', 'let it be http beyond this machine: others on the way can read the token'),
    withHome: async (flags, work) => {
      const { openOperations } = await import('../../runtime/operations.ts');
      const operations = await openOperations({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) });
      try {
        code = await work({ operations, io, flags });
      } finally {
        await operations.close();
      }
    },
    withRuns: async (flags, work) => {
      const operations = await openRuns(flags, io);
      try {
        code = await work({ operations, io: flags.json === true ? jsonIo(io) : io, flags });
      } finally {
        await operations.close();
      }
    },
    exit: (given) => {
      code = given;
    },
  };
}

const withFlags = (command: Command, description: string): Command =>
  command.description(description).option('--home <dir>').option('--config <file>').option('--json').option('--quiet').option('--no-color');

async function openRuns(flags: CommonFlags, io: Io): Promise<Invocation['operations']> {
  const { isAfar, openAfar } = await import('../afar/open-afar.ts');
  if (isAfar(flags, io.env)) return openAfar(flags, io.env);
  const [{ openOperations }, { homeRuns }] = await Promise.all([import('../../runtime/operations.ts'), import('../home-runs.ts')]);
  return homeRuns(await openOperations({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) }), io.env);
}

/** Before anything happens. @throws UsageError where a server is meant. */
async function assertAtHome(name: string, flags: CommonFlags, io: Io): Promise<void> {
  const named = io.env['GOVERNOR_SERVER'] ?? '';
  const byEnvironment = named !== '' && flags.home === undefined && !WITHOUT_HOME.includes(name);
  if (flags.server === undefined && !byEnvironment) return;
  const { UsageError } = await import('../../domain/errors.ts');
  const mend = flags.server === undefined ? 'unset GOVERNOR_SERVER or give --home <dir>' : 'leave out --server';
  throw new UsageError(`${name}: works in a home, not from afar; run it on the machine of the server, in its home (${mend})`);
}

/** JSON leaves these as they are, and some terminals obey them. */
const jsonIo = (io: Io): Io => ({
  ...io,
  stdout: (text) => io.stdout(text.replace(/[\u007f-\u009f]/g, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)),
});
