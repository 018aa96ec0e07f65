/** Commands that are printed for a person to paste, as they work from afar. */
import { REASONS } from '../../domain/reasons.ts';

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

const STEPS: ReadonlySet<string> = new Set(Object.values(REASONS).map(({ next }) => next));
const THREAD = /\b[0-9a-f]{8}\b/g;
/** What `governor explain` ends with where no reason says it. */
const EXPLAINED =
  /^(?:nothing|nothing; to undo it: governor rollback <thread>|governor (?:watch|resume) <thread>|governor approve <thread>(?: --add-usd N)?(?: --waive [\w-]+)* {2}or {2}governor reject <thread> --comment "\.\.\.")$/;

/** A step that a server names. A hostile one could name any command, so only the ones that Governor itself names are printed. */
export function nextAfar(text: string, given: GivenFlags): string {
  const step = text.replaceAll(THREAD, '<thread>');
  if (STEPS.has(step) || EXPLAINED.test(step)) return pastedAfar(text, given);
  return 'what the server names is no step that this version knows; look with --json';
}
