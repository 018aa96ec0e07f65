/** Who may do what: roles of agents, their tools, roles of people, and the one canonical form of a path. */
import { RefusedError } from './errors.ts';
import { ROLE_TABLE, type Role, type ToolName, toolsOf } from './roles.ts';

/** The roles of people (operator.yaml). */
export const PERSON_ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type PersonRole = (typeof PERSON_ROLES)[number];

/** True when the role's contract has this tool. */
export function roleHasTool(role: Role, tool: string): tool is ToolName {
  return toolsOf(role).some((name) => name === tool);
}

/** What a configuration leaves of a role's tools; undefined: all. A sub-agent has nothing that its parent has not. */
export function allowedTools(
  tools: { readonly [name in Role]?: readonly string[] | undefined },
  role: Role,
): readonly string[] | undefined {
  const own = tools[role];
  const { parent: above } = ROLE_TABLE[role];
  const parent = above === null ? undefined : tools[above];
  if (parent === undefined || own === undefined) return own ?? parent;
  return own.filter((tool) => parent.includes(tool));
}

/** Longest accepted path, in UTF-8 bytes. */
export const MAX_PATH_BYTES = 1024;

// C0, DEL, C1, zero-width, bidi controls, line and paragraph separators, BOM, tag characters.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;

/**
 * The canonical form of a repository path an agent named: NFC, relative, `/`-separated, no `..`, no `.git`.
 * Rejects rather than repairs, except for a leading `./`, a trailing `/` and `.` itself.
 * @throws RefusedError `PATH_DENIED` naming path and rule.
 */
export function canonicalPath(raw: string): string {
  const deny = (rule: string): never => {
    throw new RefusedError('PATH_DENIED', `path ${JSON.stringify(raw)}: ${rule}`);
  };
  if (Buffer.byteLength(raw) > MAX_PATH_BYTES) deny(`longer than ${MAX_PATH_BYTES} bytes`);
  if (UNSEEN.test(raw)) deny('control or invisible characters are not allowed');
  if (raw.includes('\\')) deny('backslashes are not allowed');
  if (raw.startsWith('/')) deny('must be relative to the repository root');
  const parts = raw
    .normalize('NFC')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) deny('".." is not allowed');
  if (parts.some((part) => part.toLowerCase() === '.git')) deny('git data belongs to the governor');
  if (parts.some((part) => /[. ]$/.test(part))) deny('a name may not end in a dot or a space');
  return parts.join('/');
}

/** Replaces what a terminal or a reader would not see by visible escapes. Newline and tab stay. */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
