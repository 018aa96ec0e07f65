/** The commands that only look, and the one that ends a run with one call. */
import { visible } from '../../domain/access.ts';
import { finish } from '../drive.ts';
import type { Invocation } from '../io.ts';
import { gateText, resultText, toldText } from '../print.ts';
import type { Runs } from '../runs.ts';

export async function list({ operations, io, flags }: Invocation): Promise<number> {
  const results = await operations.list();
  io.stdout(
    flags.json === true ? `${JSON.stringify(results)}\n` : results.map((result) => `${resultText(result, operations)}\n`).join('\n'),
  );
  return 0;
}

export async function show({ operations, io, flags }: Invocation, thread: string): Promise<number> {
  const result = await operations.result(thread);
  const told = await operations.told(thread);
  if (flags.json === true) io.stdout(`${JSON.stringify(told.length === 0 ? result : { ...result, told })}\n`);
  else io.stdout([resultText(result, operations), ...(told.length === 0 ? [] : [toldText(told)]), ''].join('\n'));
  const view = await operations.gate(thread);
  if (view !== undefined && result.waiting !== null) io.stderr(`${gateText(view, result.waiting.subject)}\n`);
  return 0;
}

type Read = (invocation: Invocation, thread: string) => Promise<number>;

const text =
  (read: (operations: Runs, thread: string) => Promise<string>): Read =>
  async ({ operations, io, flags }, thread) => {
    const found = await read(operations, thread);
    io.stdout(flags.json === true ? `${JSON.stringify({ text: found })}\n` : `${visible(found)}\n`);
    return 0;
  };

/** Its last line is what to do next. */
const nextPasted = (operations: Runs, explained: string): string =>
  explained.replace(/(\nnext {6})(.*)$/, (_line, label: string, step: string) => `${label}${operations.next(step)}`);

/** Commands of one thread, by name. */
export const READS: Readonly<Record<'explain' | 'diff' | 'report' | 'cancel', Read>> = {
  explain: text(async (operations, thread) => nextPasted(operations, await operations.explain(thread))),
  diff: text((operations, thread) => operations.diff(thread)),
  report: text((operations, thread) => operations.file(thread, 'report.md')),
  cancel: async (invocation, thread) => {
    const result = await invocation.operations.cancel(thread);
    const code = finish(invocation, result);
    return result.status === 'cancelled' ? 0 : code;
  },
};
