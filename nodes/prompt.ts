/** Reads a role's contract, a text file beside the role. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The text of a prompt file, relative to the calling module. */
export function promptFile(name: string, moduleUrl: string): string {
  return readFileSync(fileURLToPath(new URL(name, moduleUrl)), 'utf8').trim();
}
