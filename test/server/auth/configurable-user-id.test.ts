/** `configurable.user_id` of a caller with a credential is the credential's own, whatever the caller says; graphs and factories see no other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@langchain/langgraph-sdk';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createKeys } from '../../../checkpoints/served/keys.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { called } from '../fixtures/caller/caller.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';

const CONFIG = new URL('../fixtures/caller/langgraph.json', import.meta.url).pathname;
const SECRET = 'a secret of thirty-two bytes, yes';
const ISSUER = 'https://login.example.com';
const MALLORY = 'person:mallory';
/** What a caller can say to be another, beside the credential. */
const CLAIMS = { user_id: MALLORY, 'user-id': MALLORY, 'x-user-id': MALLORY, 'x-user_id': MALLORY };
const CLAIMED = { config: { configurable: { user_id: MALLORY } } };

let home: string;
let server: TestServer;
const credentials: Record<string, { readonly header: Readonly<Record<string, string>>; readonly own: string }> = {};

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-user-'));
  writeFileSync(
    join(home, 'operator.yaml'),
    JSON.stringify({
      server: {
        auth: { jwt: { issuer: ISSUER, audience: 'governor', algorithms: ['HS256'], secret: 'secret://env/TOKENS', rolesClaim: 'roles' } },
      },
    }),
  );
  const database = openDatabase(join(home, 'governor.sqlite'));
  const { key } = await issueKey(createKeys(sqliteSql(database), { now: () => Date.now(), monotonic: () => performance.now() }));
  database.close();
  const token = await new SignJWT({ roles: ['operator'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience('governor')
    .setSubject('ada')
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(SECRET));
  credentials['key'] = { header: { 'x-api-key': key }, own: 'service:ci' };
  credentials['token'] = { header: { authorization: `Bearer ${token}` }, own: `${ISSUER}#ada` };
  server = await startServer({ home, config: CONFIG, env: { TOKENS: SECRET } });
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

describe.each(['key', 'token'])('the caller with a %s', (kind) => {
  let own: string;
  let client: Client;
  const clientWith = (more: Readonly<Record<string, string>>): Client =>
    new Client({
      apiUrl: server.url,
      apiKey: null,
      defaultHeaders: { ...credentials[kind]?.header, ...more },
      callerOptions: { maxRetries: 0 },
    });
  beforeEach(() => {
    own = credentials[kind]?.own ?? '';
    client = clientWith({});
    called.length = 0;
  });
  const forged = (name: string) => client.assistants.create({ graphId: name, ...CLAIMED });

  test('is its own without a word, and with one in the config of a run', async () => {
    expect(await client.runs.wait(null, 'whose', { input: {} })).toEqual({ node: own, deep: own });
    expect(await client.runs.wait(null, 'whose', { input: {}, ...CLAIMED })).toEqual({ node: own, deep: own });
  });

  test('is its own on an assistant that says another, also one that was changed to say it', async () => {
    const { assistant_id } = await forged('whose');
    expect(await client.runs.wait(null, assistant_id, { input: {} })).toEqual({ node: own, deep: own });
    const plain = await client.assistants.create({ graphId: 'whose' });
    const { thread_id } = await client.threads.create();
    const waiting = await client.runs.create(thread_id, plain.assistant_id, { input: {}, afterSeconds: 1 });
    // After it was asked for, before it begins.
    await client.assistants.update(plain.assistant_id, CLAIMED);
    expect(await client.runs.join(thread_id, waiting.run_id)).toEqual({ node: own, deep: own });
  });

  test('is its own with headers that say another', async () => {
    expect(await clientWith(CLAIMS).runs.wait(null, 'whose', { input: {} })).toEqual({ node: own, deep: own });
  });

  test('is its own in runs of a batch, in a stream, and with everything said at once', async () => {
    const { assistant_id } = await forged('whose');
    const loud = clientWith(CLAIMS);
    const { thread_id } = await client.threads.create({ metadata: { user_id: MALLORY } });
    let last: unknown;
    const said = { input: {}, ...CLAIMED, context: { user_id: MALLORY }, metadata: { user_id: MALLORY } };
    for await (const { event, data } of loud.runs.stream(thread_id, assistant_id, { ...said, streamMode: 'values' }))
      if (event === 'values') last = data;
    expect(last).toEqual({ node: own, deep: own });
    const batch = await loud.runs.createBatch(
      [0, 1].map(() => ({ assistantId: assistant_id, onCompletion: 'continue' as const, ...said })),
    );
    for (const { thread_id: kept, run_id } of batch) expect(await client.runs.join(kept, run_id)).toEqual({ node: own, deep: own });
  });

  test('a factory is never called for another: not for a run, nor to read or edit its state, nor to draw its assistant', async () => {
    const { assistant_id } = await forged('made');
    const { thread_id } = await client.threads.create();
    const values = await client.runs.wait(thread_id, assistant_id, { input: {}, ...CLAIMED });
    expect(values).toMatchObject({ factory: own, __interrupt__: [{ value: 'which?' }] });
    expect(called).toContain(own);
    await client.threads.getState(thread_id);
    await client.threads.getHistory(thread_id);
    await client.threads.updateState(thread_id, { values: { node: 'x' }, asNode: 'tell' });
    await client.assistants.getGraph(assistant_id);
    expect(called.filter((user) => user !== own && user !== null)).toEqual([]);
    expect(JSON.stringify((await client.threads.get(thread_id)).config)).not.toContain(MALLORY);
  });
});
