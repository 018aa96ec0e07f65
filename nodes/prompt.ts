/** Reads a role's contract, a text file beside the role. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Role } from '../domain/roles.ts';

/** The text of `<role>.md` beside the calling module. */
export function contractOf(role: Role, moduleUrl: string): string {
  return readFileSync(fileURLToPath(new URL(`${role}.md`, moduleUrl)), 'utf8').trim();
}
