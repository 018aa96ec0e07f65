/** Is an agent getting anywhere? Pure rules over what it learned; the answer escalates: change the strategy, go lean, stop. */
import { z } from 'zod';
import { canonicalJson, digestOf } from './ids.ts';
import { steady } from './steady.ts';

/** What the rules remember of an agent's attempt; bounded, and the same on every replay. */
export interface Progress {
  /** Short digests of what its newest calls told, one after the other, since the files were last new: it stands in every checkpoint. */
  readonly calls: string;
  /** Short digests of the newest trees, in the same way, each once for every time it was made. */
  readonly trees: string;
  /** The newest failing commands: command, failure, how often on how many new trees. */
  readonly failing: string;
  /** The newest answer, and how often in a row it came with nothing new in between. */
  readonly last: string;
  readonly same: number;
  /** Answers in a row that told nothing new. */
  readonly idle: number;
  /** How often it was warned; a new tree takes all back, another piece of news one. */
  readonly warned: number;
}

export const NO_WARNING: Progress = { calls: '', trees: '', failing: '', last: '', same: 0, idle: 0, warned: 0 };

const keptSchema = z.object({
  calls: z.string(),
  trees: z.string(),
  failing: z.string().default(''),
  last: z.string().default(''),
  same: z.int().default(0),
  idle: z.int(),
  warned: z.int(),
});

/** As it stands in a checkpoint, also in one of an earlier version: what is remembered in another form is forgotten. */
export const progressOf = (kept: unknown): Progress => keptSchema.safeParse(kept).data ?? NO_WARNING;

/** Of one that goes on although it got nowhere: unless it learns something, the next such stretch ends it. */
export const lastChance = (stopped: Progress): Progress => ({ ...stopped, failing: '', same: 0, idle: 0, warned: 2 });

/** The same answer in a row, of tools that only look at files, or the same files again, that is too often. */
const TIMES = 3;
/** The same for what may wait for something or be flaky; the longest row of commands in public traces is five. */
const TIMES_COMMAND = 6;
/** How many more of them it takes after a warning. */
const AGAIN_COMMAND = 2;
/** New trees on which a command failed exactly alike until each step; the longest such series that public traces allow is seven. */
const STUBBORN: readonly number[] = [8, 12, 16];
/** How many calls, trees and failing commands are remembered, and characters of a digest (6 bits each). */
const CALLS = 32;
const TREES = 10;
const FAILING = 4;
const WORD = 4;
/** An answer with more calls is remembered as one. */
const CALLS_APART = 8;

export interface Called {
  readonly name: string;
  readonly arguments: string;
  readonly outcome: 'ok' | 'error' | 'refused' | 'invalid' | 'handed-over' | 'delegated';
  /** What it answered; empty while sub-agents work on it. */
  readonly result: string;
  /** The tree before it, empty while that is not known, and after an effect. */
  readonly before: string;
  readonly after?: string | undefined;
}

export interface Answered {
  readonly calls: readonly Called[];
  /** True when earlier results no longer stand in the agent's context: reading them again tells something. */
  readonly forgot?: boolean;
  /** Answers without news that are too many; 0: never. */
  readonly idleLimit: number;
}

export type Verdict =
  | { readonly kind: 'on' }
  /** `step` 1: change the strategy; 2: go lean; 3: stop. */
  | { readonly kind: 'stuck'; readonly step: 1 | 2 | 3; readonly why: string };

