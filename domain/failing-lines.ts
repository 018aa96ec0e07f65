/** The failing lines of a check's output: which tests, assertions and errors, however much passed before and after them. */
import { plain } from './steady.ts';

/** How a tool writes down one failure: where it starts, and the first line behind it. */
interface Shape {
  readonly starts: RegExp;
  readonly ends: RegExp;
  /** What looks like one and is none. */
  readonly isNone?: RegExp;
  /** The line above it that names the file. */
  readonly under?: RegExp;
  /** Only these lines of it are kept. */
  readonly keeps?: RegExp;
  /** Where this line stands, all failures are told again behind it. */
  readonly section?: RegExp;
  /** What passes can print such lines too. */
  readonly isLoose?: true;
}

const ANY = /^/;

/** The first that fits a line takes it. */
const SHAPES: readonly Shape[] = [
  // vitest
  { starts: /^ FAIL {2}\S/, ends: /^⎯{3,}/ },
  { starts: /^⎯{3,} ?Unhandled \w+/, ends: /^(?:⎯{3,}| *Test Files )/ },
  // jest; "Console" is what a test printed
  { starts: /^ {2}● (?!Console)/, ends: /^(?:Test Suites:|PASS |FAIL |Summary of all failing tests)/ },
  // mocha
  { starts: /^ {2}\d+\) \S/, ends: /^\S/ },
  // node --test: the spec reporter, then TAP, whose parents say only that a child failed
  {
    starts: /^\s*✖ (?!failing tests:|\d+ problems? \()/,
    ends: /^\s*(?:[✔▶ℹ✖﹣]|test at )/,
    under: /^test at /,
    section: /^✖ failing tests:$/,
  },
  {
    starts: /^\s*not ok \d+/,
    ends: /^\s*(?:\.\.\.$|ok \d|not ok \d|# Subtest|1\.\.\d)/,
    isNone: /^\s*not ok [^\n]*# (?:SKIP|TODO)|failureType: 'subtestsFailed'/i,
  },
  // pytest, then unittest
  { starts: /^_{3,} .+ _{3,}$/, ends: /^={5,}/, keeps: /^(?:_{3,}|>|E\s|\S+:\d+:)/ },
  { starts: /^(?:FAILED|ERROR) \S+(?:::| - )/, ends: ANY },
  { starts: /^(?:FAIL|ERROR): \S+ \(/, ends: /^(?:={10,}|Ran \d+ tests?)/ },
  // go test, its build, and a panic
  { starts: /^\s*--- FAIL: /, ends: /^(?:\s*--- |FAIL\b|ok\s|PASS\b|=== |panic: |exit status )/ },
  { starts: /^\s+\S+_test\.go:\d+: /, ends: /^(?:\S|\s+(?:\S+_test\.go:\d+: |--- ))/ },
  { starts: /^panic: /, ends: /^(?:FAIL\b|exit status )/ },
  { starts: /^(?:\.{0,2}\/)?\S+\.go:\d+(?::\d+)?: /, ends: /^\S/ },
  // tsc
  { starts: /^(?:\S.*\(\d+,\d+\): error TS\d+:|\S+:\d+:\d+ - error TS\d+:|error TS\d+:)/, ends: /^\S/ },
  // eslint
  { starts: /^\s+\d+:\d+\s+error\s/, ends: ANY, under: /^\S/ },
  // cargo
  { starts: /^error(?:\[E\d+\])?: (?!aborting due|could not compile|test failed|\d+ targets? failed)/, ends: /^$/ },
  { starts: /^---- .+ stdout ----$/, ends: /^(?:failures:|note: run with|error: )/ },
  // compilers and linters with one line a fault; thrown errors
  { starts: /^\S+?:\d+(?::\d+)?:? (?:fatal )?(?:error\b|[EF]\d{3}\b)/i, ends: /^\S|^$/, isLoose: true },
  { starts: /^Traceback \(most recent call last\):/, ends: /^$/, isLoose: true },
  { starts: /^(?:Uncaught )?[A-Z]\w*(?:Error|Exception)(?: \[\w+\])?: /, ends: /^$|^Node\.js v/, isLoose: true },
];

/** Lines of one failure that are read at most; the rest of a longer one is searched for others. */
const BLOCK_LINES = 60;
/** Of a longer line, mostly data, the start is read. */
const LINE_CHARACTERS = 400;

/** Frames of the runner itself. */
const RUNNER =
  /node:(?:internal|async_hooks)|^\s*at \/rustc\/|^\s*\d+: (?:core|std|__rustc|<fn)|^\s+(?:at |❯ )?\S*node_modules\/|\(<anonymous>\)(?: \{)?$|^note: Some details/;

interface Block {
  readonly lines: readonly string[];
  readonly isLoose: boolean;
}

/** Each failure with its lines, in the order of the output; empty where no tool is recognised. */
function failingBlocks(log: string): readonly Block[] {
  const lines = plain(log)
    .split('\n')
    .map((line) => (line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)} [cut]` : line.trimEnd()));
  const starts = SHAPES.map(({ section }) => (section === undefined ? -1 : lines.findLastIndex((line) => section.test(line))));
  const blocks: Block[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const shape = SHAPES.find((one, index) => at >= (starts[index] ?? 0) && one.starts.test(line));
    if (shape === undefined) {
      at += 1;
      continue;
    }
    const end = endOf(lines, at, shape);
    const block = [...headOf(lines, at, shape), ...lines.slice(at, end)];
    const text = block.join('\n').trim();
    if (shape.isNone?.test(text) !== true && !seen.has(text)) {
      seen.add(text);
      const kept = block.filter((one) => shape.keeps?.test(one) !== false && !RUNNER.test(one));
      blocks.push({ lines: tidy(kept), isLoose: shape.isLoose === true });
    }
    at = end;
  }
  return blocks;
}

/** The first line behind a block: where it ends, the next of its kind starts, or it is too long. */
function endOf(lines: readonly string[], from: number, { starts, ends }: Shape): number {
  const last = Math.min(lines.length, from + BLOCK_LINES);
  let at = from + 1;
  while (at < last && !ends.test(lines[at] ?? '') && !starts.test(lines[at] ?? '')) at += 1;
  return at;
}

function headOf(lines: readonly string[], from: number, { under }: Shape): string[] {
  if (under === undefined) return [];
  for (let at = from - 1; at >= 0 && at >= from - BLOCK_LINES; at -= 1) if (under.test(lines[at] ?? '')) return [lines[at] ?? ''];
  return [];
}

/** Without blank lines at its end, or two in a row. */
function tidy(block: readonly string[]): string[] {
  const kept = block.filter((line, index) => line !== '' || (index > 0 && block[index - 1] !== ''));
  while (kept.at(-1) === '') kept.pop();
  return kept;
}

/** Last lines beside failing ones: totals, or what no tool of the list says. */
const LAST_LINES = 6;

/**
 * What a person or an agent reads of a red check, in about so many bytes: its failing lines and the last ones; where no tool is
 * recognised only these.
 */
export function shownFailing(log: string, bytes: number): string {
  const blocks = failingBlocks(log).map(({ lines }) => lines);
  if (blocks.length === 0) return `The end of its output:\n${lastLines(plain(log), bytes)}`;
  const shown: string[] = [];
  const named: string[] = [];
  let left = bytes * 0.75;
  for (const block of blocks) {
    const text = block.join('\n');
    const size = Buffer.byteLength(text) + 1;
    // The first failure is there, however long it is.
    if (size <= left) shown.push(text);
    else if (shown.length === 0) shown.push(`${firstLines(text, left)}\n[cut]`);
    else named.push(block[0] ?? '');
    left -= Math.min(size, left);
  }
  const more = named.length === 0 ? [] : [`${named.length} more:`, firstLines(named.join('\n'), bytes / 8)];
  const told = new Set(blocks.flat());
  const others = plain(log)
    .split('\n')
    .filter((line) => line.trim() !== '' && !RUNNER.test(line) && !told.has(line.trimEnd()));
  return ['Its failing lines:', ...shown, ...more, 'Its last lines:', lastLines(others.slice(-LAST_LINES).join('\n'), bytes / 8)].join(
    '\n',
  );
}

/** A code frame moves with every edit and says nothing that the message does not. */
const FRAME = /^\s*>?\s*\d*\s*\|/;
/** Rust numbers its threads. */
const THREAD = /^(thread '[^']*') \(\d+\)/;

/** What makes the failure of a check the same failure: all of its failing lines; the whole output where they may not be all. */
export function failureText(log: string): string {
  const blocks = failingBlocks(log);
  if (blocks.every((block) => block.isLoose)) return log;
  const told = blocks.flatMap(({ lines }) => lines).filter((line) => line !== '' && !FRAME.test(line));
  return [...new Set(told.map((line) => line.replace(THREAD, '$1')))].join('\n');
}

/** Whole lines from the end; of a line that is too long itself, its end. */
function lastLines(text: string, bytes: number): string {
  const lines = text.trimEnd().split('\n').slice(-BLOCK_LINES);
  let size = 0;
  let from = lines.length;
  while (from > 0) {
    size += Buffer.byteLength(lines[from - 1] ?? '') + 1;
    if (size > bytes) break;
    from -= 1;
  }
  return from === lines.length ? (lines.at(-1) ?? '').slice(-bytes / 4) : lines.slice(from).join('\n');
}

function firstLines(text: string, bytes: number): string {
  const kept: string[] = [];
  let size = 0;
  for (const line of text.split('\n')) {
    size += Buffer.byteLength(line) + 1;
    if (size > bytes && kept.length > 0) break;
    kept.push(line);
  }
  return kept.join('\n');
}
