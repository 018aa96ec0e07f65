/** Tests, skips and assertions of a JavaScript or TypeScript test file, by the calls that stand in it. */

import { NO_TESTS, type TestCounts } from '../../../domain/test-files.ts';
import { functionDepth, leaves } from './javascript-functions.ts';
import { closing, partsOf, type Token, tokensOf } from './javascript-tokens.ts';

const ROOTS: ReadonlySet<string> = new Set(['it', 'test', 'specify', 'xit', 'xtest', 'fit', 'ftest']);
const GROUPS: ReadonlySet<string> = new Set(['describe', 'suite', 'context', 'xdescribe', 'fdescribe', 'xcontext', 'fcontext']);
/** What may stand between `test` and its call. Anything else (`test.beforeEach`, `test.extend`) declares no test. */
const MODIFIERS = /^(?:only|skip|todo|concurrent|sequential|serial|parallel|fails|failing|fixme|each|for|skipIf|runIf|describe)$/;
const SKIPPING = /^(?:only|skip|todo|fails|failing|fixme|skipIf|runIf)$/;
const SKIPPING_ROOT = /^[xf](?:it|test|describe|context)$/;
const OPTION = /^(?:skip|todo|only)$/;
/** How far the end of type arguments is looked for, in tokens. */
const NEAR = 40;
const OF_CONTEXT = /^(?:is|equal|deepEqual|same|ok|true|false|truthy|falsy|not|throws|rejects|throwsAsync|like|snapshot)$/;

/** A call such as `test.each(rows)('name', fn)`: its names, and the bracket of its last arguments. */
interface Call {
  readonly names: readonly string[];
  readonly open: number;
  /** The rows of `.each`; 1 for a call without. */
  readonly rows: number;
}

/** A test or group whose arguments are being read. */
interface Scope {
  readonly end: number;
  /** How often what stands in it counts: the product of the rows of all that it stands in. */
  readonly weight: number;
  /** What its function calls the context of the test: `t`, or `skip` where it takes that out of it. */
  readonly context: readonly string[];
  /** How many functions it stands in; its own is one more. Undefined of a group. */
  readonly depth?: number;
}

export function javascriptTests(text: string): TestCounts {
  const tokens = tokensOf(text);
  const counts = { ...NO_TESTS };
  const scopes: Scope[] = [];
  const contexts = openContexts();
  const functions = functionDepth(tokens);
  /** Tests whose own function returned before an assertion was seen. */
  const left = new Set<Scope>();
  for (let at = 0; at < tokens.length; at += 1) {
    while ((scopes.at(-1)?.end ?? Infinity) < at) contexts.leave(scopes.pop()?.context ?? []);
    const depth = functions(at);
    const scope = scopes.at(-1);
    const token = tokens[at];
    const before = tokens[at - 1];
    if (token?.kind !== 'name' || (before?.kind === 'sign' && /^\??\.$/.test(before.value)) || before?.value === 'function') continue;
    if (scope?.depth === depth - 1 && leaves(tokens, at)) left.add(scope);
    const call = callAt(tokens, at);
    const weight = scope?.weight ?? 1;
    if (isDefinition(tokens, call, before)) continue;
    if (declares(call, contexts.has)) {
      const group = isGroup(call);
      counts.skips += marks(tokens, call) ? 1 : 0;
      if (!group) counts.tests += weight * call.rows;
      if (!group) counts.declared += 1;
      const place = { end: closing(tokens, call.open), weight: weight * call.rows };
      const context = group ? [] : contextOf(tokens, call.open);
      scopes.push(group ? { ...place, context } : { ...place, context, depth });
      contexts.enter(context);
    } else if (skipsItself(call, contexts.has)) counts.skips += 1;
    else if (asserts(call, contexts.has)) {
      counts.assertions += weight;
      counts.written += 1;
      // What stands behind a way out may never be looked at.
      if (scope !== undefined && left.delete(scope)) counts.skips += 1;
    }
  }
  return counts;
}

/** The names by which a test that is being read may be spoken to; each as often as it was given. */
function openContexts() {
  const times = new Map([['t', 1]]);
  const count = (names: readonly string[], by: number): void => {
    for (const name of names) times.set(name, (times.get(name) ?? 0) + by);
  };
  return {
    has: (name: string): boolean => (times.get(name) ?? 0) > 0,
    enter: (names: readonly string[]): void => count(names, 1),
    leave: (names: readonly string[]): void => count(names, -1),
  };
}

/** The chain of names at a place, with the calls inside it; `open` is -1 where it is not called at its end. */
function callAt(tokens: readonly Token[], start: number): Call {
  const names = [tokens[start]?.value ?? ''];
  let rows = 1;
  let at = start + 1;
  for (;;) {
    const [one, two] = [tokens[at], tokens[at + 1]];
    if (one?.kind === 'sign' && /^\??\.$/.test(one.value) && two?.kind === 'name') {
      names.push(two.value);
      at += 2;
      continue;
    }
    const last = names.at(-1) ?? '';
    const table = last === 'each' || last === 'for';
    if (names.length === 1 || !(table || last === 'skipIf' || last === 'runIf')) break;
    if (one?.kind === 'text' && one.value.startsWith('`') && last === 'each') {
      let holes = 0;
      for (at += 1; tokens[at]?.value === '${'; at = closing(tokens, at) + 1) holes += 1;
      rows = Math.max(1, Math.floor(holes / one.value.split('|').length));
    } else if (one?.value === '(') {
      if (table) rows = rowsOf(tokens, at);
      at = closing(tokens, at) + 1;
    } else break;
    names.push('');
  }
  if (tokens[at]?.value === '<') at = afterTypes(tokens, at);
  return { names: names.filter((name) => name !== ''), open: tokens[at]?.value === '(' ? at : -1, rows };
}

