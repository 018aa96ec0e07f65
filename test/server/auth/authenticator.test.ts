/** Who a request is from: the local operator only where nobody else can be, a good key, and nobody else. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { operatorSchema } from '../../../domain/config.ts';
import { serverSchema } from '../../../domain/server-config.ts';
import { assertBind } from '../../../server/auth/authenticator.ts';
import { cleanConfigurable } from '../../../server/auth/configurable.ts';
import { problemOf, problemResponse } from '../../../server/http/problem.ts';
import { ADA, type AuthWorld, bearer, DAY_MS, makeAuthWorld, operatorOf, peerAt, requestWith } from './auth-world.ts';

let world: AuthWorld;
beforeEach(() => {
  world = makeAuthWorld();
});
afterEach(() => world.dispose());

const REFUSED = { name: 'Problem', status: 401, headers: { 'www-authenticate': 'Bearer' } };

describe('without any auth', () => {
  it('a request on a loopback bind is the local operator of tenant default', async () => {
    const authenticate = await world.authenticator();
    for (const remote of [undefined, '127.0.0.1', '::1', '::ffff:127.0.0.1'])
      expect(await authenticate(requestWith(), remote === undefined ? undefined : peerAt(remote))).toMatchObject({
        person: ADA,
        tenant: 'default',
      });
    const caller = await authenticate(requestWith());
    expect(caller.user).toBeUndefined();
    expect(await caller.authorize('threads', 'read', {})).toBeUndefined();
  });

  it('keys of other services, which SDKs send along, change nothing', async () => {
    const authenticate = await world.authenticator();
    const caller = await authenticate(requestWith({ 'x-api-key': 'lsv2_pt_123', authorization: 'Bearer abc' }));
    expect(caller.person).toEqual(ADA);
  });

  it('a peer that is not on this machine is refused even so', async () => {
    const authenticate = await world.authenticator();
    await expect(authenticate(requestWith(), peerAt('192.168.1.7'))).rejects.toMatchObject(REFUSED);
  });

  it('a Governor key that is not good is refused, never taken for the operator', async () => {
    const authenticate = await world.authenticator();
    await expect(authenticate(bearer('gvk_0123456789abcdef_x'))).rejects.toMatchObject(REFUSED);
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'governor.example.com', '127.0.0.1.example.com', ''])(
    'refuses to listen on %j',
    async (host) => {
      await expect(world.authenticator({ host })).rejects.toMatchObject({ name: 'UsageError', code: 'USAGE' });
    },
  );

  it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]', '::ffff:127.0.0.1'])('may listen on %s', (host) => {
    expect(() => assertBind(host, false)).not.toThrow();
  });
});

describe('API keys', () => {
  it('an owner that the operator calls an alias is the person it stands for; any other is somebody else', async () => {
    const { key } = await world.issue({ owner: 'alice' });
    const aliased = await world.authenticator({ operator: operatorSchema.parse({ aliases: { alice: 'https://id.example.test#7' } }) });
    expect((await aliased(bearer(key))).person.id).toBe('https://id.example.test#7');
    const plain = await world.authenticator({ operator: operatorSchema.parse({ aliases: { bob: 'alice' } }) });
    expect((await plain(bearer(key))).person.id).toBe('alice');
  });

  it('a key is known as x-api-key and as a bearer token, as its owner with its roles, tenant and graphs', async () => {
    const { key } = await world.issue({ tenant: 'acme', roles: ['viewer', 'nonsense', 'approver'], graphs: ['agent'], owner: 'local:bob' });
    const authenticate = await world.authenticator();
    for (const request of [requestWith({ 'x-api-key': key }), bearer(key), requestWith({ authorization: `bearer  ${key}` })])
      expect(await authenticate(request)).toMatchObject({
        person: { id: 'local:bob', roles: ['viewer', 'approver'], method: 'key', alone: false },
        tenant: 'acme',
        graphs: ['agent'],
      });
  });

  it('another service’s x-api-key beside a good bearer key does not hide it', async () => {
    const { key } = await world.issue();
    const authenticate = await world.authenticator();
    const caller = await authenticate(requestWith({ 'x-api-key': 'lsv2_x', authorization: `Bearer ${key}` }));
    expect(caller.person.id).toBe('service:ci');
  });

  it('one key makes a credential needed, on loopback too and in a server that runs', async () => {
    const authenticate = await world.authenticator();
    expect((await authenticate(requestWith())).person).toEqual(ADA);
    await world.issue();
    await expect(authenticate(requestWith(), peerAt('127.0.0.1'))).rejects.toMatchObject(REFUSED);
    const problem = problemOf(await authenticate(requestWith()).catch((error: unknown) => error));
    const response = problem === undefined ? undefined : problemResponse(problem, false);
    expect(response?.status).toBe(401);
    expect(response?.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response?.json()).toEqual({ detail: 'a key or token is needed: x-api-key or Authorization: Bearer' });
  });

  it('the secret of one key does not open another; neither does a cut, a longer or a re-cased one', async () => {
    const one = await world.issue();
    const two = await world.issue({ tenant: 'other' });
    const authenticate = await world.authenticator();
    const secret = one.key.slice(-43);
    const forged = [
      `gvk_${two.id}_${secret}`,
      `gvk_${'0'.repeat(16)}_${secret}`,
      one.key.slice(0, -1),
      `${one.key}A`,
      one.key.replace('gvk_', 'GVK_'),
      `gvk_${one.id}_`,
      `gvk_${one.id}_${'A'.repeat(43)}`,
      `gvk_' OR 1=1 --_${secret}`,
    ];
    for (const key of forged) await expect(authenticate(requestWith({ 'x-api-key': key }))).rejects.toMatchObject(REFUSED);
  });

  it('wrong id, wrong secret, expired and revoked look the same to the sender', async () => {
    const expired = await world.issue({ expiresAt: new Date(world.clock.ms + DAY_MS).toISOString() });
    const revoked = await world.issue();
    const authenticate = await world.authenticator();
    expect((await authenticate(bearer(expired.key))).person.id).toBe('service:ci');
    world.clock.ms += DAY_MS;
    await world.keys.revoke(revoked.id);
    const said = [expired.key, revoked.key, `gvk_${revoked.id}_${'A'.repeat(43)}`, `gvk_${'0'.repeat(16)}_${'A'.repeat(43)}`].map(
      async (key) => problemOf(await authenticate(bearer(key)).catch((error: unknown) => error))?.message,
    );
    expect(new Set(await Promise.all(said))).toEqual(new Set(['the key is unknown, expired or revoked']));
  });

  it('an expiry that cannot be read is over', async () => {
    const { key } = await world.issue({ expiresAt: 'soon' });
    await expect((await world.authenticator())(bearer(key))).rejects.toMatchObject(REFUSED);
  });

  it('revoking the last key does not open a running server', async () => {
    const { id, key } = await world.issue();
    const authenticate = await world.authenticator();
    await world.keys.revoke(id);
    await expect(authenticate(requestWith())).rejects.toMatchObject(REFUSED);
    await expect(authenticate(bearer(key))).rejects.toMatchObject(REFUSED);
  });

  it('with a key the server may listen anywhere, and nobody is the local operator there', async () => {
    const { key } = await world.issue();
    const authenticate = await world.authenticator({ host: '0.0.0.0' });
    await expect(authenticate(requestWith(), peerAt('127.0.0.1'))).rejects.toMatchObject(REFUSED);
    expect((await authenticate(bearer(key), peerAt('192.168.1.7'))).person.method).toBe('key');
  });

  it('a revoked key alone is no auth to listen with', async () => {
    const { id } = await world.issue();
    await world.keys.revoke(id);
    await expect(world.authenticator({ host: '0.0.0.0' })).rejects.toMatchObject({ name: 'UsageError' });
  });
});

describe('the Studio header', () => {
  const studio = operatorOf({ server: { auth: { studio: true } } });
  const request = () => requestWith({ 'x-auth-scheme': 'langsmith' });

  it('gives nothing by default', async () => {
    await world.issue();
    await expect((await world.authenticator())(request())).rejects.toMatchObject(REFUSED);
    await expect((await world.authenticator({ operator: studio, studio: false }))(request())).rejects.toMatchObject(REFUSED);
  });

  it('by option, on loopback, it is a user who looks and runs', async () => {
    await world.issue();
    const authenticate = await world.authenticator({ operator: studio });
    expect((await authenticate(request(), peerAt('127.0.0.1'))).person).toMatchObject({
      id: 'langgraph-studio-user',
      roles: ['viewer', 'operator'],
    });
    await expect(authenticate(request(), peerAt('10.0.0.1'))).rejects.toMatchObject(REFUSED);
  });

  it('by option on another bind the server does not start', async () => {
    await world.issue();
    await expect(world.authenticator({ operator: studio, host: '0.0.0.0' })).rejects.toMatchObject({ name: 'UsageError' });
  });
});

it('a client cannot say who it is or where its run stands', () => {
  const given = {
    langgraph_auth_user: { identity: 'root' },
    langgraph_auth_user_id: 'root',
    langgraph_auth_permissions: ['admin'],
    __pregel_resuming: true,
    thread_id: 'a',
    run_id: 'b',
    checkpoint_id: 'c',
    checkpoint_ns: '',
    checkpoint_map: {},
    model: 'small',
    langgraph: 1,
    my_thread_id: 2,
  };
  expect(cleanConfigurable(given)).toEqual({ model: 'small', langgraph: 1, my_thread_id: 2 });
  expect(given).toHaveProperty('thread_id');
});

describe('the server section of operator.yaml', () => {
  it('is strict and has safe defaults', () => {
    expect(operatorOf({}).server).toBeUndefined();
    expect(serverSchema.parse({})).toEqual({
      origins: [],
      hosts: [],
      webhooks: { allow: [] },
      auth: { studio: false },
      crons: { perCaller: 100, all: 10_000, minIntervalSeconds: 60 },
    });
    expect(serverSchema.safeParse({ cors: '*' }).success).toBe(false);
  });

  it.each([
    { origins: ['*'] },
    { origins: ['https://chat.example.com/'] },
    { origins: ['https://chat.example.com/path'] },
    { hosts: ['https://governor.example.com'] },
    { hosts: ['governor.example.com:443'] },
    { hosts: ['*'] },
    { webhooks: { secret: 'plain' } },
    { auth: { jwt: { issuer: 'i', audience: 'a', algorithms: ['RS256'], jwksUrl: 'nowhere' } } },
  ])('refuses %j', (section) => {
    expect(serverSchema.safeParse(section).success).toBe(false);
  });
});
