/** The commands that only look, and those that end or undo a run with one call. */
import { visible } from '../../domain/access.ts';
import type { Operations } from '../../runtime/operations.ts';
import { finish } from '../drive.ts';
import type { CommonFlags, Io } from '../io.ts';

type Look = (operations: Operations, io: Io, thread: string, flags: CommonFlags) => Promise<number>;

const text =
  (read: (operations: Operations, thread: string) => Promise<string>): Look =>
  async (operations, io, thread, flags) => {
    const found = await read(operations, thread);
    io.stdout(flags.json === true ? `${JSON.stringify({ text: found })}\n` : `${visible(found)}\n`);
    return 0;
  };

/** Commands of one thread, by name. */
export const LOOKS: Readonly<Record<string, Look>> = {
  explain: text((operations, thread) => operations.explain(thread)),
  diff: text((operations, thread) => operations.diff(thread)),
  report: text((operations, thread) => operations.file(thread, 'report.md')),
  cancel: async (operations, io, thread, flags) => finish(io, flags, await operations.cancel(thread)),
};