/** One answer of an agent with all its calls. */
export function progressAfter(before: Progress, answered: Answered): { readonly progress: Progress; readonly verdict: Verdict } {
  const calls = answered.calls.map(heardOf);
  const learned = learn(before, calls, answered.forgot === true);
  const { news, fresh, undone } = learned;
  const last = wordOf(calls.map(signOf));
  const same = !news && last === before.last ? before.same + 1 : 1;
  const idle = news ? 0 : before.idle + 1;
  const warned = fresh ? 0 : Math.max(0, before.warned - (news ? 1 : 0));
  const kept = { calls: learned.calls.join(''), trees: learned.trees.join(''), failing: learned.failing.map(packed).join(''), last };
  const waits = answered.calls.some(mayWait);
  const why = whyStuck({ same, idle, undone, limit: waits ? TIMES_COMMAND : TIMES }, answered);
  const { stubborn } = learned;
  if (why === undefined) {
    const verdict: Verdict = stubborn === undefined ? { kind: 'on' } : { kind: 'stuck', ...stubborn };
    return { progress: { ...kept, same, idle, warned }, verdict };
  }
  const progress = {
    ...kept,
    same: waits ? Math.min(same, TIMES_COMMAND - AGAIN_COMMAND) : same,
    // After a warning half as many are too many.
    idle: Math.floor(answered.idleLimit / 2),
    warned: warned + 1,
  };
  return { progress, verdict: { kind: 'stuck', step: stepOf(Math.max(warned, (stubborn?.step ?? 1) - 1)), why } };
}

/** `before`: how many steps were taken. */
const stepOf = (before: number): 1 | 2 | 3 => (before >= 2 ? 3 : before === 1 ? 2 : 1);

interface Failing {
  readonly command: string;
  readonly failure: string;
  /** New trees on which it failed like this. */
  readonly times: number;
  /** True once it failed on the newest tree. */
  readonly seen: boolean;
}

interface Learned {
  readonly calls: readonly string[];
  readonly trees: readonly string[];
  readonly failing: readonly Failing[];
  readonly news: boolean;
  /** A tree that was not there before. */
  readonly fresh: boolean;
  /** It made a tree that it had made so often before. */
  readonly undone: boolean;
  readonly stubborn: { readonly step: 1 | 2 | 3; readonly why: string } | undefined;
}

/** What the calls of one answer told, in order. */
function learn(before: Progress, calls: readonly Heard[], forgot: boolean): Learned {
  let known = forgot ? [] : split(before.calls);
  let trees = split(before.trees);
  let failing = unpacked(before.failing);
  let [news, fresh, undone] = [false, false, false];
  let stubborn: Learned['stubborn'];
  const whole: string[] = [];
  const moved = (): void => {
    [news, fresh, known] = [true, true, []];
    failing = failing.map((one) => ({ ...one, seen: false }));
  };
  const start = calls[0]?.before ?? '';
  // What sub-agents brought.
  if (start !== '' && trees.length > 0 && !trees.includes(wordOf(start))) {
    moved();
    trees = [...trees, wordOf(start)];
  }
  for (const call of calls) {
    const fact = factOf(call);
    const told = fact === undefined ? undefined : wordOf(fact);
    const isNew = told !== undefined && !known.includes(told) && !whole.includes(told);
    const changed = call.after !== undefined && call.after !== call.before && call.outcome === 'ok';
    if (changed) {
      const tree = wordOf(call.after);
      const first = !trees.includes(tree);
      trees = [...trees, tree].slice(-TREES);
      undone ||= trees.filter((other) => other === tree).length >= TIMES;
      // A command that only ever writes the time somewhere makes new trees for ever; and the first tree it shows may be the old one.
      if (first && (!isCommand(call) || (isNew && call.before !== ''))) moved();
    }
    if (isNew && (isCommand(call) || !changed)) news = true;
    if (told !== undefined) whole.push(told);
    const failed = isCommand(call) && call.outcome === 'ok' ? failureOf(call) : undefined;
    if (failed === undefined) continue;
    const earlier = failing.find((one) => one.command === failed.command);
    failing = failing.filter((one) => one !== earlier);
    if (failed.failure === '') continue;
    const times = earlier?.failure === failed.failure ? earlier.times + (earlier.seen ? 0 : 1) : 0;
    failing = [...failing, { ...failed, times: Math.min(times, 35), seen: true }].slice(-FAILING);
    const step = earlier?.seen === false ? STUBBORN.indexOf(times) : -1;
    if (step >= 0)
      stubborn = {
        step: stepOf(step),
        why: `the same command fails in exactly the same way after ${times} different edits`,
      };
  }
  const remembered = whole.length > CALLS_APART ? [wordOf(whole)] : whole;
  // Of an answer with many calls the whole is what is known, so that it cannot push itself out of the memory.
  if (whole.length > CALLS_APART && known.includes(remembered[0] ?? '')) news = fresh;
  return { calls: [...known, ...remembered].slice(-CALLS), trees, failing, news, fresh, undone, stubborn };
}

