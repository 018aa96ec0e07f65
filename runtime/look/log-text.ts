/** Words, arguments and results within their caps: for people who read along, not for programs that go on with them. */
import type { LogEvent } from '../../domain/log.ts';

/** Longest words of one answer, in characters. */
const WORDS = 4000;
/** Longest note, fault or summary, in characters. */
const NOTE = 1000;
/** Longest text inside of arguments, and of all arguments of a call, in characters. */
const ARGUMENT = 500;
const ARGUMENTS = 8000;
/** Deepest value inside of arguments that is shown, and most members of one. */
const DEPTH = 6;
const MEMBERS = 50;
/** Longest line of a call or of a result, in characters. */
const LINE = 300;
/** First and last lines of a command's output, and of any other result. */
const OUTPUT_LINES = [6, 14] as const;
const RESULT_LINES = [4, 2] as const;

type Redact = (text: string) => string;
type Fields = Readonly<Record<string, unknown>>;

export const words = (text: string, redact: Redact): string => cut(redact(text), WORDS);
export const note = (text: string, redact: Redact): string => cut(redact(text), NOTE);

/** The beginning, and how much is missing. */
function cut(text: string, most: number): string {
  const kept = text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  return kept.length === text.length ? text : `${kept}... (${text.length - kept.length} more characters)`;
}

const oneLine = (text: string): string => cut(text.replaceAll(/\s+/g, ' ').trim(), LINE);

/** The arguments as an object, masked and capped; what is no object stands under `text`. */
export function shownArguments(raw: string, redact: Redact): Record<string, unknown> {
  const fields = objectIn(raw) ?? { text: raw };
  const shown = shownValue(fields, redact, DEPTH) as Record<string, unknown>; // an object stays one
  if (JSON.stringify(shown).length <= ARGUMENTS) return shown;
  return { text: cut(redact(raw), ARGUMENT) };
}

function shownValue(value: unknown, redact: Redact, depth: number): unknown {
  if (typeof value === 'string') return cut(redact(value), ARGUMENT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MEMBERS).map((one) => shownValue(one, redact, depth - 1));
    return value.length <= MEMBERS ? shown : [...shown, `... (${value.length - MEMBERS} more)`];
  }
  const members = Object.entries(value).slice(0, MEMBERS);
  return Object.fromEntries(members.map(([name, one]) => [cut(redact(name), ARGUMENT), shownValue(one, redact, depth - 1)]));
}

/** A call on one line, as its tool is read best. */
export function callLine(tool: string, raw: string, redact: Redact): string {
  const fields = objectIn(redact(raw)) ?? {};
  const told = Object.hasOwn(LINES, tool) ? LINES[tool]?.(fields) : undefined;
  return oneLine(redact(`${tool} ${told ?? subjectOf(fields)}`));
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): string => (typeof value === 'number' ? String(value) : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {});

const LINES: Readonly<Record<string, (fields: Fields) => string>> = {
  read_file: ({ path, start_line: first, end_line: last }) =>
    `${word(path)}${first === undefined && last === undefined ? '' : `:${number(first) || '1'}-${number(last)}`}`,
  list_files: ({ path, glob }) => `${word(path)} ${word(glob)}`,
  search_files: ({ pattern, path, glob }) => `${JSON.stringify(word(pattern))} ${word(path)} ${word(glob)}`,
  write_file: ({ path, content }) => `${word(path)} (${linesIn(word(content))} lines)`,
  edit_file: (fields) => `${word(fields['path'])} (${editSize(fields)})`,
  apply_patch: ({ patch, input }) => patchLine(word(patch) || word(input)),
  run_command: ({ argv, shell }) => (list(argv).length > 0 ? list(argv).map(argument).join(' ') : word(shell)),
  delegate: ({ tasks }) =>
    `${list(tasks).length} task(s): ${list(tasks)
      .map((task) => word(fieldsOf(task)['title']))
      .join('; ')}`,
  submit_plan: ({ summary, items }) => `${list(items).length} item(s): ${word(summary)}`,
  submit_build: ({ status, summary }) => `${word(status)} ${word(summary)}`,
  submit_work: ({ status, summary }) => `${word(status)} ${word(summary)}`,
  submit_review: ({ verdict, findings }) => `${word(verdict)}, ${list(findings).length} finding(s)`,
};

/** As one would type it. */
const argument = (value: unknown): string => (/^[\w@%+=:,./-]+$/.test(String(value)) ? String(value) : `'${String(value)}'`);

const SUBJECTS = ['path', 'pattern', 'query', 'glob', 'name', 'summary'];
const subjectOf = (fields: Fields): string => SUBJECTS.map((name) => word(fields[name])).find((value) => value !== '') ?? '';

const linesIn = (text: string): number => (text === '' ? 0 : text.replace(/\n$/, '').split('\n').length);

/** Of one edit, or of all in a list. */
function editSize(fields: Fields): string {
  const edits = [fields, ...list(fields['edits']).map(fieldsOf)];
  const sum = (name: string): number => edits.reduce((total, edit) => total + linesIn(word(edit[name])), 0);
  return `+${sum('new_text')} -${sum('old_text')}`;
}

function patchLine(patch: string): string {
  const lines = patch.split('\n');
  const paths = [...patch.matchAll(/^(?:\*\*\* (?:Add|Update|Delete) File: |\+\+\+ (?:b\/)?)(.+)$/gm)].map((match) => match[1] ?? '');
  const count = (sign: RegExp): number => lines.filter((line) => sign.test(line)).length;
  return `${paths.join(', ')} (+${count(/^\+(?!\+\+ )/)} -${count(/^-(?!-- )/)})`;
}

type ResultText = Pick<Extract<LogEvent, { type: 'result' }>, 'bytes' | 'text' | 'exit_code'>;

/** First and last lines of a result; of a command its output and how it ended. */
export function shownResult(tool: string, content: string, redact: Redact): ResultText {
  const bytes = Buffer.byteLength(content);
  const masked = redact(content);
  if (tool !== 'run_command') return { bytes, text: ends(plain(masked, redact), RESULT_LINES) };
  const fields = objectIn(masked);
  const told = fields === undefined ? /^\{"exit_code":(-?\d{1,10}|null)/.exec(masked)?.[1] : JSON.stringify(fields['exit_code']);
  const output =
    fields === undefined || told === undefined
      ? plain(masked, redact)
      : redact([word(fields['stdout']).trimEnd(), word(fields['stderr']).trimEnd()].filter((stream) => stream !== '').join('\n'));
  const code = told === undefined ? {} : { exit_code: told === 'null' ? null : Number(told) };
  return { bytes, text: ends(output, OUTPUT_LINES), ...code };
}

/** What is said of a failure, or the text as it is; nothing where it only says yes. */
function plain(content: string, redact: Redact): string {
  const fields = objectIn(content);
  if (fields?.['accepted'] === true) return '';
  const refused = fieldsOf(fields?.['refused']);
  if (word(refused['code']) !== '') return redact(`${word(refused['code'])}: ${word(refused['message'])}`);
  return word(fields?.['error']) === '' ? content : redact(word(fields?.['error']));
}

function ends(text: string, [first, last]: readonly [number, number]): string {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => cut(line, LINE));
  if (lines.length <= first + last + 1) return lines.join('\n');
  return [...lines.slice(0, first), `(${lines.length - first - last} lines left out)`, ...lines.slice(-last)].join('\n');
}

function objectIn(raw: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
