/** Commands that are printed for a person to paste, as they work from afar. */

/** What works against a server. */
export const AFAR_COMMANDS = [
  'approvals',
  'approve',
  'cancel',
  'diff',
  'explain',
  'files',
  'list',
  'log',
  'login',
  'logout',
  'reject',
  'report',
  'run',
  'show',
  'tell',
  'watch',
] as const;

const NAMED = /\bgovernor ([a-z]+)\b/g;
const isAfar = (name: string): boolean => AFAR_COMMANDS.some((command) => command === name);

/** What the person gave by flags, and must give again. */
export interface GivenFlags {
  /** Undefined where the environment names the server. */
  readonly server: string | undefined;
  readonly insecure: boolean;
}

/** A word for a shell, in quotes where it needs them. */
export const quoted = (word: string): string => (/^[\w:/.~%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Every command in the text names the server; one that works in a home alone says so. */
export function pastedAfar(text: string, { server, insecure }: GivenFlags): string {
  const flags = server === undefined ? '' : ` --server ${quoted(server)}${insecure ? ' --insecure-http' : ''}`;
  const named = text.replaceAll(NAMED, (whole, name: string) => (isAfar(name) ? `governor ${name}${flags}` : whole));
  const atHome = [...text.matchAll(NAMED)].some(([, name = '']) => !isAfar(name));
  return atHome ? `${named} (in the home of the server)` : named;
}
