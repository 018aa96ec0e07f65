/** A damaged row or a damaged file of the database under a server that runs: who asks for it is told, and all others are answered. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ServerProcess, startProcess } from './process.ts';

let home: string;
let server: ServerProcess;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-damaged-'));
  server = await startProcess({ home });
});
afterEach(async () => {
  await server.end('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  const init = { method, headers: { 'content-type': 'application/json' } };
  const answer = await fetch(`${server.url}${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}

/** A thread with a state. */
async function stated(): Promise<string> {
  const { thread_id } = await server.client.threads.create();
  await server.client.runs.wait(thread_id, 'two', { input: { n: 1 } });
  return thread_id;
}

function change(statement: string, ...values: string[]): void {
  const rows = new Sqlite(join(home, 'governor.sqlite'));
  expect(rows.prepare(statement).run(...values).changes).toBeGreaterThan(0);
  rows.close();
}

describe('a checkpoint', () => {
  test.each([
    ['that is no JSON', "CAST('{' AS BLOB)"],
    ['that is cut', 'substr(checkpoint, 1, length(checkpoint) / 2)'],
    ['of a version to come', `json_set(CAST(checkpoint AS TEXT), '$.v', 99)`],
    ['that is another thing', "'[1,2,3]'"],
    ['that is nothing', "''"],
  ])('%s is told to who asks for its thread; another thread is read and run', async (_how, value) => {
    const [bad, good] = [await stated(), await stated()];
    change(`UPDATE checkpoints SET checkpoint = ${value} WHERE thread_id = ?`, bad);
    const state = await ask('GET', `/threads/${bad}/state`);
    const run = await ask('POST', `/threads/${bad}/runs/wait`, { assistant_id: 'two', input: { n: 1 } });
    expect(state).toMatchObject({ status: 409, text: expect.stringMatching(/STATE_TAMPERED.*checkpoint \(the latest\) cannot be read/) });
    expect(run.text).toMatch(/"__error__".*cannot be read/);
    expect(await ask('POST', `/threads/${bad}/history`, {})).toMatchObject({ status: 409 });
    expect((await ask('GET', `/threads/${good}/state`)).text).toContain('"n":3');
    expect(await ask('POST', `/threads/${good}/runs/wait`, { assistant_id: 'two', input: { n: 1 } })).toMatchObject({ status: 200 });
    expect(await ask('POST', '/threads/search', {})).toMatchObject({ status: 200, text: expect.stringContaining(good) });
    expect(await ask('GET', '/ok')).toMatchObject({ status: 200 });
  });
});

test('a database that is cut or overwritten is refused by name at the next start, and no new home is made of it', async () => {
  await stated();
  await server.end('SIGTERM');
  const file = join(home, 'governor.sqlite');
  const whole = readFileSync(file);
  for (const damage of [() => truncateSync(file, 4096 * 3), () => writeFileSync(file, Buffer.alloc(whole.length, 'x'))]) {
    damage();
    const size = readFileSync(file).length;
    await expect(startProcess({ home })).rejects.toThrow(/governor\.sqlite.*(?:malformed|not a database|cannot be opened|restore)/);
    expect(readFileSync(file)).toHaveLength(size);
    writeFileSync(file, whole);
  }
  server = await startProcess({ home });
  expect((await ask('POST', '/threads/count', {})).text).toBe('1');
});
