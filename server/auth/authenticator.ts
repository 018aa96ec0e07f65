/** Who sends a request: a Governor key, a token of the issuer, a user of the project's own auth, or the local operator. */

import type { Operator } from '../../domain/config.ts';
import { UsageError } from '../../domain/errors.ts';
import type { KeyRow, Keys } from '../../domain/keys.ts';
import { canonicalPerson, type Person } from '../../domain/policy.ts';
import type { Clock } from '../../domain/ports.ts';
import { DEFAULT_TENANT, type Json } from '../../domain/served.ts';
import { isLoopback } from '../http/origin.ts';
import { Problem } from '../http/problem.ts';
import type { Caller } from './caller.ts';
import { type AuthUser, type CustomAuth, callerOfCustom } from './custom.ts';
import type { TokenHolder } from './jwt.ts';
import { type KeptCaller, keptCallerIn } from './kept-caller.ts';
import { bearerIn, isGood, keyIn, rolesIn, verifyKey } from './keys.ts';
import type { LocalUser } from './local-user.ts';
import type { Peer } from './peer.ts';

export interface AuthOptions {
  /** Where the server listens. */
  readonly host: string;
  readonly operator: Operator | undefined;
  /** The local operator. */
  readonly person: Person;
  readonly keys: Keys;
  readonly clock: Clock;
  /** Resolves `secret://` references. */
  readonly resolve: (reference: string) => string | undefined;
  readonly custom: CustomAuth | undefined;
  /** False when `langgraph.json` says `auth.disable_studio_auth`. */
  readonly studio?: boolean;
  /** Opened where a request may come without a credential. */
  readonly openLocalUser: () => Promise<LocalUser>;
}

/** `peer` is the connection; undefined for a request inside this process. */
export type Authenticator = (request: Request, peer?: Peer) => Promise<Caller>;

export interface Auth {
  readonly authenticate: Authenticator;
  /** One that `keptOf` kept, with the rights of now. @throws Problem 401 naming what no longer proves them. */
  readonly recall: (kept: Json) => Promise<Caller>;
  /** Asked before any route: while no credential is needed, only the own user comes in. @throws Problem 401, 403. */
  readonly admit: (request: Request, peer: Peer | undefined) => Promise<void>;
  /** Told of each new connection. */
  readonly watch: (peer: Peer) => void;
  /** What the own user sends where the system does not say who connects; undefined where it does, or where a credential is needed. */
  readonly token: string | undefined;
}

const STUDIO_USER: AuthUser = {
  kind: 'StudioUser',
  identity: 'langgraph-studio-user',
  display_name: 'langgraph-studio-user',
  is_authenticated: true,
  permissions: [],
};

/** @throws UsageError when others could reach the server and nothing would tell who they are. */
export function assertBind(host: string, configured: boolean): void {
  if (configured || isLoopback(host)) return;
  throw new UsageError(
    `host ${host}: is not a loopback address, and there is no auth; make a key with governor keys create, set server.auth.jwt in operator.yaml or auth.path in langgraph.json, or listen on 127.0.0.1`,
  );
}

/** @throws UsageError when nothing protects the bind, or what `operator.yaml` says about tokens cannot be used. */
export async function createAuthenticator(options: AuthOptions): Promise<Auth> {
  const { keys, clock, custom, operator } = options;
  const jwt = operator?.server?.auth.jwt;
  // The library of tokens is loaded only where tokens are taken.
  const tokens = jwt === undefined ? undefined : (await import('./jwt.ts')).createTokens(jwt, clock, options.resolve);
  // Once a credential was needed it is: revoking the last key must not open the server that it guarded.
  let needed = tokens !== undefined || custom !== undefined;
  const isNeeded = async (): Promise<boolean> => {
    needed ||= (await keys.list()).some((key) => key.revokedAt === null);
    return needed;
  };
  assertBind(options.host, await isNeeded());
  const studio = operator?.server?.auth.studio === true && options.studio !== false;
  if (studio && !isLoopback(options.host))
    throw new UsageError(`server.auth.studio: anybody can send the header that it trusts; listen on 127.0.0.1 instead of ${options.host}`);
  const user = studio || !needed ? await options.openLocalUser() : undefined;
  const known = (caller: Omit<Caller, 'authorize' | 'user'>, user: AuthUser): Caller => guarded(custom, caller, user);

  const authenticate: Authenticator = async (request, peer) => {
    const key = keyIn(request.headers);
    if (key !== undefined) {
      const row = await verifyKey(keys, clock, key);
      if (row === undefined) throw unknown('the key is unknown, expired or revoked');
      return known(callerOfKey(row), userNamed(row.owner, row.name, row.roles));
    }
    if (studio && request.headers.get('x-auth-scheme') === 'langsmith' && (await isOwn(user, request, peer))) {
      const person: Person = { id: STUDIO_USER.identity, roles: ['viewer', 'operator'], method: 'studio', alone: false };
      return known({ person, tenant: DEFAULT_TENANT }, STUDIO_USER);
    }
    const bearer = bearerIn(request.headers);
    // The project's own tokens may be JSON Web Tokens too, of another issuer.
    if (tokens !== undefined && bearer !== undefined && (custom === undefined || tokens.claims(bearer))) {
      const caller = callerOfToken(await tokens.verify(bearer), operator);
      return known(caller, userNamed(caller.person.id, caller.person.id, caller.person.roles));
    }
    if (custom !== undefined) return callerOfCustom(custom, await custom.authenticate(request));
    if (!(await isNeeded()) && (await isOwn(user, request, peer)))
      return { person: options.person, tenant: DEFAULT_TENANT, authorize: async () => undefined };
    throw unknown('a key or token is needed: x-api-key or Authorization: Bearer');
  };

  const canonical = (caller: Caller): Caller => ({ ...caller, person: canonicalPerson(caller.person, operator?.aliases) });
  return {
    authenticate: async (request, peer) => canonical(await authenticate(request, peer)),
    recall: async (stored) => {
      const kept = keptCallerIn(stored);
      if (kept.method === 'custom') return canonical(customAgain(custom, kept));
      const caller = await recalled(kept, options, tokens !== undefined);
      return canonical(kept.method === 'local' ? { ...caller, authorize: async () => undefined } : known(caller, userKept(kept)));
    },
    admit: async (request, peer) => {
      if (user === undefined || peer === undefined || needed) return;
      const refusal = await user.refusal(request, peer);
      // Where somebody made a key meanwhile, the route asks for it.
      if (refusal !== undefined && !(await isNeeded())) throw told(user, request, refusal);
    },
    watch: (peer) => user?.watch(peer),
    token: user?.token,
  };
}

