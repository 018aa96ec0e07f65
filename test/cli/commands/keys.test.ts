/** `governor keys`: a key is printed once and is good at once; only an admin makes, lists and revokes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAudit } from '../../../checkpoints/audit/audit.ts';
import { createHeadFile } from '../../../checkpoints/audit/head-file.ts';
import { openDatabase } from '../../../checkpoints/database.ts';
import { createKeys } from '../../../checkpoints/served/keys.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { run } from '../../../cli/main.ts';
import { systemClock } from '../../../runtime/environment.ts';
import { verifyKey } from '../../../server/auth/keys.ts';

const DAY_MS = 24 * 3600 * 1000;
const ME = `local:${userInfo().username}`;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'governor-keys-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function keys(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  let output = '';
  let errors = '';
  const code = await run(['keys', ...args, '--home', home], {
    stdout: (text) => (output += text),
    stderr: (text) => (errors += text),
    env: {},
    isTTY: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  return { code, output, errors };
}

test('a key is printed once, alone on stdout, and is good; its secret is nowhere in the home', async () => {
  const args = ['--name', 'night job', '--role', 'viewer', '--role', 'operator', '--tenant', 'acme', '--owner', 'service:ci'];
  const { code, output, errors } = await keys('create', ...args, '--graph', 'agent', 'builder', '--expires', '2d');
  expect(code).toBe(0);
  expect(output).toMatch(/^gvk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n$/);
  const key = output.trim();
  const secret = key.slice(-43);
  expect(errors).not.toContain(secret);
  expect((await keys('list')).output).not.toContain(secret);
  for (const file of ['governor.sqlite', 'governor.sqlite-wal']) {
    const bytes = ((): string => {
      try {
        return readFileSync(join(home, file), 'latin1');
      } catch {
        return '';
      }
    })();
    expect(bytes).not.toContain(secret);
  }
  const database = openDatabase(join(home, 'governor.sqlite'));
  const row = await verifyKey(createKeys(sqliteSql(database), systemClock), systemClock, key);
  database.close();
  expect(row).toMatchObject({
    name: 'night job',
    roles: ['viewer', 'operator'],
    tenant: 'acme',
    owner: 'service:ci',
    graphs: ['agent', 'builder'],
  });
  const leftMs = Date.parse(row?.expiresAt ?? '') - Date.now();
  expect(leftMs).toBeGreaterThan(2 * DAY_MS - 60_000);
  expect(leftMs).toBeLessThanOrEqual(2 * DAY_MS);
});

test('by default a key is its maker’s, of tenant default, for all graphs, for 90 days; never is for ever', async () => {
  const made = JSON.parse((await keys('create', '--name', 'a', '--role', 'viewer', '--json')).output);
  expect(made).toMatchObject({ state: 'active', owner: ME, tenant: 'default', graphs: null, roles: ['viewer'] });
  expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBeGreaterThan(90 * DAY_MS - 60_000);
  expect(
    JSON.parse((await keys('create', '--name', 'a', '--role', 'viewer', '--expires', 'never', '--json')).output).expires_at,
  ).toBeNull();
});

test('the list tells all but hash and secret; a revoked key stays in it', async () => {
  expect((await keys('list')).output).toBe('there are no keys\n');
  const { id } = JSON.parse((await keys('create', '--name', 'a', '--role', 'admin', '--json')).output);
  expect(await keys('revoke', id)).toMatchObject({ code: 0, output: expect.stringContaining('revoked') });
  const [row, ...others] = JSON.parse((await keys('list', '--json')).output);
  expect(others).toEqual([]);
  expect(Object.keys(row)).toEqual(['id', 'name', 'state', 'tenant', 'owner', 'roles', 'graphs', 'created_at', 'expires_at', 'revoked_at']);
  expect(row).toMatchObject({ id, state: 'revoked' });
});

test.each([
  [['create', '--role', 'viewer'], '--name'],
  [['create', '--name', 'a'], '--role'],
  [['create', '--name', 'a', '--role', 'boss'], 'boss'],
  [['create', '--name', 'a', '--role', 'viewer', '--expires', 'soon'], '--expires "soon"'],
  [['create', '--name', '', '--role', 'viewer'], '--name ""'],
  [['create', '--name', 'a\u001b[2J', '--role', 'viewer'], '--name'],
  [['create', '--name', 'a', '--role', 'viewer', '--owner', 'ada lovelace'], '--owner'],
  [['create', '--name', 'a', '--role', 'viewer', '--tenant', '../x'], '--tenant'],
  [['revoke', 'nobody'], 'key nobody'],
  [['revoke'], 'id'],
  [['renew', 'a'], 'renew'],
])('%j is a usage error that names what is wrong', async (args, named) => {
  const { code, errors, output } = await keys(...args);
  expect([code, output]).toEqual([2, '']);
  expect(errors).toContain(named);
});

test('a person without the role admin makes, lists and revokes none', async () => {
  writeFileSync(join(home, 'operator.yaml'), `people: { "${ME}": [viewer, operator, approver] }\n`);
  for (const args of [['list'], ['revoke', 'a'], ['create', '--name', 'a', '--role', 'viewer']])
    expect(await keys(...args)).toMatchObject({ code: 2, output: '', errors: expect.stringContaining('role "admin" is needed') });
});

test('the trail says who made and who revoked a key, and with what rights', async () => {
  const { output } = await keys('create', '--name', 'ci', '--role', 'approver', '--owner', 'service:ci', '--json');
  const { id } = JSON.parse(output) as { id: string }; // what create --json prints
  expect((await keys('revoke', id)).code).toBe(0);
  const database = openDatabase(join(home, 'governor.sqlite'));
  const records = await createAudit(sqliteSql(database), systemClock, {
    head: createHeadFile(join(home, 'audit.head')),
    database: database.name,
  }).read({ threadId: '-' });
  database.close();
  expect(records.map(({ actor, action, facts }) => [actor, action, facts])).toEqual([
    [ME, 'key-create', expect.objectContaining({ key: id, roles: ['approver'], owner: 'service:ci', tenant: 'default' })],
    [ME, 'key-revoke', { key: id }],
  ]);
});
