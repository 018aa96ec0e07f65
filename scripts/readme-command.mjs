/** Prints the command that README.md shows under a marker, so that CI runs what the reader is told to run. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const name = process.argv[2] ?? '';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const text = readFileSync(join(root, 'README.md'), 'utf8');
const match = new RegExp(`<!-- command:${name} -->\\n+\`\`\`sh\\n([^\\n]+)\\n\`\`\``).exec(text);
if (match === null) {
  console.error(`README.md has no one-line block under <!-- command:${name} -->`);
  process.exit(1);
}
console.log(match[1]);
