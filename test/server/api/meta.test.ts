/** `/ok` and `/info`: what is asked before anything else. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createOutbox } from '../../../checkpoints/served/outbox.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import type { Served } from '../../../domain/server-stores.ts';
import { metaEndpoints } from '../../../server/api/meta.ts';
import { type Home, makeHome } from '../../checkpoints/home.ts';
import { mount } from '../harness.ts';

let home: Home;
let database: ReturnType<typeof openDatabase>;
let app: ReturnType<typeof mount>;
beforeEach(() => {
  home = makeHome();
  database = openDatabase(home.file);
  app = mount(
    metaEndpoints({ served: { outbox: createOutbox(sqliteSql(database), home.clock) } as Served, runtime: { operator: undefined } }),
  ); // the one store that is asked
});
afterEach(() => {
  database.close();
  home.dispose();
});

const manifest = (file: string): { version: string } =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as { version: string }; // a package.json

test.each(['/ok', '/ok?check_db=0', '/ok?check_db=1'])('%s is ok', async (path) => {
  const response = await app.request(path);
  expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
});

test('says 500 when the database is asked for and down, and stays ok when it is not asked for', async () => {
  database.close();
  const response = await app.request('/ok?check_db=1');
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ detail: expect.stringMatching(/^the database does not answer: /) });
  expect((await app.request('/ok')).status).toBe(200);
});

test.each([
  ['/ok?check_db=maybe', 'check_db'],
  ['/ok?other=1', 'other'],
])('%s is 422 naming the field', async (path, field) => {
  const response = await app.request(path);
  expect(response.status).toBe(422);
  expect(await response.json()).toEqual({ detail: expect.stringContaining(field) });
});

test('tells the API level that Studio looks for, LangGraph as installed, and our own version aside', async () => {
  const response = await app.request('/info');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    version: '1.5.1',
    langgraph_js_version: manifest('../../../node_modules/@langchain/langgraph/package.json').version,
    langgraph_py_version: null,
    context: 'js',
    flags: {
      assistants: true,
      crons: true,
      langsmith: false,
      langsmith_tracing_replicas: false,
      strict_resume: true,
      stream_namespaces: true,
    },
    metadata: {},
    host: { kind: 'self-hosted', project_id: null, revision_id: null, tenant_id: null },
    governor: { version: manifest('../../../package.json').version, command_line: 1 },
  });
});
