/** No function over 60 lines, none with more than four parameters, at most five exceptions, and each of them needed. */
import { describe, expect, it } from 'vitest';
import { functionsOf } from '../../scripts/functions.mjs';
import { type Exception, inspect } from '../../scripts/house.mjs';

const HEAD = '/** One sentence that says what it is for. */\n';
const PATH = 'domain/ids.ts';

const rules = (body: string, path = PATH, exceptions: readonly Exception[] = []): string[] =>
  inspect(new Map([[path, HEAD + body]]), exceptions).map(({ rule, what }) => `${rule}: ${what}`);

const statements = (count: number): string => '    work();\n'.repeat(count);
/** Ways to write a function, each with a hole for its body and `lines - 2` statements in it. */
const SHAPES: [title: string, name: string, open: string, close: string][] = [
  ['a declaration', 'long', 'export async function long() {\n', '}\n'],
  ['an arrow function', 'long', 'export const long = async <T,>(a: T): Promise<void> => {\n', '};\n'],
  ['an arrow function that is one expression', 'long', 'export const long = () => [\n', '];\n'],
  ['a method of a class', 'long', 'export class A {\n  async *long<T extends { a: number }>(a: T) {\n', '  }\n}\n'],
  ['a constructor', 'constructor', 'export class A {\n  constructor() {\n', '  }\n}\n'],
  ['a private method', 'long', 'export class A {\n  #long() {\n', '  }\n}\n'],
  ['a method of a table', 'long', 'export const table = {\n  long() {\n', '  },\n};\n'],
  ['a member with a quoted name', 'lo-ng', "export const table = {\n  'lo-ng': function () {\n", '  },\n};\n'],
  ['a callback', 'node', "export const node = wrap('a', async (session) => {\n", '});\n'],
  ['a function in the hole of a template', 'text', 'export const text = `a ${list.map(() => {\n', '})} b`;\n'],
  ['a function with a default', 'long', "export function long({ a = '{', b }: X = { a: '}', b: 1 }, c = (d: number) => d) {\n", '}\n'],
];

describe('function-length', () => {
  it.each(SHAPES)('refuses 61 lines in %s, and allows 60', (title, name, open, close) => {
    const body = (lines: number): string =>
      open + (title.includes('expression') ? '    1,\n'.repeat(lines - 2) : statements(lines - 2)) + close;
    expect(rules(body(61))).toEqual([`function-length: ${name}: 61 lines`]);
    expect(rules(body(60))).toEqual([]);
  });

  it('counts the functions inside a function, whatever they are', () => {
    const many = `  const step = () => {\n${statements(10)}  };\n`.repeat(5);
    expect(rules(`export function factory() {\n${many}}\n`)).toEqual(['function-length: factory: 62 lines']);
  });

  it('counts no lines of a class, a table or a type that are not a function', () => {
    const methods = Array.from({ length: 40 }, (_none, index) => `  m${index}() {\n    return ${index};\n  }\n`).join('\n');
    expect(rules(`export class A {\n${methods}}\n`)).toEqual([]);
    expect(rules(`export const table = {\n${"  a: () => 'b',\n".repeat(100)}};\n`)).toEqual([]);
    expect(rules(`export interface A {\n${Array.from({ length: 80 }, (_none, index) => `  m${index}(): void;\n`).join('')}}\n`)).toEqual(
      [],
    );
  });

  it('is not misled by braces in strings, templates, comments and regular expressions, nor by letters of two units', () => {
    const body = `export const flags = '🏁🏁🏁';\nexport function calm() {\n  // {{{ \n  const a = '{{' + \`}\${"{"}{\` + /[{}]{2}/.source;\n  return a;\n}\n`;
    expect(functionsOf(PATH, body)).toEqual([{ name: 'calm', line: 2, lines: 5, parameters: 0 }]);
  });

  it('judges the scripts too, and leaves tests and benchmarks alone', () => {
    const body = `export function long() {\n${statements(60)}}\n`;
    expect(rules(body, 'scripts/build.mjs')).toEqual(['function-length: long: 62 lines']);
    expect(rules(body, 'test/story/run.test.ts')).toEqual([]);
    expect(rules(body, 'bench/main.ts')).toEqual([]);
  });
});

