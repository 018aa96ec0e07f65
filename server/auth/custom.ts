/** The project's own `auth.path`: the official `Auth` class says who calls, and what of each resource they may touch. */
import { UsageError } from '../../domain/errors.ts';
import { DEFAULT_TENANT, type Filters } from '../../domain/served.ts';
import { Problem } from '../http/problem.ts';
import type { Action, Caller, Resource } from './caller.ts';
import { rolesIn } from './keys.ts';

/** Who calls, as handlers and graphs see it. */
export type AuthUser = Readonly<Record<string, unknown>> & {
  readonly identity: string;
  readonly display_name: string;
  readonly is_authenticated: boolean;
  readonly permissions: readonly string[];
};

export interface CustomAuth {
  /** @throws Problem 401, or as the callback's HTTPException says. */
  authenticate(request: Request): Promise<AuthUser>;
  /**
   * Runs the one handler whose key is most specific; it may change `value`. Undefined and `{}` restrict nothing (`return {}` is
   * how the official guide lets a user see everything); a member without a value matches no row.
   * @throws Problem 403 when it refuses, 500 when its answer is none, or as its HTTPException says.
   */
  authorize(user: AuthUser, resource: Resource, action: Action, value: Record<string, unknown>): Promise<Filters | undefined>;
}

type Callback = (argument: unknown) => unknown;

/**
 * The project may bring its own copy of the package: the instance is known by its members, not by its class.
 * @throws UsageError when it is no `Auth`, or has no authenticate callback.
 */
export function customAuth(instance: unknown, name: string): CustomAuth {
  const cache = memberOf(instance, '~handlerCache');
  const authenticate = memberOf(cache, 'authenticate');
  if (typeof cache !== 'object' || cache === null) throw new UsageError(`auth.path ${name}: is no Auth of @langchain/langgraph-sdk/auth`);
  // Officially handlers without it let everybody pass.
  if (typeof authenticate !== 'function') throw new UsageError(`auth.path ${name}: has no authenticate callback; nobody would be known`);
  const callbacks = memberOf(cache, 'callbacks');
  return {
    authenticate: async (request) => userOf(await answered(authenticate as Callback, bodiless(request))), // a function, as seen above
    authorize: async (user, resource, action, value) => {
      const event = `${resource}:${action}`;
      const key = [event, resource, `*:${action}`, '*'].find((name) => typeof memberOf(callbacks, name) === 'function');
      if (key === undefined) return undefined;
      const handler = memberOf(callbacks, key) as Callback; // the function just found
      const result = await answered(handler, { event, resource, action, value, permissions: user.permissions, user });
      if (result === undefined || result === null || result === true) return undefined;
      if (result === false) throw new Problem(403, `${user.identity} may not ${event}`);
      return filtersOf(result, event);
    },
  };
}

/** With custom auth a user may look and run; what else they may, the permissions `approver` and `admin` say. */
export function callerOfCustom(auth: CustomAuth, user: AuthUser): Caller {
  const roles = rolesIn(['viewer', 'operator', ...user.permissions.filter((word) => word === 'approver' || word === 'admin')]);
  return {
    person: { id: `custom:${user.identity}`, roles, method: 'custom', alone: false },
    tenant: DEFAULT_TENANT,
    user,
    authorize: (resource, action, value) => auth.authorize(user, resource, action, value),
  };
}

/** A body that the callback reads would be gone for the route. */
const bodiless = (request: Request): Request => new Request(request.url, { method: request.method, headers: request.headers });

async function answered(callback: Callback, argument: unknown): Promise<unknown> {
  try {
    return await callback(argument);
  } catch (thrown) {
    throw exceptionOf(thrown) ?? thrown;
  }
}

/** The package's HTTPException, of any copy of it. */
function exceptionOf(thrown: unknown): Problem | undefined {
  const status = memberOf(thrown, 'status');
  const given = memberOf(thrown, 'headers');
  if (!(thrown instanceof Error) || typeof status !== 'number' || typeof given !== 'object' || given === null) return undefined;
  const headers = new Headers(given as ConstructorParameters<typeof Headers>[0]); // the type of the option in the package
  // The body is ours, and so is its length.
  headers.delete('content-length');
  const isError = Number.isInteger(status) && status >= 400 && status <= 599;
  return new Problem(isError ? status : 500, thrown.message || 'Unauthorized', Object.fromEntries(headers));
}

function userOf(answer: unknown): AuthUser {
  const given = typeof answer === 'string' ? { identity: answer } : answer;
  const identity = memberOf(given, 'identity');
  if (typeof given !== 'object' || given === null || typeof identity !== 'string' || identity === '' || isFalse(given))
    throw new Problem(401, 'the credentials were not accepted', { 'www-authenticate': 'Bearer' });
  const permissions = memberOf(given, 'permissions');
  const shown = memberOf(given, 'display_name');
  return {
    ...given,
    identity,
    permissions: Array.isArray(permissions) ? permissions.filter((word) => typeof word === 'string') : [],
    is_authenticated: true,
    display_name: typeof shown === 'string' ? shown : identity,
  };
}

const isFalse = (given: object): boolean => memberOf(given, 'is_authenticated') === false;

/** What a row must carry. A member without a value becomes `{}`, which no row matches; officially it matches ownerless rows or all. */
function filtersOf(result: unknown, event: string): Filters {
  const wrong = (what: string): Problem => new Problem(500, `the auth handler for ${event} returned ${what}`);
  if (typeof result !== 'object' || result === null || Array.isArray(result))
    throw wrong(`${Array.isArray(result) ? 'an array' : `a ${typeof result}`}; give nothing, true, false or a filter`);
  const filters: Record<string, Filters[string]> = {};
  for (const [key, rule] of Object.entries(result)) {
    const wanted = ruleOf(rule);
    if (wanted === undefined)
      throw wrong(`a filter whose ${JSON.stringify(key)} is neither a string, nor { $eq } nor { $contains } of strings`);
    filters[key] = wanted;
  }
  return filters;
}

function ruleOf(rule: unknown): Filters[string] | undefined {
  if (rule === undefined || rule === null) return {};
  if (typeof rule === 'string') return rule;
  if (typeof rule !== 'object' || Array.isArray(rule)) return undefined;
  const parts = Object.entries(rule);
  const isWord = (value: unknown): boolean => typeof value === 'string';
  if (!parts.every(([name, value]) => (name === '$eq' || name === '$contains' ? fits(name, value, isWord) : false))) return undefined;
  const says =
    parts.length > 0 && parts.every(([, value]) => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0));
  return says ? rule : {};
}

const fits = (name: string, value: unknown, isWord: (value: unknown) => boolean): boolean =>
  value === undefined || value === null || isWord(value) || (name === '$contains' && Array.isArray(value) && value.every(isWord));

function memberOf(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return (value as Record<string, unknown>)[name]; // any object may be asked
}
