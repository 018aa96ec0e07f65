/** Is an agent getting anywhere? Pure rules over what it did; the answer escalates: change the strategy, go lean, stop. */
import { digestOf } from './ids.ts';

/** What the rules remember of an agent's attempt; bounded, and the same on every replay. */
export interface Progress {
  /** Short digests of (tool, arguments, tree) of the newest calls, one after the other: it stands in every checkpoint. */
  readonly calls: string;
  /** Short ids of the newest trees, in the same way, each once for every time it was made. */
  readonly trees: string;
  /** Answers in a row that changed no tree. */
  readonly idle: number;
  /** How often it was warned since the last tree that it had not made before. */
  readonly warned: number;
}

export const NO_WARNING: Progress = { calls: '', trees: '', idle: 0, warned: 0 };

/** How often the same call on the same tree, or a way back to the same tree, is too often. */
const TIMES = 3;
/** How many calls and trees are remembered, and hex digits of each. */
const CALLS = 24;
const TREES = 8;
const DIGITS = 8;

export interface Answered {
  readonly calls: readonly { readonly name: string; readonly arguments: string; readonly tree: string }[];
  /** The trees after each of its effects, in order. */
  readonly trees: readonly string[];
  /** Answers without a change that are too many; 0: it is not asked to change anything. */
  readonly idleLimit: number;
}

export type Verdict =
  | { readonly kind: 'on' }
  /** `step` 1: change the strategy; 2: go lean; 3: stop. */
  | { readonly kind: 'stuck'; readonly step: 1 | 2 | 3; readonly why: string };

/** One answer of an agent with all its calls. */
export function progressAfter(before: Progress, answered: Answered): { readonly progress: Progress; readonly verdict: Verdict } {
  const digests = answered.calls.map((call) => digestOf(call).slice(0, DIGITS));
  const calls = [...split(before.calls), ...digests].slice(-CALLS);
  const changes = answered.trees.filter((tree, index) => tree !== (answered.trees[index - 1] ?? answered.calls[0]?.tree));
  const short = changes.map((tree) => digestOf(tree).slice(0, DIGITS));
  const known = split(before.trees);
  const fresh = short.some((tree) => !known.includes(tree));
  const trees = [...known, ...short].slice(-TREES);
  const idle = changes.length > 0 ? 0 : before.idle + 1;
  const why = whyStuck({ calls, digests, trees, short, idle }, answered);
  const warned = fresh ? 0 : before.warned;
  const kept = { calls: calls.join(''), trees: trees.join('') };
  if (why === undefined) return { progress: { ...kept, idle, warned }, verdict: { kind: 'on' } };
  const step = warned >= 2 ? 3 : warned === 1 ? 2 : 1;
  return { progress: { ...kept, idle: 0, warned: warned + 1 }, verdict: { kind: 'stuck', step, why } };
}

const split = (packed: string): string[] => packed.match(new RegExp(`.{${DIGITS}}`, 'g')) ?? [];

function whyStuck(
  now: { calls: readonly string[]; digests: readonly string[]; trees: readonly string[]; short: readonly string[]; idle: number },
  answered: Answered,
): string | undefined {
  const count = (all: readonly string[], one: string): number => all.filter((other) => other === one).length;
  const repeated = now.digests.findIndex((digest) => count(now.calls, digest) >= TIMES);
  if (repeated >= 0)
    return `${answered.calls[repeated]?.name ?? 'a tool'} was called with the same arguments on the same tree ${count(now.calls, now.digests[repeated] ?? '')} times`;
  const undone = now.short.find((tree) => count(now.trees, tree) >= TIMES);
  if (undone !== undefined) return `edits undo each other: the same files were there ${TIMES} times`;
  if (answered.idleLimit > 0 && now.idle >= answered.idleLimit) return `${now.idle} answers in a row changed no file`;
  return undefined;
}
