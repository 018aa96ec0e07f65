/** How a command is declared: its words and flags now, its work only when it is asked for. */
import type { Command } from 'commander';
import type { CommonFlags, Invocation, Io } from '../io.ts';

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
  /** Opens the home, does the work, closes the home; what the work gives is the exit code. */
  readonly withHome: <Flags extends CommonFlags>(flags: Flags, work: (invocation: Invocation<Flags>) => Promise<number>) => Promise<void>;
  /** For work that opens no home, or its own. */
  readonly exit: (code: number) => void;
}

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
      under
        .command(usage)
        .description(description)
        .option('--home <dir>')
        .option('--config <file>')
        .option('--json')
        .option('--quiet')
        .option('--no-color'),
    withHome: async (flags, work) => {
      const { openOperations } = await import('../../runtime/operations.ts');
      const operations = await openOperations({ env: io.env, ...(flags.home === undefined ? {} : { home: flags.home }) });
      try {
        code = await work({ operations, io, flags });
      } finally {
        await operations.close();
      }
    },
    exit: (given) => {
      code = given;
    },
  };
}
