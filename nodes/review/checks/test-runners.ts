/** Test runners: which one a check starts, how it is asked for the names of its tests, and what it answers. */
import { posix } from 'node:path';

/** The names that a runner lists, by file. */
export type Listed = ReadonlyMap<string, readonly string[]>;

export interface Runner {
  readonly name: 'vitest' | 'jest' | 'node' | 'pytest' | 'go';
  /** The files whose tests it can list. */
  readonly files: RegExp;
  /** Asks for the tests of these files, and runs none where the runner can do so. */
  readonly argv: (files: readonly string[]) => readonly string[];
  /** It lists by running the tests, so that a failing test is no failing list. */
  readonly runs: boolean;
  /** Undefined where the output is no list: the tool is missing, or a file does not load. */
  readonly read: (output: string, asked: Asked) => Listed | undefined;
}

interface Asked {
  readonly files: readonly string[];
  /** Where they lay when the runner saw them: runners tell whole paths. */
  readonly roots: readonly string[];
}

const JAVASCRIPT = /\.[cm]?[jt]sx?$/;
/** Flags whose value is the next word. */
const VALUED = /^(?:--import|--require|-r|--loader|--experimental-loader|--conditions|-C)$/;
/**
 * One line of JSON for each test that ended. A file without a test is one that bears its own name; where it failed, the file does not
 * load. A test that was skipped or is still to do checks nothing, however its options came to say so.
 */
const REPORTER = `data:text/javascript,${encodeURIComponent(
  'export default async function*(s){for await(const{type:t,data:d}of s)if((t==="test:pass"||t==="test:fail")&&d.details?.type!=="suite")yield JSON.stringify({file:d.file,name:d.name,failed:t==="test:fail",off:d.skip!==undefined||d.todo!==undefined})+"\\n"}',
)}`;

/** The runner that these words start; `scripts` are those of package.json. */
export function runnerOf(words: readonly string[], scripts: ReadonlyMap<string, string>, depth = 3): Runner | undefined {
  const [program = '', ...rest] = withoutWrappers(words);
  const tool = posix.basename(program);
  if (/^(?:npm|pnpm|yarn|bun)$/.test(tool)) {
    const asked = rest.filter((word) => !word.startsWith('-'));
    const name = asked[0] === 'run' || asked[0] === 'run-script' ? asked[1] : asked[0] === 't' ? 'test' : asked[0];
    const script = scripts.get(name ?? '');
    if (depth === 0) return undefined;
    if (script !== undefined) return runnerIn(script, scripts, depth - 1);
    return tool === 'npm' ? undefined : runnerOf(rest.slice(rest.indexOf(name ?? '')), scripts, depth - 1);
  }
  if (/^(?:ba|da)?sh$/.test(tool) && rest[0] === '-c' && depth > 0) return runnerIn(rest[1] ?? '', scripts, depth - 1);
  if (tool === 'vitest') return vitest(configOf(rest));
  if (tool === 'jest') return jest(configOf(rest));
  if ((tool === 'node' || tool === 'tsx') && rest.includes('--test')) return node(tool, rest);
  if (tool === 'pytest' || tool === 'py.test') return pytest([program]);
  if (/^python3?$/.test(tool) && rest[0] === '-m' && rest[1] === 'pytest') return pytest([program, '-m', 'pytest']);
  if (tool === 'go' && rest[0] === 'test') return go;
  return undefined;
}

