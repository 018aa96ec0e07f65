/** What the commands ask of runs, wherever these are: in a home (`home-runs.ts`) or on a server (`afar/server-runs.ts`). */

import type { AuditRecord } from '../domain/audit.ts';
import type { Operations } from '../runtime/operations.ts';
import type { CreateOptions, DecideOptions } from '../runtime/options.ts';

type Asked =
  | 'cancel'
  | 'close'
  | 'diff'
  | 'drive'
  | 'explain'
  | 'file'
  | 'files'
  | 'follow'
  | 'followLog'
  | 'gate'
  | 'goOn'
  | 'isLive'
  | 'list'
  | 'log'
  | 'pending'
  | 'result'
  | 'tell'
  | 'told'
  | 'writing';

/** `repo` undefined: the folder where the command was given, or the only repository of the server. */
export type RunOptions = Omit<CreateOptions, 'repo'> & { readonly repo: string | undefined };

export interface Runs extends Pick<Operations, Asked> {
  create(options: RunOptions): ReturnType<Operations['create']>;
  /** Its trail, oldest first. */
  audit(threadId: string): Promise<AuditRecord[]>;
  /** Records a decision about what was shown. @throws UsageError where there is nothing to decide, or not by this person. */
  decide(threadId: string, options: DecideOptions): Promise<unknown>;
  /** Has a new thread go on without this process. */
  detach(threadId: string): void;
  /** A printed command of ours, so that it works when it is pasted. */
  pasted(text: string): string;
  /** The same for the step that a run itself names: of a server only one that Governor prints, since people paste it into a shell. */
  next(text: string): string;
  /** What a first Ctrl-C does while a thread runs. */
  readonly onInterrupt: string;
}
