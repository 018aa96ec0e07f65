/** The project's own `Auth`: who it says calls, which handler runs, and what its answers open and close over real rows. */
import { Auth, HTTPException, isStudioUser } from '@langchain/langgraph-sdk/auth';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { matchesFilters } from '../../../checkpoints/served/filters.ts';
import type { Action, Caller, Resource } from '../../../server/auth/caller.ts';
import { callerOfCustom, customAuth } from '../../../server/auth/custom.ts';
import { problemOf, problemResponse } from '../../../server/http/problem.ts';
import { type AuthWorld, bearer, makeAuthWorld, operatorOf, peerAt, requestWith } from './auth-world.ts';

let world: AuthWorld;
beforeEach(() => {
  world = makeAuthWorld();
});
afterEach(() => world.dispose());

const wrapped = (auth: unknown) => customAuth(auth, './auth.ts:auth');
const USER = { identity: 'johndoe', display_name: 'johndoe', is_authenticated: true, permissions: ['me'] };
/** What a handler set makes of one event. */
const ask = (auth: unknown, resource: Resource = 'threads', action: Action = 'read', value: Record<string, unknown> = {}) =>
  wrapped(auth).authorize(USER, resource, action, value);
const anyone = () => new Auth().authenticate(() => 'johndoe');
const statusOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: unknown) => problemOf(error)?.status ?? error,
  );

describe('authenticate', () => {
  const callerOf = async (answer: unknown): Promise<Caller> => {
    const authenticate = await world.authenticator({ custom: wrapped({ '~handlerCache': { authenticate: () => answer } }) });
    return authenticate(requestWith());
  };

  it('a name is a user who looks and runs', async () => {
    expect(await callerOf('johndoe')).toMatchObject({
      person: { id: 'custom:johndoe', roles: ['viewer', 'operator'], method: 'custom', alone: false },
      tenant: 'default',
      user: { identity: 'johndoe', display_name: 'johndoe', permissions: [], is_authenticated: true },
    });
  });

  it('an object is kept with all that it says, for the graph; its permissions approver and admin are roles', async () => {
    const caller = await callerOf({ identity: 'ada', permissions: ['approver', 'me', 'admin', 'root', 7], email: 'ada@example.com' });
    expect(caller.person.roles).toEqual(['viewer', 'operator', 'approver', 'admin']);
    expect(caller.user).toMatchObject({ identity: 'ada', email: 'ada@example.com', permissions: ['approver', 'me', 'admin', 'root'] });
  });

  it.each([
    null,
    undefined,
    {},
    { identity: '' },
    { identity: 7 },
    '',
    { user: { id: 'x' } },
    { identity: 'ada', is_authenticated: false },
    [],
  ])('an answer that names nobody is 401: %j', async (answer) => {
    expect(await statusOf(callerOf(answer))).toBe(401);
  });

  it('sees method, address and headers; the body stays for the route', async () => {
    let seen: Request | undefined;
    const auth = new Auth().authenticate(async (request) => {
      seen = request;
      await request.text();
      return 'johndoe';
    });
    const request = requestWith({ 'x-trace': 'one' });
    await (await world.authenticator({ custom: wrapped(auth) }))(request);
    expect([seen?.method, seen?.url, seen?.headers.get('x-trace')]).toEqual([request.method, request.url, 'one']);
    expect(await request.text()).toBe('{}');
  });

  it('its HTTPException is the answer, with status, message and headers', async () => {
    const auth = new Auth().authenticate(() => {
      throw new HTTPException(402, {
        message: 'Pay first',
        headers: { 'X-Plan': 'free', 'Content-Length': '1', 'Content-Type': 'text/html' },
      });
    });
    const thrown = await (await world.authenticator({ custom: wrapped(auth) }))(requestWith()).catch((error: unknown) => error);
    const problem = problemOf(thrown);
    if (problem === undefined) throw new Error('no problem');
    const response = problemResponse(problem, false);
    expect(response.status).toBe(402);
    expect(response.headers.get('x-plan')).toBe('free');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ detail: 'Pay first' });
  });

  it('an exception that claims success is a fault; another error is thrown on, and nobody is let in', async () => {
    const raise = (error: Error) => world.authenticator({ custom: wrapped(new Auth().authenticate(() => Promise.reject(error))) });
    expect(await statusOf((await raise(new HTTPException(200)))(requestWith()))).toBe(500);
    await expect((await raise(new Error('database is away')))(requestWith())).rejects.toThrow('database is away');
  });

  it('a request without credentials is asked too, also on loopback; x-auth-scheme gives nothing', async () => {
    const auth = new Auth().authenticate((request) => {
      if (request.headers.get('authorization') !== 'Bearer good') throw new HTTPException(401, { message: 'who are you' });
      return 'johndoe';
    });
    const authenticate = await world.authenticator({ custom: wrapped(auth) });
    expect(await statusOf(authenticate(requestWith(), peerAt('127.0.0.1')))).toBe(401);
    expect(await statusOf(authenticate(requestWith({ 'x-auth-scheme': 'langsmith' }), peerAt('127.0.0.1')))).toBe(401);
    expect((await authenticate(bearer('good'))).person.id).toBe('custom:johndoe');
  });

  it('is auth enough to listen anywhere', async () => {
    await expect(world.authenticator({ host: '0.0.0.0', custom: wrapped(anyone()) })).resolves.toBeTypeOf('function');
  });
});