/** The first runner of a line of the shell. */
function runnerIn(line: string, scripts: ReadonlyMap<string, string>, depth: number): Runner | undefined {
  for (const part of line.split(/&&|\|\||[;|\n]/)) {
    const found = runnerOf(part.trim().split(/\s+/), scripts, depth);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Without `A=b`, `npx` and the like. */
function withoutWrappers(words: readonly string[]): readonly string[] {
  const [first = '', second = ''] = words;
  if (/^\w+=/.test(first) || /^(?:npx|bunx|cross-env|env|exec)$/.test(first)) return withoutWrappers(words.slice(1));
  if (first.startsWith('-') && words.length > 1) return withoutWrappers(words.slice(1));
  if (
    /^(?:pnpm|yarn|npm|poetry|uv)$/.test(first) &&
    /^(?:exec|dlx|run)$/.test(second) &&
    /^(?:vitest|jest|pytest|python3?)$/.test(words[2] ?? '')
  )
    return words.slice(2);
  return words;
}

/** Which configuration a command names; nothing else of it is kept, since it may choose tests. */
function configOf(words: readonly string[]): readonly string[] {
  return words.flatMap((word, at) => {
    if (/^--(?:config|root|rootDir)=/.test(word)) return [word];
    return /^(?:-c|--config|--root|--rootDir)$/.test(word) && words[at + 1] !== undefined ? [word, words[at + 1] ?? ''] : [];
  });
}

const vitest = (config: readonly string[]): Runner => ({
  name: 'vitest',
  runs: false,
  files: JAVASCRIPT,
  argv: (files) => ['node_modules/.bin/vitest', 'list', ...files, ...config, '--json'],
  read: (output, asked) => {
    const rows = rowsOf(jsonIn(output, '[', ']'));
    return (
      rows &&
      byFile(
        rows.map((row) => [textOf(row['file']), textOf(row['name'])]),
        asked,
      )
    );
  },
});

const jest = (config: readonly string[]): Runner => ({
  name: 'jest',
  runs: false,
  files: JAVASCRIPT,
  // No name matches: what is found is listed as pending, and nothing of it runs.
  argv: (files) => ['node_modules/.bin/jest', '--json', '--testNamePattern', '(?!)', ...config, '--runTestsByPath', ...files],
  read: (output, asked) => {
    const suites = rowsOf(fieldOf(jsonIn(output, '{', '}'), 'testResults'));
    if (suites === undefined || suites.some((suite) => textOf(suite['message']) !== '')) return undefined;
    const names = suites.flatMap((suite) =>
      (rowsOf(suite['assertionResults']) ?? []).map((row): [string, string] => [textOf(suite['name']), textOf(row['fullName'])]),
    );
    return byFile(names, asked);
  },
});

/** It can only run them; a test that fails is listed like one that passes. */
function node(tool: string, words: readonly string[]): Runner {
  const flags = words.flatMap((word, at) => {
    if (!word.startsWith('-') || /^--(?:test|watch)/.test(word)) return [];
    return VALUED.test(word) ? [word, words[at + 1] ?? ''] : [word];
  });
  return {
    name: 'node',
    runs: true,
    files: JAVASCRIPT,
    argv: (files) => [tool === 'tsx' ? 'node_modules/.bin/tsx' : 'node', ...flags, '--test', `--test-reporter=${REPORTER}`, ...files],
    read: (output, asked) => {
      const rows = output.split('\n').flatMap((line) => {
        const row = jsonIn(line, '{', '}');
        const [file, name] = [textOf(fieldOf(row, 'file')), textOf(fieldOf(row, 'name'))];
        const isFile = asked.files.some((path) => same(name, path, asked) && same(file, path, asked));
        return row === undefined
          ? []
          : [{ file, name, isFile, failed: fieldOf(row, 'failed') === true, off: fieldOf(row, 'off') === true }];
      });
      if (rows.length === 0 || rows.some(({ name, isFile, failed }) => name === '' || (isFile && failed))) return undefined;
      const tests = rows.filter(({ isFile, off }) => !isFile && !off);
      return byFile(
        tests.map(({ file, name }): [string, string] => [file, name]),
        asked,
      );
    },
  };
}

const pytest = (program: readonly string[]): Runner => ({
  name: 'pytest',
  runs: false,
  files: /\.py$/,
  // A test that is marked to be skipped or to fail is none, however it came by the mark.
  argv: (files) => [...program, '--collect-only', '-q', '-p', 'no:cacheprovider', '-m', 'not (skip or skipif or xfail)', ...files],
  read: (output, asked) => {
    const end = /^(?:=+ )?(\d+)(?:\/\d+)? tests? collected\b/m.exec(output);
    const list = output.slice(0, end?.index ?? 0);
    const rows = [...list.matchAll(/^(\S[^\n]*?\.py)::(\S[^\n]*)$/gm)].map((row): [string, string] => [row[1] ?? '', row[2] ?? '']);
    return rows.length > 0 && rows.length === Number(end?.[1]) ? byFile(rows, asked) : undefined;
  },
});

/** It lists by package: every file of one has the names of all. */
const go: Runner = {
  name: 'go',
  runs: false,
  files: /_test\.go$/,
  argv: (files) => ['go', 'test', '-list', '.*', `./${posix.dirname(files[0] ?? '.')}`],
  read: (output, asked) => {
    if (!/^ok\s/m.test(output)) return undefined;
    const names = [...output.matchAll(/^(?:Test|Fuzz|Example|Benchmark)\w*$/gm)].map(([name]) => name);
    return new Map(asked.files.map((file) => [file, names]));
  },
};

const same = (told: string, path: string, { roots }: Asked): boolean => told === path || roots.some((root) => told === `${root}/${path}`);

/** A file that was asked for and has no test is listed empty. */
function byFile(rows: readonly (readonly [string, string])[], asked: Asked): Listed {
  return new Map(asked.files.map((path) => [path, rows.filter(([file]) => same(file, path, asked)).map(([, name]) => name)]));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const fieldOf = (value: unknown, name: string): unknown =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;

function rowsOf(value: unknown): Record<string, unknown>[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((row): row is Record<string, unknown> => row !== null && typeof row === 'object');
}

/** What a program printed as JSON, on one line or indented. Where a test printed something that looks like it too, nobody can tell which. */
function jsonIn(output: string, open: string, close: string): unknown {
  const lines = output.split('\n');
  const [first = -1, second] = lines.flatMap((line, at) => (line.startsWith(open) ? [at] : []));
  if (second !== undefined) return undefined;
  for (const text of [lines[first] ?? '', lines.slice(first, lines.lastIndexOf(close) + 1).join('\n')])
    try {
      return JSON.parse(text);
    } catch {
      // the other form, or no JSON at all
    }
  return undefined;
}