describe('parameters', () => {
  it.each([
    ['a declaration', 'w', 'export function w(a: 1, b: 2, c: 3, d: 4, e: 5) {}', 'export function w(a: 1, b: 2, c: 3, d: 4) {}'],
    ['an arrow function', 'w', 'export const w = (a, b, c, d, e) => a;', 'export const w = (a, b, c, d) => a;'],
    ['a method', 'w', 'class A { w(a, b, c, d, e) {} }', 'class A { w(a, b, c, d) {} }'],
    ['a rest', 'w', 'export const w = (a, b, c, d, ...e) => a;', 'export const w = (a, b, c, ...d) => a;'],
    [
      'optional and defaults',
      'w',
      'function w(a, b?, c = (1, 2), d = [3, 4], e = 5) {}',
      'function w(a, b?, c = (1, 2), d = [3, 4, 5]) {}',
    ],
    [
      'a member of an interface',
      'w',
      'interface A { w(a: 1, b: 2, c: 3, d: 4, e: 5): void }',
      'interface A { w(a: 1, b: 2, c: 3, d: 4): void }',
    ],
    ['a type of a function', 'W', 'type W = (a: 1, b: 2, c: 3, d: 4, e: 5) => void;', 'type W = (a: 1, b: 2, c: 3, d: 4) => void;'],
    ['an overload', 'w', 'declare function w(a: 1, b: 2, c: 3, d: 4, e: 5): void;', 'declare function w(a: 1, b: 2, c: 3, d: 4): void;'],
  ])('refuses five in %s, and allows four', (_title, name, offence, honest) => {
    expect(rules(`${offence}\n`)).toEqual([`parameters: ${name}: 5 parameters`]);
    expect(rules(`${honest}\n`)).toEqual([]);
  });

  it('counts a destructured parameter as one, and neither type parameters nor `this`', () => {
    const body = 'export function w<A, B, C, D, E>(this: A, { a, b, c, d, e }: A, [f, g]: B, h: (i: C, j: D, k: E) => void, l: 1) {}\n';
    expect(rules(body)).toEqual([]);
  });
});

describe('exceptions', () => {
  const exception = (name: string, reason = 'a state machine that reads worse in pieces'): Exception => ({
    path: PATH,
    name,
    rule: 'parameters',
    reason,
  });
  const wide = (name: string): string => `export const ${name} = (a, b, c, d, e) => a;\n`;

  it('lets a named function break its rule, and no other', () => {
    expect(rules(wide('one'), PATH, [exception('one')])).toEqual([]);
    expect(rules(wide('one') + wide('two'), PATH, [exception('one')])).toEqual(['parameters: two: 5 parameters']);
  });

  it('refuses one that nothing needs any more', () => {
    expect(rules('export const one = (a) => a;\n', PATH, [exception('one')])).toEqual(['exceptions: one does not break parameters']);
    expect(rules(wide('one'), 'domain/other.ts', [exception('one')])).toContain('exceptions: one does not break parameters');
  });

  it('refuses one without a reason', () => {
    expect(rules(wide('one'), PATH, [exception('one', 'too hard')])).toEqual(['exceptions: one says no reason']);
  });

  it('refuses the sixth, and allows five', () => {
    const names = ['one', 'two', 'three', 'four', 'five', 'six'];
    const body = (count: number): string => names.slice(0, count).map(wide).join('');
    const listed = (count: number): Exception[] => names.slice(0, count).map((name) => exception(name));
    expect(rules(body(5), PATH, listed(5))).toEqual([]);
    expect(rules(body(6), PATH, listed(6))).toEqual(['exceptions: six is number 6']);
  });
});
