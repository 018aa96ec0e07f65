/** The command line from afar: a team on one server, with the words and exit codes of a home. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRuntime } from '../../runtime/runtime.ts';
import { issueKey } from '../server/issue-key.ts';
import { type ServerProcess, startProcess } from '../server/process.ts';
import { governor, inProcess, said } from './command.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from './shop.ts';

let shop: Shop;
let server: ServerProcess;
let user: string;
let keys: Record<'ada' | 'bob' | 'eve', string>;

beforeEach(async () => {
  shop = await openShop();
  const { home } = shop.world;
  const runtime = await openRuntime({ home, env: {} });
  const key = async (owner: string, roles: ('viewer' | 'operator' | 'approver')[]): Promise<string> =>
    (await issueKey(runtime.stores.served.keys, { owner, roles })).key;
  keys = { ada: await key('ada', ['operator']), bob: await key('bob', ['operator', 'approver']), eve: await key('eve', ['viewer']) };
  runtime.stores.close();
  server = await startProcess({ home, config: LANGGRAPH_JSON, env: KEY });
  user = mkdtempSync(join(tmpdir(), 'governor-user-'));
});
afterEach(async () => {
  await server.end('SIGKILL');
  rmSync(user, { recursive: true, force: true });
  await shop.close();
});

const as = (who: keyof typeof keys, args: readonly string[]) =>
  said(args, { cwd: user, env: { HOME: user, GOVERNOR_SERVER: server.url, GOVERNOR_TOKEN: keys[who] } });

test('a run is started, looked at and approved by another user, with what the same commands print in the home', async () => {
  const run = await as('ada', ['run', GOAL, '--repo', 'shop', '--json']);
  expect(run, run.errors).toMatchObject({ code: 4, result: { status: 'waiting', waiting: { gate: 'release' } } });
  expect(run.errors).toMatch(/^thread [0-9a-f-]{36}\nworst case \$/);
  const thread = String(run.result.thread_id);
  const looks = [
    ['list'],
    ['list', '--json'],
    ['show', thread],
    ['show', 'last', '--json'],
    ['diff', thread.slice(0, 13)],
    ['diff', thread, '--json'],
    ['explain', thread],
    ['log', thread],
    ['log', thread, '--json', '--agent', 'lead'],
    ['log', thread, '--follow'],
    ['watch', thread, '--quiet'],
    ['watch', thread, '--json'],
    ['approvals'],
    ['approvals', '--json'],
    ['report', thread],
    ['files', thread],
    ['show', 'nonesuch'],
    ['log', thread, '--agent', 'nobody'],
    ['reject', thread],
    ['approve', thread],
  ];
  const both = async (who: keyof typeof keys, args: readonly string[]) => [
    await inProcess(args, { HOME: user, GOVERNOR_SERVER: server.url, GOVERNOR_TOKEN: keys[who] }),
    await inProcess([...args, '--home', shop.world.home], { HOME: user }),
  ];
  for (const args of looks) {
    const [there, here] = await both('ada', args);
    expect(there, args.join(' ')).toEqual(here);
  }
  expect((await as('ada', ['diff', thread])).output).toContain('+');
  const subject = String(run.result.waiting?.subject);
  const own = await as('eve', ['approve', thread, '--subject', subject, '--json']);
  expect(own).toMatchObject({ code: 2, errors: expect.stringContaining('eve has viewer; this needs one of operator, approver, admin') });
  const approved = await as('bob', ['approve', thread, '--subject', subject, '--json']);
  expect(approved, approved.errors).toMatchObject({ code: 0, result: { status: 'released' } });
  expect((await governor(shop.world, ['audit', thread])).output).toMatch(/approval-vote.*approved/);
  expect((await governor(shop.world, ['show', thread, '--json'])).code).toBe(0);
  for (const args of [['show', thread, '--json'], ['list'], ['cancel', thread], ['approve', thread]]) {
    const [there, here] = await both('bob', args);
    expect(there, args.join(' ')).toEqual(here);
  }
});
