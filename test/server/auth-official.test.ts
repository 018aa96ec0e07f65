/** What the official server's HTTP tests of auth show, over the real rows: tokens with scopes, owners stamped and filtered. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Auth, HTTPException } from '@langchain/langgraph-sdk/auth';
import { jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../checkpoints/database.ts';
import { createAssistants } from '../../checkpoints/served/assistants.ts';
import { createThreads } from '../../checkpoints/served/threads.ts';
import type { Scope } from '../../domain/served.ts';
import { customAuth } from '../../server/auth/custom.ts';
import type { Action, Caller, Resource } from '../../server/caller.ts';
import { problemOf } from '../../server/problem.ts';
import { type AuthWorld, bearer, makeAuthWorld, requestWith } from './auth-world.ts';

let world: AuthWorld;
beforeEach(() => {
  world = makeAuthWorld();
});
afterEach(() => world.dispose());

const statusOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: unknown) => problemOf(error)?.status ?? error,
  );

const SECRET = new TextEncoder().encode('a secret of thirty-two bytes, yes');
const USERS: Readonly<Record<string, readonly string[]>> = { johndoe: ['assistants:write', 'me'], alice: ['assistants:write', 'me'] };
const auth = new Auth()
  .authenticate(async (request) => {
    const token = request.headers.get('authorization')?.split(' ')[1] ?? '';
    const { payload } = await jwtVerify(token, SECRET, { algorithms: ['HS256'] }).catch((cause: unknown) => {
      throw new HTTPException(401, { message: 'Failed to verify', headers: { 'WWW-Authenticate': 'Bearer' }, cause });
    });
    const own = USERS[payload.sub ?? ''];
    if (own === undefined) throw new HTTPException(401, { message: 'Could not validate credentials' });
    return { identity: payload.sub ?? '', permissions: own.filter((word) => String(payload['scopes']).split(' ').includes(word)) };
  })
  .on('*', ({ permissions }) => permissions.length > 0)
  .on('assistants:create', ({ value, user, permissions }) => {
    if (!permissions.includes('assistants:write')) throw new HTTPException(403, { message: 'Not authorized' });
    value.metadata ??= {};
    value.metadata['owner'] = user.identity;
  })
  .on(['threads', 'assistants'], ({ action, value, user }) => {
    if ((action === 'create' || action === 'update' || action === 'create_run') && 'metadata' in value) {
      value.metadata ??= {};
      value.metadata['owner'] = user.identity;
    }
    return { owner: user.identity };
  })
  .on('store', ({ value, user }) => 'namespace' in value && value.namespace?.includes(user.identity) === true);

const login = async (sub: string, scopes = 'me assistants:write'): Promise<Caller> => {
  const token = await new SignJWT({ sub, scopes }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET);
  return (await world.authenticator({ custom: customAuth(auth, './auth.ts:auth') }))(bearer(token));
};
const scopeOf = async (caller: Caller, resource: Resource, action: Action, value: Record<string, unknown> = {}): Promise<Scope> => ({
  tenant: caller.tenant,
  filters: await caller.authorize(resource, action, value),
});
const rows = () => {
  const database = openDatabase(join(world.folder, 'governor.sqlite'));
  return {
    threads: createThreads(database, world.clock),
    assistants: createAssistants(database, world.clock),
    close: () => database.close(),
  };
};
const createAssistant = async (of: ReturnType<typeof rows>, caller: Caller) => {
  const value = { graph_id: 'agent', metadata: {} };
  const scope = await scopeOf(caller, 'assistants', 'create', value);
  const row = { assistantId: randomUUID(), graphId: 'agent', name: 'a', description: null, config: {}, context: null };
  return of.assistants.create(scope, { ...row, metadata: value.metadata }, 'raise');
};
const createThread = async (of: ReturnType<typeof rows>, caller: Caller) => {
  const value = { metadata: {} };
  const scope = await scopeOf(caller, 'threads', 'create', value);
  return of.threads.create(scope, { threadId: randomUUID(), metadata: value.metadata, ifExists: 'raise' });
};
const page = { limit: 10, offset: 0 };

it('an unknown user, a bad token and no token are 401', async () => {
  expect(await statusOf(login('wfh'))).toBe(401);
  const authenticate = await world.authenticator({ custom: customAuth(auth, './auth.ts:auth') });
  expect(await statusOf(authenticate(bearer('x')))).toBe(401);
  expect(await statusOf(authenticate(requestWith()))).toBe(401);
});

it('a user without scopes creates nothing; with the scope an assistant carries its owner', async () => {
  const of = rows();
  expect(await statusOf(createAssistant(of, await login('johndoe', '')))).toBe(403);
  expect(await statusOf(createAssistant(of, await login('johndoe', 'foo')))).toBe(403);
  const made = await createAssistant(of, await login('johndoe'));
  expect(made.metadata).toEqual({ owner: 'johndoe' });
  of.close();
});

it('each user finds, changes and deletes their own assistants only', async () => {
  const of = rows();
  const [john, alice] = [await login('johndoe'), await login('alice')];
  const [hers, his] = [await createAssistant(of, alice), await createAssistant(of, john)];
  const found = await of.assistants.search(await scopeOf(alice, 'assistants', 'search'), {}, page);
  expect(found.rows.map((row) => row.assistantId)).toEqual([hers.assistantId]);
  const update = await scopeOf(alice, 'assistants', 'update', { metadata: {} });
  await expect(of.assistants.patch(update, his.assistantId, { metadata: { foo: 'bar' } })).rejects.toMatchObject({ kind: 'missing' });
  await expect(of.assistants.delete(await scopeOf(alice, 'assistants', 'delete'), his.assistantId)).rejects.toMatchObject({
    kind: 'missing',
  });
  of.close();
});

it('a thread of another user does not exist: read, run, update, copy, delete', async () => {
  const of = rows();
  const [john, alice] = [await login('johndoe'), await login('alice', 'me')];
  const { threadId } = await createThread(of, john);
  expect(await of.threads.get(await scopeOf(john, 'threads', 'read'), threadId)).toMatchObject({ metadata: { owner: 'johndoe' } });
  for (const action of ['read', 'create_run', 'search'] as const)
    expect(await of.threads.get(await scopeOf(alice, 'threads', action), threadId)).toBeUndefined();
  expect((await of.threads.search(await scopeOf(alice, 'threads', 'search'), {}, page)).rows).toEqual([]);
  const scope = await scopeOf(alice, 'threads', 'update', { metadata: {} });
  await expect(of.threads.patch(scope, threadId, { metadata: { foo: 'bar' } })).rejects.toMatchObject({ kind: 'missing' });
  await expect(of.threads.copy(scope, threadId, randomUUID())).rejects.toMatchObject({ kind: 'missing' });
  await expect(of.threads.delete(scope, threadId)).rejects.toMatchObject({ kind: 'missing' });
  expect(await of.threads.get(await scopeOf(john, 'threads', 'read'), threadId)).toBeDefined();
  of.close();
});

it('a user reads and writes the store under their own name only', async () => {
  const john = await login('johndoe', 'me');
  expect(await statusOf(john.authorize('store', 'put', { namespace: ['johndoe', 'notes'], key: 'a', value: {} }))).toBe(200);
  expect(await statusOf(john.authorize('store', 'get', { namespace: ['alice'], key: 'a' }))).toBe(403);
  expect(await statusOf(john.authorize('store', 'list_namespaces', {}))).toBe(403);
});
