/** Callers that are known again without a credential: with the rights of now, and not at all once nothing proves them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PersonRole } from '../../../domain/access.ts';
import type { Caller } from '../../../server/auth/caller.ts';
import type { AuthUser, CustomAuth } from '../../../server/auth/custom.ts';
import { keptOf } from '../../../server/auth/kept-caller.ts';
import { ADA, type AuthWorld, bearer, DAY_MS, makeAuthWorld, operatorOf, requestWith } from './auth-world.ts';

let world: AuthWorld;
beforeEach(() => {
  world = makeAuthWorld();
});
afterEach(() => world.dispose());

const SECRET = 'a secret of thirty-two bytes, yes';
const JWT = { auth: { jwt: { issuer: 'https://id', audience: 'governor', algorithms: ['HS256'], secret: 'secret://env/JWT' } } };
const resolve = (): string => SECRET;
const callerOf = (method: string, more: Partial<Caller> = {}, roles: readonly PersonRole[] = ['operator']): Caller => ({
  person: { id: 'https://id#bea', roles, method, alone: false },
  tenant: 'acme',
  authorize: async () => undefined,
  ...more,
});

test('a key is the one it was: its owner, graphs and tenant, until it is revoked or expires', async () => {
  const { authenticate, recall } = await world.auth();
  const { key, id } = await world.issue({
    owner: 'service:a',
    tenant: 'acme',
    graphs: ['two'],
    roles: ['viewer'],
    expiresAt: new Date(world.clock.ms + DAY_MS).toISOString(),
  });
  const other = await world.issue({ owner: 'service:a', tenant: 'acme' });
  const kept = keptOf(await authenticate(bearer(key)));
  expect(JSON.stringify(kept)).not.toContain(key);
  expect(await recall(kept)).toMatchObject({
    person: { id: 'service:a', roles: ['viewer'], method: 'key' },
    tenant: 'acme',
    graphs: ['two'],
  });
  await world.keys.revoke(other.id);
  expect(await recall(kept)).toMatchObject({ keyId: id });
  world.clock.ms += DAY_MS;
  await expect(recall(kept)).rejects.toMatchObject({ status: 401, message: `service:a: key ${id} is revoked or expired` });
});

test('the local operator is, with every role of now, also once others have keys; another one is not', async () => {
  const { authenticate, recall } = await world.auth();
  const kept = keptOf(await authenticate(requestWith()));
  await world.issue();
  expect(await recall(kept)).toMatchObject({ person: ADA, tenant: 'default' });
  const { recall: after } = await world.auth({ person: { ...ADA, id: 'local:eve' } });
  await expect(after(kept)).rejects.toMatchObject({
    status: 401,
    message: expect.stringContaining('local:ada: is not the local operator local:eve'),
  });
});

test('a person with a token keeps the roles of it, unless the operator says others, by whichever of their names', async () => {
  const kept = keptOf(callerOf('jwt'));
  const rolesNow = async (operator: object): Promise<unknown> =>
    (await (await world.auth({ operator: operatorOf({ server: JWT, ...operator }), resolve })).recall(kept)).person.roles;
  expect(await rolesNow({})).toEqual(['operator']);
  expect(await rolesNow({ people: { 'https://id#bea': [] } })).toEqual([]);
  expect(await rolesNow({ people: { 'https://id#other': [] } })).toEqual(['operator']);
  expect(await rolesNow({ aliases: { 'https://id#old': 'https://id#bea' }, people: { 'https://id#old': ['viewer'] } })).toEqual(['viewer']);
  await expect((await world.auth()).recall(kept)).rejects.toMatchObject({
    status: 401,
    message: expect.stringContaining('server.auth.jwt'),
  });
});

test('a user of the project’s own auth is asked about by its handlers as they are now', async () => {
  const user: AuthUser = { identity: 'bea', display_name: 'Bea', is_authenticated: true, permissions: [] };
  const asked: unknown[] = [];
  const custom: CustomAuth = {
    authenticate: async () => user,
    authorize: async (who, resource, action) => {
      asked.push([who.identity, resource, action]);
      return { owner: who.identity };
    },
  };
  const { authenticate, recall } = await world.auth({ custom });
  const again = await recall(keptOf(await authenticate(requestWith())));
  expect(again).toMatchObject({ person: { id: 'custom:bea', roles: ['viewer', 'operator'] }, user });
  expect(await again.authorize('threads', 'create_run', {})).toEqual({ owner: 'bea' });
  expect(asked).toEqual([['bea', 'threads', 'create_run']]);
  const kept = keptOf(await authenticate(requestWith()));
  await expect((await world.auth()).recall(kept)).rejects.toMatchObject({ status: 401, message: expect.stringContaining('auth.path') });
});

test('one that only a header named is not kept', () => {
  expect(() => keptOf(callerOf('studio'))).toThrow(
    expect.objectContaining({ status: 403, message: expect.stringContaining('come with a key or a token') }),
  );
});
