/** What test runners wrote down. It is a claim of the code under test: it may turn a green check red, and never a red one green. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

export interface ToldTest {
  /** From the top of the tree; a package of Go. */
  readonly file: string;
  /** With the names of its suites; empty for a file that did not load. */
  readonly name: string;
  /** Off: skipped, still to do, or expected to fail. */
  readonly end: 'passed' | 'failed' | 'off';
}

/** Reports that are read of one check, and bytes of all of them. */
const MAX_FILES = 500;
const MAX_BYTES = 64 * 1024 * 1024;

/** @param roots how the top of the tree is called: runners tell whole paths. */
export function readReports(folder: string, output: string, roots: readonly string[]): ToldTest[] {
  const told: ToldTest[] = [...go(output), ...cargo(output)];
  let left = MAX_BYTES;
  for (const name of namesIn(folder)) {
    const reader = READERS.find(([shape]) => shape.test(name))?.[1];
    const text = reader === undefined ? undefined : readPlain(join(folder, name), left);
    if (reader === undefined || text === undefined) continue;
    left -= Buffer.byteLength(text);
    told.push(...reader(text));
  }
  return told.map((test) => ({ ...test, file: inTree(test.file, roots) }));
}

/** None where the command took the folder away. */
function namesIn(folder: string): string[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder).toSorted().slice(0, MAX_FILES);
}

/** Through no link, and never from what is no file. */
function readPlain(path: string, most: number): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile() || size > most) return undefined;
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(descriptor, bytes)).toString('utf8');
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function inTree(file: string, roots: readonly string[]): string {
  const root = roots.find((one) => file.startsWith(`${one}/`));
  return (root === undefined ? file : file.slice(root.length + 1)).replace(/^\.\//, '');
}

type Reader = (text: string) => ToldTest[];

/** Of one run of vitest or jest, mocha or rspec, each known by its own words. */
const json: Reader = (text) => {
  const told = parsed(text);
  const suites = rows(told, 'testResults');
  if (suites.length > 0) return suites.flatMap(suite);
  if (rows(told, 'examples').length > 0)
    return rows(told, 'examples').map((row) => ({
      file: word(row, 'file_path'),
      name: word(row, 'full_description'),
      end: endBy(word(row, 'status')),
    }));
  const [failed, pending] = ['failures', 'pending'].map((list) => new Set(rows(told, list).map((row) => keyOf(row)))) as [
    Set<string>,
    Set<string>,
  ]; // one for each word
  return rows(told, 'tests').map((row) => ({
    file: word(row, 'file'),
    name: word(row, 'fullTitle'),
    end: failed.has(keyOf(row)) ? 'failed' : pending.has(keyOf(row)) ? 'off' : 'passed',
  }));
};

const keyOf = (row: object): string => `${word(row, 'file')}\n${word(row, 'fullTitle')}`;

function suite(row: object): ToldTest[] {
  const file = word(row, 'name');
  const tests = rows(row, 'assertionResults').map(
    (one): ToldTest => ({ file, name: word(one, 'fullName'), end: endBy(word(one, 'status')) }),
  );
  return tests.length === 0 && word(row, 'status') === 'failed' ? [{ file, name: '', end: 'failed' }] : tests;
}

const endBy = (status: string): ToldTest['end'] => (status === 'passed' ? 'passed' : status === 'failed' ? 'failed' : 'off');

/** A file without a test is one that bears its own name. */
const node: Reader = (text) =>
  text.split('\n').flatMap((line): ToldTest[] => {
    const row = parsed(line);
    const [file, name] = [word(row, 'file'), word(row, 'name')];
    if (file === '') return [];
    const end = field(row, 'off') === true ? 'off' : field(row, 'passed') === true ? 'passed' : 'failed';
    return name === file ? (end === 'failed' ? [{ file, name: '', end }] : []) : [{ file, name, end }];
  });

const XML = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const;
const unescaped = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(lt|gt|quot|apos|amp));/g, (whole, decimal, hex, name: keyof typeof XML) => {
    if (name !== undefined) return XML[name];
    const code = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/** JUnit's form, as pytest writes it with `junit_family=xunit1`. */
const junit: Reader = (text) =>
  [...text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(([, attributes = '', inside = '']) => {
    const of = (name: string): string => unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
    const end = /<(?:failure|error)\b/.test(inside) ? 'failed' : /<skipped\b/.test(inside) ? 'off' : 'passed';
    return { file: of('file'), name: [of('classname'), of('name')].filter((part) => part !== '').join(' > '), end };
  });

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/\.json$/, json],
  [/\.node$/, node],
  [/\.xml$/, junit],
];

/** `go test -json` prints its lines. */
const go: Reader = (output) =>
  output.split('\n').flatMap((line): ToldTest[] => {
    if (!/^\{"Time":.*"Action":"(?:pass|fail|skip)"/.test(line)) return [];
    const row = parsed(line);
    const action = word(row, 'Action');
    const end = action === 'pass' ? 'passed' : action === 'fail' ? 'failed' : 'off';
    return word(row, 'Test') === '' ? [] : [{ file: word(row, 'Package'), name: word(row, 'Test'), end }];
  });

/** cargo test prints them as it is. */
const cargo: Reader = (output) => {
  let file = '';
  return output.split('\n').flatMap((line): ToldTest[] => {
    file = /^\s+Running (?:unittests )?(\S+\.rs) /.exec(line)?.[1] ?? file;
    const [, name, said] = /^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)\b/.exec(line) ?? [];
    return name === undefined ? [] : [{ file, name, end: said === 'ok' ? 'passed' : said === 'FAILED' ? 'failed' : 'off' }];
  });
};

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

const field = (row: object, name: string): unknown => (Object.hasOwn(row, name) ? Reflect.get(row, name) : undefined);

function word(row: object, name: string): string {
  const value = field(row, name);
  return typeof value === 'string' ? value : '';
}

function rows(value: object, name: string): object[] {
  const list = field(value, name);
  return Array.isArray(list) ? list.filter((row): row is object => row !== null && typeof row === 'object') : [];
}
