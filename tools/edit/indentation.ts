/** How the indentation that an agent wrote becomes that of the file: a shift, or tabs for blanks. */

/** Gives a line the file's indentation; undefined for a line that it cannot be given to. */
export type Reindent = (line: string) => string | undefined;

/** Tab widths that are tried, in columns. */
const WIDTHS = [4, 2, 8, 3];

const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? '';
const isBlank = (line: string): boolean => line.trim() === '';

/** The one rule by which every line of `written` has its indentation in `file`; undefined when there is none. */
export function reindentation(written: readonly string[], file: readonly string[]): Reindent | undefined {
  const pairs = written.flatMap((line, index): [string, string][] =>
    isBlank(line) ? [] : [[indentOf(line), indentOf(file[index] ?? '')]],
  );
  const rules = [...shifts(pairs), ...WIDTHS.flatMap((width) => columns(pairs, width))];
  const rule = rules.find((one) => pairs.every(([from, to]) => one(from) === to));
  if (rule === undefined) return undefined;
  return (line) => {
    if (isBlank(line)) return line;
    const indent = indentOf(line);
    const mapped = rule(indent);
    return mapped === undefined ? undefined : mapped + line.slice(indent.length);
  };
}

/** The same prefix more, or the same prefix less. */
function shifts(pairs: readonly [string, string][]): Reindent[] {
  const [from, to] = pairs[0] ?? ['', ''];
  if (to.endsWith(from)) return [(indent) => to.slice(0, to.length - from.length) + indent];
  const less = from.slice(0, from.length - to.length);
  return from.endsWith(to) ? [(indent) => (indent.startsWith(less) ? indent.slice(less.length) : undefined)] : [];
}

/** The same columns, written with tabs where the file has tabs. */
function columns(pairs: readonly [string, string][], width: number): Reindent[] {
  const wide = (indent: string): number => indent.replaceAll('\t', ' '.repeat(width)).length;
  const [from, to] = pairs[0] ?? ['', ''];
  const moved = wide(to) - wide(from);
  const hasTabs = pairs.some(([, indent]) => indent.includes('\t'));
  const write = (count: number): string =>
    hasTabs ? '\t'.repeat(Math.floor(count / width)) + ' '.repeat(count % width) : ' '.repeat(count);
  return [(indent) => (wide(indent) + moved < 0 ? undefined : write(wide(indent) + moved))];
}
