/** The commands that only look, and the one that ends a run with one call. */
import { visible } from '../../domain/access.ts';
import type { Operations } from '../../runtime/operations.ts';
import { finish } from '../drive.ts';
import type { Invocation } from '../io.ts';
import { gateText, resultText, toldText } from '../print.ts';

export async function list({ operations, io, flags }: Invocation): Promise<number> {
  const results = await operations.list();
  io.stdout(flags.json === true ? `${JSON.stringify(results)}\n` : results.map((result) => `${resultText(result)}\n`).join('\n'));
  return 0;
}

export async function show({ operations, io, flags }: Invocation, thread: string): Promise<number> {
  const result = await operations.result(thread);
  const told = await operations.told(thread);
  if (flags.json === true) io.stdout(`${JSON.stringify(told.length === 0 ? result : { ...result, told })}\n`);
  else io.stdout([resultText(result), ...(told.length === 0 ? [] : [toldText(told)]), ''].join('\n'));
  const view = await operations.gate(thread);
  if (view !== undefined && result.waiting !== null) io.stderr(`${gateText(view, result.waiting.subject)}\n`);
  return 0;
}

type Read = (invocation: Invocation, thread: string) => Promise<number>;

const text =
  (read: (operations: Operations, thread: string) => Promise<string>): Read =>
  async ({ operations, io, flags }, thread) => {
    const found = await read(operations, thread);
    io.stdout(flags.json === true ? `${JSON.stringify({ text: found })}\n` : `${visible(found)}\n`);
    return 0;
  };

/** Commands of one thread, by name. */
export const READS: Readonly<Record<'explain' | 'diff' | 'report' | 'cancel', Read>> = {
  explain: text((operations, thread) => operations.explain(thread)),
  diff: text((operations, thread) => operations.diff(thread)),
  report: text((operations, thread) => operations.file(thread, 'report.md')),
  cancel: async ({ operations, io, flags }, thread) => {
    const result = await operations.cancel(thread);
    const code = finish(io, flags, result);
    return result.status === 'cancelled' ? 0 : code;
  },
};