describe('which handler runs', () => {
  const ran: string[] = [];
  beforeEach(() => void ran.splice(0));
  const auth = () =>
    anyone()
      .on('*', () => void ran.push('*'))
      .on('*:create', () => void ran.push('*:create'))
      .on('threads', () => void ran.push('threads'))
      .on('threads:create_run', () => void ran.push('threads:create_run'))
      .on(['assistants:read', 'store:put'], ({ event }) => void ran.push(`list ${event}`));

  it.each([
    ['threads', 'create_run', 'threads:create_run'],
    ['threads', 'create', 'threads'],
    ['threads', 'read', 'threads'],
    ['assistants', 'create', '*:create'],
    ['assistants', 'read', 'list assistants:read'],
    ['assistants', 'search', '*'],
    ['store', 'put', 'list store:put'],
    ['store', 'list_namespaces', '*'],
    ['crons', 'delete', '*'],
  ] as const)('%s:%s runs one, the most specific: %s', async (resource, action, name) => {
    await ask(auth(), resource, action);
    expect(ran).toEqual([name]);
  });

  it('it is told event, resource, action, value, user and permissions', async () => {
    let told: unknown;
    await ask(
      anyone().on('*', (argument) => {
        told = argument;
      }),
      'store',
      'get',
      { namespace: ['a'], key: 'b' },
    );
    expect(told).toEqual({
      event: 'store:get',
      resource: 'store',
      action: 'get',
      value: { namespace: ['a'], key: 'b' },
      user: USER,
      permissions: ['me'],
    });
  });

  it('without a handler everything is allowed to whom authenticate let in', async () => {
    expect(await ask(anyone())).toBeUndefined();
    expect(await ask(anyone().on('store', () => false))).toBeUndefined();
  });
});

