/** What a process is given from outside: its home folder, the operator's file, the person who runs it, the clock, secrets. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { MIN_KEY_LENGTH } from '../checkpoints/audit/signer.ts';
import { PERSON_ROLES } from '../domain/access.ts';
import { type Operator, operatorSchema } from '../domain/config.ts';
import { UsageError } from '../domain/errors.ts';
import { canonicalPerson, type Person } from '../domain/policy.ts';
import type { Clock } from '../domain/ports.ts';
import { parseYaml } from './yaml-file.ts';

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** `--home`, `$GOVERNOR_HOME`, else the user's state folder. */
export function homeFolder(home: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const given = home ?? env['GOVERNOR_HOME'];
  if (given !== undefined && given !== '') return resolve(given);
  // The XDG specification: a relative path is invalid and ignored.
  const state = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(state) ? state : join(env['HOME'] || homedir(), '.local', 'state'), 'governor');
}

/** @throws UsageError when `GOVERNOR_DATABASE_URL` names a database other than the home's own. */
export function assertOwnDatabase(home: string, env: Readonly<Record<string, string | undefined>>): void {
  const url = env['GOVERNOR_DATABASE_URL'] ?? '';
  const file = join(home, 'governor.sqlite');
  if (url === '' || (url.startsWith('sqlite:') && resolve(url.slice('sqlite:'.length)) === file)) return;
  const shown = url.startsWith('sqlite:') ? url : `${url.split(':')[0] ?? ''}:...`; // the rest may hold a password
  throw new UsageError(`GOVERNOR_DATABASE_URL=${shown}: is not supported yet; the database of this home is sqlite:${file}`);
}

/** @throws UsageError when the home lies inside the repository. */
export function assertHomeOutside(home: string, repository: string): void {
  let folder = home;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const real = realpathSync(folder) + home.slice(folder.length);
  if (real === repository || real.startsWith(`${repository}/`))
    throw new UsageError(`home ${home}: must not lie inside the repository ${repository}; set --home or GOVERNOR_HOME`);
}

/** `<home>/operator.yaml`, or undefined when there is none. */
export function loadOperator(home: string): Operator | undefined {
  const file = join(home, 'operator.yaml');
  if (!existsSync(file)) return undefined;
  return parseYaml(readFileSync(file, 'utf8'), file, operatorSchema).value;
}

/** The operating-system user; alone, with every role, where there is no `operator.yaml` or it names no people. */
export function localPerson(operator: Operator | undefined): Person {
  const local: Person = { id: `local:${userName()}`, roles: PERSON_ROLES, method: 'local', alone: true };
  const { id } = canonicalPerson(local, operator?.aliases);
  if (operator?.people === undefined) return { id, roles: PERSON_ROLES, method: 'local', alone: true };
  const roles = Object.hasOwn(operator.people, id) ? (operator.people[id] ?? []) : [];
  return { id, roles, method: 'local', alone: false };
}

/** A container may run as a uid that no account has. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Resolves `secret://env/NAME` and `secret://file/<absolute path>`; undefined when it is not set. */
export function secretResolver(env: Readonly<Record<string, string | undefined>>): (reference: string) => string | undefined {
  return (reference) => {
    const match = /^secret:\/\/(env|file)\/(.+)$/.exec(reference);
    if (match === null) throw new UsageError(`secret ${JSON.stringify(reference)}: write secret://env/NAME or secret://file/<path>`);
    const [, kind, name = ''] = match;
    if (kind === 'env') return env[name] || undefined;
    const file = `/${name.replace(/^\/+/, '')}`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
  };
}

/** The key and the file that prove the audit trail from outside. @throws UsageError where they are not outside, or cannot be used. */
export function auditProof(
  home: string,
  operator: Operator | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { auditKey?: string; auditHeads?: string } {
  const { key, heads } = operator?.audit ?? {};
  const at = `${home}/operator.yaml`;
  const inHome = (path: string): boolean =>
    [path, existsSync(path) ? realpathSync(path) : path].some((one) => `${resolve(one)}/`.startsWith(`${home}/`));
  if (heads !== undefined && (!isAbsolute(heads) || inHome(heads)))
    throw new UsageError(
      `${at}: audit.heads ${JSON.stringify(heads)}: must be an absolute path outside of the home, best one that is only appended to`,
    );
  if (key === undefined) return heads === undefined ? {} : { auditHeads: heads };
  const file = /^secret:\/\/file\/+(.+)$/.exec(key)?.[1];
  if (file !== undefined && inHome(`/${file}`))
    throw new UsageError(`${at}: audit.key ${key}: must not lie in the home; whoever can write the trail could sign it`);
  const value = secretResolver(env)(key);
  if (value === undefined || value.length < MIN_KEY_LENGTH)
    throw new UsageError(
      `${at}: audit.key ${key}: ${value === undefined ? 'is not set' : `has ${value.length} characters; ${MIN_KEY_LENGTH} or more are needed`}; make one with: openssl rand -hex 32`,
    );
  return { auditKey: value, ...(heads === undefined ? {} : { auditHeads: heads }) };
}
