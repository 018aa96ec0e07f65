/**
 * Files that are made from the code and committed. `npm run check` compares them and writes nothing; with `--write`, at the end of
 * `npm run build`, those that differ are made anew. Started with `--import tsx`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { reportCardSchemaText, schemaText } from './schema.mjs';

/** Each with its text as the code says it now. */
export const GENERATED = [
  { file: 'governor.schema.json', text: async () => schemaText((await import('../domain/config.ts')).configSchema) },
  {
    file: 'governor-eval.schema.json',
    text: async () => reportCardSchemaText((await import('../domain/report-card.ts')).reportCardSchema),
  },
  { file: 'docs/server-differences.md', text: async () => (await import('../test/compat/differences.ts')).page() },
];

const textOf = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Why each file that is not what the code says is not; empty when all are current. Writes nothing. */
export async function staleFiles(root, generated = GENERATED) {
  const problems = [];
  for (const { file, text } of generated) {
    const found = textOf(join(root, file));
    const wanted = await text();
    if (found === wanted) continue;
    const lines = wanted.split('\n');
    const line = found?.split('\n').findIndex((other, index) => other !== lines[index]);
    const place = found === undefined ? 'it is not there' : `it differs from line ${(line < 0 ? found.split('\n').length : line) + 1} on`;
    problems.push({ file, problem: `${file}: is not what the code says, ${place}; write it with: npm run build` });
  }
  return problems;
}

/** Makes the files anew that differ, and returns their names. */
export async function writeFiles(root, generated = GENERATED) {
  const stale = new Set((await staleFiles(root, generated)).map(({ file }) => file));
  for (const { file, text } of generated) if (stale.has(file)) writeFileSync(join(root, file), await text());
  return [...stale];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  if (process.argv[2] === '--write') {
    for (const file of await writeFiles(root)) console.log(`wrote ${file}`);
  } else {
    const problems = await staleFiles(root);
    for (const { problem } of problems) console.log(problem);
    process.exitCode = problems.length > 0 ? 1 : 0;
  }
}
