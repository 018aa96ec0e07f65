/** What a statement must not contain, so that any database takes it; and a driver that writes down each one it is given. */
import type { Statement } from '../../checkpoints/sql/statement.ts';
import type { Sql, Transaction } from '../../checkpoints/sql/transaction.ts';

/** Each with what to write instead. */
const FORBIDDEN: readonly (readonly [form: RegExp, instead: string])[] = [
  [/\browid\b/i, 'a column of its own that counts'],
  [/\bOR\s+(?:IGNORE|REPLACE|ABORT|FAIL|ROLLBACK)\b|\bREPLACE\s+INTO\b/i, 'ON CONFLICT (...) DO ...'],
  [/\bAUTOINCREMENT\b/i, 'an identity column'],
  [/\bjson\w*\s*\(|\bjson_\w+|->/i, 'JSON that is read in code'],
  [/\b(?:strftime|unixepoch|datetime|julianday|date|time)\s*\(|\bCURRENT_|\bnow\s*\(/i, 'the time as a parameter'],
  [
    /\b(?:random|randomblob|hex|total|group_concat|ifnull|iif|instr|printf|last_insert_rowid|changes|typeof)\s*\(/i,
    'code, or COALESCE, CASE',
  ],
  [/\bM(?:AX|IN)\s*\([^()]*,/i, 'CASE: MAX and MIN of several values are an aggregate elsewhere'],
  [/\bGLOB\b|\bMATCH\b|\bREGEXP\b/i, 'a comparison of bytes, or code'],
  [/\bCOLLATE\s+NOCASE\b/i, 'text that was folded in code'],
  [/\bPRAGMA\b|\bsqlite_/i, 'a piece of that driver'],
  [/\bIS\s+(?:NOT\s+)?(?:\$|\w+\.)/i, 'IS NULL, or ='],
  [/`|\[\w+\]/, 'names without quotes'],
  [/"[^"]*"/, "names without quotes, texts in ''"],
  [/\?|[@:]\w+(?<!::\w+)/, '$1, $2, ...'],
  [/\bLIMIT\s+(?:\$?\d+)\s*,/i, 'LIMIT ... OFFSET ...'],
  [
    /\b(?:FROM|JOIN|,)\s*\(\s*SELECT\b(?:[^()]|\([^()]*\))*\)(?!\s*(?:AS\s+)?(?!WHERE\b|ON\b|ORDER\b|GROUP\b|LIMIT\b|JOIN\b|UNION\b)[a-z_])/i,
    'a name behind the sub-select',
  ],
  [/\b(?:TRUE|FALSE)\b/i, '1 and 0'],
  [/[\s(]\+[a-z_]+\.[a-z_]/i, "a column joined to ''"],
  [/\bBLOB\b/i, 'bytes that were made in code'],
];

/** What is wrong with a statement, by what to write instead; empty when it is sound. Texts in quotes are no part of it. */
export function unsound(sql: string): string[] {
  const bare = sql.replace(/'(?:[^']|'')*'/g, "''");
  return FORBIDDEN.filter(([form]) => form.test(bare)).map(([, instead]) => instead);
}

/** The same driver; `hear` is given the text of every statement. */
export function listening(sql: Sql, hear: (text: string) => void): Sql {
  function* heard<Result>(transaction: Transaction<Result>): Transaction<Result> {
    let step = transaction.next();
    while (step.done !== true) {
      const statement: Statement = step.value;
      hear(statement[0]);
      try {
        step = transaction.next(yield statement);
      } catch (error) {
        step = transaction.throw(error);
      }
    }
    return step.value;
  }
  return { read: (make) => sql.read(() => heard(make())), write: (make) => sql.write(() => heard(make())) };
}