function whyStuck(now: { same: number; idle: number; undone: boolean; limit: number }, answered: Answered): string | undefined {
  if (now.same >= now.limit)
    return `${answered.calls[0]?.name ?? 'a tool'} was called with the same arguments and told the same ${now.same} times in a row`;
  if (now.undone) return `edits undo each other: the same files were there ${TIMES} times`;
  if (answered.idleLimit > 0 && now.idle >= answered.idleLimit) return `${now.idle} answers in a row told you nothing new`;
  return undefined;
}

const isCommand = (call: Called): boolean => call.name === 'run_command';
const mayWait = (call: Called): boolean => isCommand(call) || call.name.startsWith('mcp__');
const wordOf = (value: unknown): string => Buffer.from(digestOf(value), 'hex').toString('base64url').slice(0, WORD);
const split = (words: string): string[] => words.match(new RegExp(`.{${WORD}}`, 'g')) ?? [];

/** What makes an answer the same answer. */
function signOf(call: Heard): unknown {
  return [call.name, inOrder(call), call.outcome === 'refused' || call.outcome === 'invalid' ? call.outcome : resultOf(call)];
}

/** What a call told; undefined where nothing came of it. A failure tells its message, however often it is tried. */
function factOf(call: Heard): unknown {
  switch (call.outcome) {
    case 'refused':
    case 'invalid':
      return undefined;
    case 'error':
      return [call.name, resultOf(call)];
    default:
      return [call.name, inOrder(call), resultOf(call)];
  }
}

/** The arguments, however they are written; how long it would have waited makes no other call of it. */
function inOrder(call: Called): string {
  try {
    const { timeout_seconds: _waits, path, ...rest } = JSON.parse(call.arguments === '' ? '{}' : call.arguments);
    return canonicalJson({ ...rest, ...(typeof path === 'string' ? { path: path.replace(/^(\.\/)+/, '') } : {}) });
  } catch {
    return call.arguments;
  }
}

const resultOf = (call: Heard): unknown => (isCommand(call) ? call.end : call.result);

/** A call with how it ended, where it is a command. */
interface Heard extends Called {
  readonly end: Ended;
}

const NOT_RUN: Ended = { code: '', output: '' };
const heardOf = (call: Called): Heard => ({ ...call, end: isCommand(call) ? ended(call.result) : NOT_RUN });

interface Ended {
  readonly code: string;
  readonly output: string;
}

/** Exit code and output of a command, without what varies by itself. */
function ended(result: string): Ended {
  try {
    const { exit_code: code, stdout, stderr } = JSON.parse(result);
    return { code: String(code), output: steady(`${stdout}\n${stderr}`) };
  } catch {
    // Cut in the middle by the cap of a result.
    const code = /^\{"exit_code":(-?\d{1,10}|null)/.exec(result)?.[1] ?? '';
    return { code, output: steady(result.replaceAll('\\n', '\n').replaceAll('\\u001b', '\u001b')) };
  }
}

/** The failure is empty when the command ended well, or said nothing. */
function failureOf(call: Heard): { command: string; failure: string } {
  const { code, output } = call.end;
  return { command: wordOf(inOrder(call)), failure: code === '0' || output.trim() === '' ? '' : wordOf([code, output]) };
}

const packed = (one: Failing): string => `${one.command}${one.failure}${one.times.toString(36)}${one.seen ? 1 : 0}`;

function unpacked(text: string): Failing[] {
  const size = 2 * WORD + 2;
  return Array.from({ length: Math.floor(text.length / size) }, (_none, index) => {
    const one = text.slice(index * size, (index + 1) * size);
    return {
      command: one.slice(0, WORD),
      failure: one.slice(WORD, 2 * WORD),
      times: Number.parseInt(one[2 * WORD] ?? '0', 36),
      seen: one[2 * WORD + 1] === '1',
    };
  });
}
