/** The beginnings of the statements that stand in the sources of a folder: what a test of all of them must have seen. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const QUOTED = /([`'"])\s*((?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s(?:(?!\1)[^$\n])*)/g;

/** As far as they are written in one piece on one line. */
export function writtenIn(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(QUOTED)].map((match) => (match[2] ?? '').trim()));
}