/** `{ test(value) { ... } }` defines a method of that name and calls nothing. */
function isDefinition(tokens: readonly Token[], { open }: Call, before: Token | undefined): boolean {
  const after = open < 0 ? undefined : tokens[closing(tokens, open) + 1]?.value;
  return after === '{' || (after === ':' && /^[{,]$|^async$/.test(before?.value ?? ''));
}

/** How many rows a table has that is written out; one where it is not known. */
function rowsOf(tokens: readonly Token[], open: number): number {
  const name = tokens[open + 1];
  const named = name?.kind === 'name' && /^[),]$/.test(tokens[open + 2]?.value ?? '');
  const table = named ? (name.constant ?? -1) : open + 1;
  if (tokens[table]?.value !== '[') return 1;
  const rows = partsOf(tokens, table);
  return rows.some(({ from }) => tokens[from]?.value === '...') ? 1 : rows.length;
}

/** Behind type arguments, `it<Context>(`; the place itself where they are none. */
function afterTypes(tokens: readonly Token[], at: number): number {
  const inside = tokens.slice(at + 1, at + NEAR);
  const end = inside.findIndex((token) => token.value === '>');
  return end > 0 && inside.slice(0, end).every((token) => token.kind === 'name' || /^[.,{}:[\]|]$/.test(token.value)) ? at + end + 2 : at;
}

const isGroup = ({ names }: Call): boolean => GROUPS.has(names[0] ?? '') || names.includes('describe');

function declares({ names, open }: Call, isContext: (name: string) => boolean): boolean {
  const [root = '', ...rest] = names;
  if (open < 0) return false;
  if (root === 'Deno' || root === 'QUnit') return rest[0] === 'test';
  if (isContext(root) && !ROOTS.has(root)) return rest.length === 1 && rest[0] === 'test';
  return (ROOTS.has(root) || GROUPS.has(root)) && rest.every((name) => MODIFIERS.test(name));
}

/** Is the test skipped, marked todo or expected to fail, or the only one to run? */
function marks(tokens: readonly Token[], { names, open }: Call): boolean {
  if (SKIPPING_ROOT.test(names[0] ?? '') || names.some((name) => SKIPPING.test(name))) return true;
  return partsOf(tokens, open).some((part) => isSwitchedOff(tokens, valueAt(tokens, part)));
}

/** Do options that begin here switch a test off? Also by others that are spread into them. */
function isSwitchedOff(tokens: readonly Token[], options: number, levels = 3): boolean {
  if (tokens[options]?.value !== '{') return false;
  return partsOf(tokens, options).some((part) => {
    if (tokens[part.from]?.value === '...')
      return levels > 0 && isSwitchedOff(tokens, valueAt(tokens, { ...part, from: part.from + 1 }), levels - 1);
    return OPTION.test(tokens[part.from]?.value ?? '') && tokens[part.from + 2]?.value !== 'false' && isProperty(tokens, part);
  });
}

/** Where a value begins; of the name of a constant the constant's. */
function valueAt(tokens: readonly Token[], { from, to }: { from: number; to: number }): number {
  const token = tokens[from];
  return to === from + 1 && token?.kind === 'name' ? (token.constant ?? from) : from;
}

/** `skip: true` and the short `skip`. */
const isProperty = (tokens: readonly Token[], { from, to }: { from: number; to: number }): boolean =>
  to === from + 1 || tokens[from + 1]?.value === ':';

/** The names that the function of a test gives to its first argument. */
function contextOf(tokens: readonly Token[], open: number): string[] {
  for (const { from, to } of partsOf(tokens, open)) {
    let at = from;
    while (/^(?:async|function)$/.test(tokens[at]?.value ?? '')) at += 1;
    if (tokens[at]?.kind === 'name' && tokens[at + 1]?.value === '=>') return [tokens[at]?.value ?? ''];
    if (tokens[at]?.value !== '(' || closing(tokens, at) >= to) continue;
    const [first] = partsOf(tokens, at);
    if (first === undefined) return [];
    if (tokens[first.from]?.kind === 'name') return [tokens[first.from]?.value ?? ''];
    return partsOf(tokens, first.from).map((part) => tokens[part.to - 1]?.value ?? '');
  }
  return [];
}

/** `t.skip()`, `this.skip()`, and `skip()` where it was taken out of the context. */
function skipsItself({ names, open }: Call, isContext: (name: string) => boolean): boolean {
  const [root = '', name] = names;
  if (open < 0) return false;
  if (names.length === 1) return OPTION.test(root) && isContext(root);
  return names.length === 2 && (name === 'skip' || name === 'todo') && (root === 'this' || isContext(root));
}

function asserts({ names, open }: Call, isContext: (name: string) => boolean): boolean {
  const [root = '', second] = names;
  if (names.includes('should', 1)) return true;
  if (open < 0) return false;
  if (/^(?:expect|expectTypeOf|assertType)$/.test(root)) return second === undefined || second === 'soft' || second === 'poll';
  if (names.some((name) => name.startsWith('assert'))) return true;
  return names.length > 1 && isContext(root) && OF_CONTEXT.test(names.at(-1) ?? '');
}
