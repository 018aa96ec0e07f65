/** How people name a thread: its id, the beginning of it, or `last`. */
import { UsageError } from './errors.ts';

/** Fewest characters that may stand for an id. */
const MIN_CHARACTERS = 4;

/** The one that a word names; `rows` newest first. @throws UsageError where it names none, or several. */
export function theOne<Row extends { readonly threadId: string }>(word: string, rows: readonly Row[]): Row {
  const begins = (row: Row): boolean => word.length >= MIN_CHARACTERS && row.threadId.startsWith(word);
  const matches = word === 'last' ? rows.slice(0, 1) : rows.filter((row) => row.threadId === word || begins(row));
  const [only, ...more] = matches;
  if (only === undefined)
    throw new UsageError(
      `thread ${JSON.stringify(word)}: no thread of this home has this id or begins with it (${MIN_CHARACTERS} characters at least)`,
    );
  if (more.length > 0)
    throw new UsageError(`thread ${JSON.stringify(word)}: ${matches.length} threads begin with it; give more characters`);
  return only;
}