describe('what a handler answers', () => {
  const answering = (answer: unknown) => ask({ '~handlerCache': { authenticate: () => 'a', callbacks: { '*': async () => answer } } });

  it.each([undefined, null, true])('%s allows all', async (answer) => {
    expect(await answering(answer)).toBeUndefined();
  });

  it('false is 403, naming who and what', async () => {
    await expect(answering(false)).rejects.toMatchObject({ status: 403, message: 'johndoe may not threads:read' });
  });

  it('an HTTPException is its status and message', async () => {
    const auth = anyone().on('*', () => {
      throw new HTTPException(418, { message: 'short and stout' });
    });
    await expect(ask(auth)).rejects.toMatchObject({ name: 'Problem', status: 418, message: 'short and stout' });
  });

  it.each([
    0,
    1,
    '',
    'yes',
    ['owner'],
    { owner: 7 },
    { owner: { $ne: 'a' } },
    { owner: { $eq: 7 } },
    { owner: { $contains: [7] } },
    { owner: ['a'] },
  ])('what is no answer lets nobody pass: %j', async (answer) => {
    expect(await statusOf(answering(answer))).toBe(500);
  });

  it('`{}` restricts nothing, as the official guide uses it', async () => {
    const filters = await answering({});
    expect(filters).toEqual({});
    expect(matchesFilters({}, filters)).toBe(true);
  });

  it.each([
    [{ owner: 'ada' }, true],
    [{ owner: { $eq: 'ada' } }, true],
    [{ owner: { $eq: 'bob' } }, false],
    [{ owner: { $contains: 'ada' } }, false],
    [{ tags: { $contains: 'a' } }, true],
    [{ tags: { $contains: ['a', 'b'] } }, true],
    [{ tags: { $contains: ['a', 'c'] } }, false],
    [{ tags: 'a' }, false],
    [{ owner: 'ada', team: 'x' }, false],
    [{ none: '' }, false],
    [{ none: { $eq: '' } }, false],
    [{ empty: { $eq: '' } }, true],
    [{ owner: { $eq: '' } }, false],
    // Officially each of these matches everybody's rows, or those of nobody.
    [{ none: undefined }, false],
    [{ owner: undefined }, false],
    [{ owner: null }, false],
    [{ owner: {} }, false],
    [{ owner: { $eq: undefined } }, false],
    [{ tags: { $contains: [] } }, false],
    [{ tags: { $contains: undefined } }, false],
    [{ owner: 'ada', team: undefined }, false],
  ])('%j on a row of ada: %s', async (answer, visible) => {
    const row = { owner: 'ada', tags: ['a', 'b'], empty: '' };
    const filters = await answering(answer);
    expect(matchesFilters(row, filters)).toBe(visible);
    // The stores take them as JSON, which drops a member that is undefined.
    expect(matchesFilters(row, JSON.parse(JSON.stringify(filters)))).toBe(visible);
    expect(matchesFilters({}, filters)).toBe(false);
  });

  it('what it writes into the value stays there', async () => {
    const value: Record<string, unknown> = { thread_id: 'a' };
    const auth = anyone().on('threads:create', ({ value: thread, user }) => {
      thread.metadata ??= {};
      thread.metadata['owner'] = user.identity;
    });
    await ask(auth, 'threads', 'create', value);
    expect(value).toEqual({ thread_id: 'a', metadata: { owner: 'johndoe' } });
  });
});

describe('callers of other kinds on a server with custom auth', () => {
  const auth = anyone().on('threads', ({ user }) => (isStudioUser(user) ? {} : { owner: user.identity }));

  it('a key does not go around the handlers', async () => {
    const { key } = await world.issue({ roles: ['operator'], name: 'night job' });
    const caller = await (await world.authenticator({ custom: wrapped(auth) }))(bearer(key));
    expect(caller.user).toMatchObject({ identity: 'service:ci', display_name: 'night job', permissions: ['operator'] });
    expect(await caller.authorize('threads', 'search', {})).toEqual({ owner: 'service:ci' });
  });

  it('a Studio user, where the operator lets one in, is known to the handlers as such', async () => {
    const operator = operatorOf({ server: { auth: { studio: true } } });
    const caller = await (await world.authenticator({ custom: wrapped(auth), operator }))(requestWith({ 'x-auth-scheme': 'langsmith' }));
    expect(await caller.authorize('threads', 'search', {})).toEqual({});
  });
});

describe('what auth.path gives', () => {
  it('may be of another copy of the package', async () => {
    class OtherException extends Error {
      readonly status = 409;
      readonly headers = { 'x-why': 'busy' };
    }
    const deny = () => {
      throw new OtherException('busy');
    };
    const auth = wrapped({ '~handlerCache': { authenticate: () => 'johndoe', callbacks: { '*': deny } } });
    const caller = callerOfCustom(auth, await auth.authenticate(requestWith()));
    await expect(caller.authorize('threads', 'read', {})).rejects.toMatchObject({ status: 409, headers: { 'x-why': 'busy' } });
  });

  it.each([
    undefined,
    null,
    'auth',
    {},
    { '~handlerCache': null },
    new Auth(),
    // Officially: handlers that let everybody pass.
    new Auth().on('*', () => false),
  ])('that knows nobody stops the start: %j', (auth) => {
    expect(() => wrapped(auth)).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringContaining('./auth.ts:auth') }),
    );
  });
});
