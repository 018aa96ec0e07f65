/** What a statement may not say, since Postgres would refuse it or mean something else. */

const FORMS: readonly (readonly [form: string, pattern: RegExp])[] = [
  ['rowid', /\b_?rowid_?\b/i],
  ['INSERT OR', /\b(INSERT\s+OR|REPLACE\s+INTO)\b/i],
  [
    "a function of SQLite's own",
    /\b(json_each|json_extract|json_object|strftime|unixepoch|datetime|julianday|random|printf|ifnull|iif|group_concat|total|instr|hex|likelihood|unlikely|changes|last_insert_rowid)\s*\(/i,
  ],
  ['MAX or MIN of several values', /\b(MAX|MIN)\s*\([^()]*,/i],
  ['GLOB, REGEXP or PRAGMA', /\b(GLOB|REGEXP|PRAGMA)\b/i],
  ['a + before a column', /[\s(]\+[a-z_]+\.[a-z_]/i],
  ['a parameter without a number', /\?/],
  ['a comparison by IS', /\bIS\s+(NOT\s+)?\$\d/i],
  ['BLOB', /\bBLOB\b/i],
];

/** The forbidden forms in a statement; empty for one that both databases take. */
export function forbiddenForms(text: string): readonly string[] {
  const found = FORMS.filter(([, pattern]) => pattern.test(text)).map(([form]) => form);
  return hasUnnamedSelect(text) ? [...found, 'a sub-select in FROM without a name'] : found;
}

function hasUnnamedSelect(text: string): boolean {
  for (const match of text.matchAll(/\b(?:FROM|JOIN)\s*\(/gi)) {
    let open = 1;
    let end = match.index + match[0].length;
    for (; end < text.length && open > 0; end += 1) open += text[end] === '(' ? 1 : text[end] === ')' ? -1 : 0;
    if (!/^\s+AS\s+[a-z_]/i.test(text.slice(end))) return true;
  }
  return false;
}
