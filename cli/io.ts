/** Where a command reads and writes, so that tests can stand in for a terminal; and what it is called with. */
import type { Operations } from '../runtime/operations.ts';
import type { Runs } from './runs.ts';

export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
  /** What a person types when asked; absent: on the terminal. */
  readonly answer?: (question: string) => Promise<string>;
  /** The same for what is not to be seen; absent: on the terminal, or the standard input. */
  readonly secret?: (question: string) => Promise<string>;
  /** True once the reader of stdout or stderr has gone. */
  readonly isGone?: () => boolean;
  /** Of the terminal, asked each time: people resize. */
  readonly size: () => { readonly columns: number; readonly rows: number };
}

/** The flags that every command has. */
export interface CommonFlags {
  readonly home?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** Instead of a home, for the commands that work from afar. */
  readonly server?: string;
  readonly insecureHttp?: boolean;
}

/** One command line: the runs of an open home or of a server, where it prints, and its flags. */
export interface Invocation<Flags extends CommonFlags = CommonFlags> {
  readonly operations: Runs;
  readonly io: Io;
  readonly flags: Flags;
}

/** The same for a command that works in a home alone. */
export interface HomeInvocation<Flags extends CommonFlags = CommonFlags> extends Omit<Invocation<Flags>, 'operations'> {
  readonly operations: Operations;
}
