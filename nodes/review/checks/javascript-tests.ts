/** Tests, skips and assertions of a JavaScript or TypeScript test file, by the calls that stand in it. */
import { functionDepth, leaves } from './javascript-functions.ts';
import { closing, partsOf, type Token, tokensOf } from './javascript-tokens.ts';
import { NO_TESTS, type TestCounts } from './test-files.ts';

const ROOTS: ReadonlySet<string> = new Set(['it', 'test', 'specify', 'xit', 'xtest', 'fit', 'ftest']);
const GROUPS: ReadonlySet<string> = new Set(['describe', 'suite', 'context', 'xdescribe', 'fdescribe', 'xcontext', 'fcontext']);
/** What may stand between `test` and its call. Anything else (`test.beforeEach`, `test.extend`) declares no test. */
const MODIFIERS = /^(?:only|skip|todo|concurrent|sequential|serial|parallel|fails|failing|fixme|each|for|skipIf|runIf|describe)$/;
const SKIPPING = /^(?:only|skip|todo|fails|failing|fixme|skipIf|runIf)$/;
const SKIPPING_ROOT = /^[xf](?:it|test|describe|context)$/;
const OPTION = /^(?:skip|todo|only)$/;
/** How far a declaration is looked for, in tokens. */
const FAR = 5000;
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
  readonly rows: number;
  /** What its function calls the context of the test: `t`, or `skip` where it takes that out of it. */
  readonly context: readonly string[];
  /** How many functions it stands in; its own is one more. Undefined of a group. */
  readonly depth?: number;
}

export function javascriptTests(text: string): TestCounts {
  const tokens = tokensOf(text);
  const counts = { ...NO_TESTS };
  const scopes: Scope[] = [];
  const functions = functionDepth(tokens);
  /** Tests whose own function returned before an assertion was seen. */
  const left = new Set<Scope>();
  for (let at = 0; at < tokens.length; at += 1) {
    while ((scopes.at(-1)?.end ?? Infinity) < at) scopes.pop();
    const depth = functions(at);
    const scope = scopes.at(-1);
    const token = tokens[at];
    const before = tokens[at - 1];
    if (token?.kind !== 'name' || (before?.kind === 'sign' && /^\??\.$/.test(before.value)) || before?.value === 'function') continue;
    if (scope?.depth === depth - 1 && leaves(tokens, at)) left.add(scope);
    const call = callAt(tokens, at);
    const weight = scopes.reduce((product, scope) => product * scope.rows, 1);
    const contexts = ['t', ...scopes.flatMap((scope) => scope.context)];
    if (isDefinition(tokens, call, before)) continue;
    if (declares(call, contexts)) {
      const group = isGroup(call);
      counts.skips += marks(tokens, call) ? 1 : 0;
      if (!group) counts.tests += weight * call.rows;
      if (!group) counts.declared += 1;
      const place = { end: closing(tokens, call.open), rows: call.rows };
      scopes.push(group ? { ...place, context: [] } : { ...place, context: contextOf(tokens, call.open), depth });
    } else if (skipsItself(call, contexts)) counts.skips += 1;
    else if (asserts(call, contexts)) {
      counts.assertions += weight;
      counts.written += 1;
      // What stands behind a way out may never be looked at.
      if (scope !== undefined && left.delete(scope)) counts.skips += 1;
    }
  }
  return counts;
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
  const table = named ? constantAt(tokens, name.value, open) : open + 1;
  if (tokens[table]?.value !== '[') return 1;
  const rows = partsOf(tokens, table);
  return rows.some(({ from }) => tokens[from]?.value === '...') ? 1 : rows.length;
}

/** Where the value of a constant begins that was declared before; -1 where it is not found. */
function constantAt(tokens: readonly Token[], name: string, before: number): number {
  for (let at = before; at > Math.max(0, before - FAR); at -= 1) {
    if (tokens[at]?.value !== name || tokens[at - 1]?.value !== 'const') continue;
    for (let equals = at + 1; equals < Math.min(before, at + NEAR); equals += 1) if (tokens[equals]?.value === '=') return equals + 1;
  }
  return -1;
}

/** Behind type arguments, `it<Context>(`; the place itself where they are none. */
function afterTypes(tokens: readonly Token[], at: number): number {
  const inside = tokens.slice(at + 1, at + NEAR);
  const end = inside.findIndex((token) => token.value === '>');
  return end > 0 && inside.slice(0, end).every((token) => token.kind === 'name' || /^[.,{}:[\]|]$/.test(token.value)) ? at + end + 2 : at;
}

const isGroup = ({ names }: Call): boolean => GROUPS.has(names[0] ?? '') || names.includes('describe');

function declares({ names, open }: Call, contexts: readonly string[]): boolean {
  const [root = '', ...rest] = names;
  if (open < 0) return false;
  if (root === 'Deno' || root === 'QUnit') return rest[0] === 'test';
  if (contexts.includes(root) && !ROOTS.has(root)) return rest.length === 1 && rest[0] === 'test';
  return (ROOTS.has(root) || GROUPS.has(root)) && rest.every((name) => MODIFIERS.test(name));
}

/** Is the test skipped, marked todo or expected to fail, or the only one to run? */
function marks(tokens: readonly Token[], { names, open }: Call): boolean {
  if (SKIPPING_ROOT.test(names[0] ?? '') || names.some((name) => SKIPPING.test(name))) return true;
  return partsOf(tokens, open).some((part) => isSwitchedOff(tokens, valueAt(tokens, part, open)));
}

/** Do options that begin here switch a test off? Also by others that are spread into them. */
function isSwitchedOff(tokens: readonly Token[], options: number, levels = 3): boolean {
  if (tokens[options]?.value !== '{') return false;
  return partsOf(tokens, options).some((part) => {
    if (tokens[part.from]?.value === '...')
      return levels > 0 && isSwitchedOff(tokens, valueAt(tokens, { ...part, from: part.from + 1 }, options), levels - 1);
    return OPTION.test(tokens[part.from]?.value ?? '') && tokens[part.from + 2]?.value !== 'false' && isProperty(tokens, part);
  });
}

/** Where a value begins; of the name of a constant the constant's. */
function valueAt(tokens: readonly Token[], { from, to }: { from: number; to: number }, before: number): number {
  return to === from + 1 && tokens[from]?.kind === 'name' ? constantAt(tokens, tokens[from]?.value ?? '', before) : from;
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
function skipsItself({ names, open }: Call, contexts: readonly string[]): boolean {
  const [root = '', name] = names;
  if (open < 0) return false;
  if (names.length === 1) return OPTION.test(root) && contexts.includes(root);
  return names.length === 2 && (name === 'skip' || name === 'todo') && (root === 'this' || contexts.includes(root));
}

function asserts({ names, open }: Call, contexts: readonly string[]): boolean {
  const [root = '', second] = names;
  if (names.includes('should', 1)) return true;
  if (open < 0) return false;
  if (/^(?:expect|expectTypeOf|assertType)$/.test(root)) return second === undefined || second === 'soft' || second === 'poll';
  if (names.some((name) => name.startsWith('assert'))) return true;
  return names.length > 1 && contexts.includes(root) && OF_CONTEXT.test(names.at(-1) ?? '');
}