/** Of this machine, and of the server's user; undefined: it knows none without a credential. @throws Problem 401, 403 for another user. */
async function isOwn(user: LocalUser | undefined, request: Request, peer: Peer | undefined): Promise<boolean> {
  if (user === undefined) return false;
  if (peer === undefined) return true;
  if (!isLoopback(peer.remoteAddress ?? '')) return false;
  const refusal = await user.refusal(request, peer);
  if (refusal !== undefined) throw told(user, request, refusal);
  return true;
}

function told(user: LocalUser, request: Request, refusal: Problem): Problem {
  user.tell(request, refusal);
  return refusal;
}

const unknown = (detail: string): Problem => new Problem(401, detail, { 'www-authenticate': 'Bearer' });

/** Handlers of the project's auth see everybody, however they were known: a key is no way around them. */
const guarded = (custom: CustomAuth | undefined, caller: Omit<Caller, 'authorize' | 'user'>, user: AuthUser): Caller =>
  custom === undefined
    ? { ...caller, authorize: async () => undefined }
    : { ...caller, user, authorize: (resource, action, value) => custom.authorize(user, resource, action, value) };

/** @throws Problem 401. */
function customAgain(custom: CustomAuth | undefined, kept: KeptCaller): Caller {
  if (custom === undefined) throw unknown(`${kept.id}: was a user of auth.path, which langgraph.json no longer names`);
  return callerOfCustom(custom, userKept(kept));
}

/** @throws Problem 401. */
async function recalled(
  kept: KeptCaller,
  { keys, clock, person, operator }: AuthOptions,
  takesTokens: boolean,
): Promise<Omit<Caller, 'authorize' | 'user'>> {
  if (kept.method === 'key') {
    const row = kept.keyId === undefined ? undefined : await keys.get(kept.keyId);
    if (row === undefined || !isGood(row, clock)) throw unknown(`${kept.id}: key ${kept.keyId ?? ''} is revoked or expired`);
    return callerOfKey(row);
  }
  if (kept.method === 'local') {
    // The machine's own user, with or without keys for others: the commands of this home are theirs too.
    if (kept.id !== canonicalPerson(person, operator?.aliases).id) throw unknown(`${kept.id}: is not the local operator ${person.id}`);
    return { person, tenant: kept.tenant };
  }
  if (!takesTokens) throw unknown(`${kept.id}: came by a token, and server.auth.jwt of operator.yaml is gone`);
  // Under whichever of their identities the operator speaks of them.
  const names = [kept.id, ...Object.entries(operator?.aliases ?? {}).flatMap(([name, id]) => (id === kept.id ? [name] : []))];
  const principal = names.find((name) => operator?.people !== undefined && Object.hasOwn(operator.people, name)) ?? kept.id;
  return callerOfToken({ principal, roles: kept.roles, tenant: kept.tenant }, operator);
}

/** As handlers and graphs saw them. */
const userKept = ({ user, id, roles }: KeptCaller): AuthUser =>
  user === undefined ? userNamed(id, id, roles) : (user as unknown as AuthUser); // written from one by `keptOf`

const userNamed = (identity: string, shown: string, permissions: readonly string[]): AuthUser => ({
  identity,
  display_name: shown,
  is_authenticated: true,
  permissions,
});

/** A key acts for its owner: whoever may not decide something in person may not do so by a key. */
function callerOfKey(row: KeyRow): Omit<Caller, 'authorize' | 'user'> {
  const person: Person = { id: row.owner, roles: rolesIn(row.roles), method: 'key', alone: false };
  return { person, tenant: row.tenant, graphs: row.graphs ?? undefined, keyId: row.id };
}

/** The operator's word about a person goes before the issuer's. */
function callerOfToken(holder: TokenHolder, operator: Operator | undefined): Omit<Caller, 'authorize' | 'user'> {
  const named =
    operator?.people !== undefined && Object.hasOwn(operator.people, holder.principal) ? operator.people[holder.principal] : undefined;
  return { person: { id: holder.principal, roles: named ?? holder.roles, method: 'jwt', alone: false }, tenant: holder.tenant };
}
