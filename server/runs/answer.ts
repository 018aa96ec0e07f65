/** What of a run's answer goes to the graph: all of it the first time; begun again, only what was asked before the run. */
import type { Snapshot } from '../threads/views.ts';

/** LangGraph's own words, and its class in the run's error. @throws by `strict_resume`. */
export class UnknownInterruptError extends Error {
  override readonly name = 'UnknownInterruptError';
}

export interface Asked {
  readonly resume: unknown;
  readonly strict: boolean;
  /** Tasks that have asked since the run first began; undefined: it begins now. */
  readonly askedSince: ReadonlySet<string> | undefined;
}

type Interrupts = readonly { readonly id?: string; readonly value?: unknown }[];

/** Undefined where nothing of it is left to be delivered. @throws UnknownInterruptError */
export function deliverable(head: Snapshot, { resume, strict, askedSince }: Asked): unknown {
  const waiting = head.tasks.flatMap((task) => task.interrupts ?? []);
  if (askedSince !== undefined)
    return leftOf(
      resume,
      head.tasks.flatMap((task) => (askedSince.has(task.id) ? [] : (task.interrupts ?? []))),
    );
  if (strict) assertAwaited(resume, waiting);
  return whole(resume, waiting);
}

/**
 * Delivered again after a crash: a question that was asked since then is another one, whatever its place, and must not be answered
 * by the same words.
 */
function leftOf(resume: unknown, before: Interrupts): unknown {
  if (!isById(resume)) return before.length === 0 ? undefined : whole(resume, before);
  const left = Object.entries(resume).filter(([id]) => before.some((one) => one.id === id));
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** LangGraph 1.4, which a project may bring, takes `false`, `0` and `""` for no answer, unless they are given by the id of their question. */
function whole(resume: unknown, waiting: Interrupts): unknown {
  const [asked, ...others] = waiting;
  return resume || asked?.id === undefined || others.length > 0 ? resume : { [asked.id]: resume };
}

function assertAwaited(resume: unknown, waiting: Interrupts): void {
  const ids = waiting.flatMap(({ id }) => (id === undefined ? [] : [id])).toSorted();
  const pending = ids.length === 0 ? 'none waits' : `${ids.join(', ')} waits`;
  if (isById(resume)) {
    const unknown = Object.keys(resume)
      .filter((id) => !ids.includes(id))
      .toSorted();
    if (unknown.length > 0) throw new UnknownInterruptError(`Unknown or already-consumed interrupt: ${unknown.join(', ')}; ${pending}`);
    if (Object.keys(resume).length === 0) throw new UnknownInterruptError(`The resume map names no interrupt; ${pending}`);
  } else if (waiting.length === 0) throw new UnknownInterruptError('The answer is for no interrupt: none waits');
  else if (waiting.length > 1) throw new UnknownInterruptError(`Several interrupts wait (${ids.join(', ')}); answer by their ids`);
}

/** An answer by the ids of its questions, as LangGraph tells it: also an empty one. */
const isById = (resume: unknown): resume is Readonly<Record<string, unknown>> =>
  typeof resume === 'object' && resume !== null && !Array.isArray(resume) && Object.keys(resume).every((id) => /^[0-9a-f]{32}$/.test(id));
