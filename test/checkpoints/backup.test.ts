/** Backups: one file that holds a home as of one moment, taken beside its writers, and a home again that goes on from there. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restoreHome } from '../../checkpoints/backup.ts';
import type { Stores } from '../../checkpoints/stores.ts';
import { rowOf } from '../../domain/transcript.ts';
import { amountsOf, effectOf, type Home, INPUT, leased, makeHome, otherProcess, threadOf } from './home.ts';

let home: Home;
let stores: Stores;
let file: string;
let target: string;
beforeEach(async () => {
  home = makeHome();
  stores = await home.open();
  file = join(home.folder, 'backup');
  target = join(home.folder, 'restored');
});
afterEach(() => home.dispose());

const ID = threadOf(1);
const usage = (...parts: string[]) =>
  expect.objectContaining({ name: 'UsageError', code: 'USAGE', message: expect.stringMatching(new RegExp(parts.join('.*'))) });
/** What a restore of the file throws. */
function refusal(): unknown {
  try {
    restoreHome(file, target);
  } catch (error) {
    return error;
  }
  throw new Error('it was restored');
}
const names = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();

/** A run with something in every store. */
async function fill(): Promise<{ head: string; approval: string }> {
  const fence = await leased(stores);
  const row = rowOf(null, 'lead', { role: 'user', content: 'first' });
  const accounts = [{ id: 'run', caps: { costMicroUsd: 100 } }];
  for (const key of ['paid', 'open'])
    await stores.effects.start(fence, effectOf(key), { reserve: { accounts, amounts: amountsOf({ costMicroUsd: 30 }) } });
  await stores.effects.finish(fence, 'paid', { result: 'answer', actual: amountsOf({ costMicroUsd: 10 }), rows: [row] });
  await stores.attempts.allocate(fence, 'build', 'inputs');
  const approval = await stores.approvals.open({
    threadId: ID,
    gate: 'release',
    subject: { digest: 'd' },
    required: { role: 'approver', min: 1, notStarter: false },
    shown: {},
  });
  await stores.dossier.writeText(ID, 'request.json', '{}');
  await stores.dossier.writeText(ID, 'evidence/1/test.log', Buffer.from([0, 1, 2, 255]));
  writeFileSync(join(home.folder, 'operator.yaml'), 'people: {}\n');
  return { head: row.id, approval: approval.id };
}

describe('a backup', () => {
  test('restores to a home with everything, that goes on under the next lease', async () => {
    const { head, approval } = await fill();
    const { bytes } = await stores.backup(file);
    expect(bytes).toBe(statSync(file).size);
    restoreHome(file, target);
    const restored = await home.open(target);
    expect(await restored.runs.get(ID)).toEqual(await stores.runs.get(ID));
    expect(await restored.effects.peek('paid')).toMatchObject({ state: 'done', result: 'answer' });
    expect(await restored.transcripts.chain(ID, head)).toEqual(await stores.transcripts.chain(ID, head));
    expect(await restored.approvals.get(approval)).toEqual(await stores.approvals.get(approval));
    expect(await restored.audit.verify()).toEqual(await stores.audit.verify());
    await restored.audit.assertTail();
    expect((await restored.dossier.read(ID, 'evidence/1/test.log'))?.bytes).toEqual(Buffer.from([0, 1, 2, 255]));
    expect(readFileSync(join(target, 'operator.yaml'), 'utf8')).toBe('people: {}\n');
    home.clock.ms += 60_000;
    const fence = await restored.runs.acquire(ID);
    expect(fence.epoch).toBe(2);
    expect(await restored.ledger.bookOrphans(fence)).toBe(1);
    expect(await restored.attempts.allocate(fence, 'build', 'inputs')).toBe(1);
    expect(await restored.ledger.totals(ID, 'run')).toMatchObject({ settled: { costMicroUsd: 40 }, reserved: { costMicroUsd: 0 } });
    // The one it was taken from has not changed.
    expect(await stores.ledger.totals(ID, 'run')).toMatchObject({ settled: { costMicroUsd: 10 }, reserved: { costMicroUsd: 30 } });
  });

  test('is for its owner alone, and so is all that is restored from it', async () => {
    await fill();
    chmodSync(home.folder, 0o755);
    await stores.backup(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    restoreHome(file, target);
    for (const name of ['.', ...names(target)]) expect([name, statSync(join(target, name)).mode & 0o077]).toEqual([name, 0]);
  });

  test('keeps the order of threads and of checkpoints, on which "last" and "latest" stand', async () => {
    // Ids that sort against the order in which they came, as after a clock that went back.
    for (const number of [3, 1, 2]) await stores.runs.create(threadOf(number), INPUT);
    const put = async (id: string, at: Stores): Promise<void> => {
      const config = { configurable: { thread_id: ID, checkpoint_ns: '' } };
      await (await at.saver()).put(config, { ...emptyCheckpoint(), id }, { source: 'loop', step: 1, parents: {} });
    };
    for (const id of ['b', 'd', 'c']) await put(id, stores);
    await stores.backup(file);
    restoreHome(file, target);
    const restored = await home.open(target);
    expect((await restored.runs.list()).map((row) => row.threadId)).toEqual([2, 1, 3].map(threadOf));
    const latest = async () => (await (await restored.saver()).getTuple({ configurable: { thread_id: ID } }))?.checkpoint.id;
    expect(await latest()).toBe('c');
    await put('a', restored);
    expect(await latest()).toBe('a');
  });

  test('of an empty home restores to an empty home, whatever head lay there', async () => {
    await stores.backup(file);
    mkdirSync(target);
    writeFileSync(join(target, 'audit.head'), `7 ${'a'.repeat(64)}\n`);
    restoreHome(file, target);
    const restored = await home.open(target);
    await restored.audit.assertTail();
    expect(await restored.audit.verify()).toMatchObject({ kind: 'whole', records: 0 });
    expect(await restored.runs.list()).toEqual([]);
  });

  test('of a restored home is as good as the first', async () => {
    await fill();
    await stores.backup(file);
    restoreHome(file, target);
    await (await home.open(target)).backup(`${file}-2`);
    restoreHome(`${file}-2`, join(home.folder, 'again'));
    const again = await home.open(join(home.folder, 'again'));
    expect(await again.audit.verify()).toEqual(await stores.audit.verify());
    expect(await again.dossier.list(ID)).toEqual(await stores.dossier.list(ID));
  });

  test('does not take the place of a file, needs its folder, and leaves nothing when it fails', async () => {
    writeFileSync(file, 'mine');
    await expect(stores.backup(file)).rejects.toEqual(usage('exists already'));
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await expect(stores.backup(join(home.folder, 'none/backup'))).rejects.toEqual(usage('its folder does not exist'));
    // The table of the files is taken: the copy fails when it is half done.
    await fill();
    const before = names(home.folder);
    home.raw().exec('CREATE TABLE backup_files (path TEXT)');
    await expect(stores.backup(`${file}-2`)).rejects.toThrow('backup_files already exists');
    expect(names(home.folder)).toEqual(before);
  });

  test('leaves out files that were never finished', async () => {
    await fill();
    writeFileSync(join(home.folder, 'runs', ID, 'report.md.123.tmp'), 'half');
    await stores.backup(file);
    restoreHome(file, target);
    expect(names(join(target, 'runs', ID)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('taken again and again while another process writes is whole each time, and has every file of its records', async () => {
    const other = otherProcess('write', { home: home.folder, threadId: ID });
    const counts: number[] = [];
    try {
      await other.ready();
      for (let times = 0; times < 4; times++) {
        await stores.backup(`${file}-${times}`);
        const before = (await stores.audit.read({})).length;
        // The next one is of a later moment.
        while ((await stores.audit.read({})).length < before + 5) await new Promise((resolve) => setImmediate(resolve));
      }
      other.goOn();
      await other.said;
    } finally {
      other.kill();
    }
    for (let times = 0; times < 4; times++) {
      restoreHome(`${file}-${times}`, `${target}-${times}`);
      const restored = await home.open(`${target}-${times}`);
      const verdict = await restored.audit.verify();
      expect(verdict.kind).toBe('whole');
      await restored.audit.assertTail();
      const records = await restored.audit.read({});
      counts.push(records.length);
      // File first, record second: the file of the newest record is there, as it was then or newer.
      const newest = Number(records.at(-1)?.facts?.['index']);
      const text = (await restored.dossier.read(ID, `evidence/1/${newest % 20}.log`))?.bytes.toString() ?? '';
      expect(Number(/^record (\d+)\n/.exec(text)?.[1])).toBeGreaterThanOrEqual(newest);
      expect(text.split('\n').length).toBe(51);
    }
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(counts).size).toBe(4);
  });
});

describe('a restore', () => {
  beforeEach(async () => {
    await fill();
    await stores.backup(file);
  });

  test.each(['governor.sqlite', 'governor.sqlite-wal', 'governor.sqlite-shm'])(
    'into a home that holds %s is refused, and nothing there is touched',
    (name) => {
      // A log of another database would be played into the restored one.
      mkdirSync(target);
      writeFileSync(join(target, name), 'theirs');
      expect(refusal()).toEqual(usage(`holds ${name} already`));
      expect(names(target)).toEqual([name]);
      expect(readFileSync(join(target, name), 'utf8')).toBe('theirs');
    },
  );

  test.each<[string, () => void, string]>([
    ['there is none', () => rmSync(file), 'cannot be read'],
    ['it is text', () => writeFileSync(file, 'no database, whatever its length may be '.repeat(200)), 'cannot be read'],
    ['it is empty', () => writeFileSync(file, ''), 'is not a backup made by'],
    ['it is a plain copy of a database', () => plainCopy(), 'is not a backup made by'],
    ['it lacks its end', () => truncateSync(file, Math.floor(statSync(file).size / 8192) * 4096), 'cannot be read|is damaged'],
  ])('is refused by name when %s, and leaves no database', (_title, damage, problem) => {
    damage();
    expect(refusal()).toEqual(usage(file, problem));
    expect(existsSync(target) ? names(target).filter((name) => name.includes('sqlite')) : []).toEqual([]);
  });

  test('of a file whose paths leave the home is refused', () => {
    const forged = new Sqlite(file);
    forged.prepare('UPDATE backup_files SET path = ? WHERE path = ?').run('../../outside', 'operator.yaml');
    forged.close();
    expect(refusal()).toEqual(usage('leaves the home'));
    expect(existsSync(join(target, 'governor.sqlite'))).toBe(false);
    expect(existsSync(join(home.folder, '../outside'))).toBe(false);
  });

  test('that was cut off half-way left no database and can be done again', async () => {
    const inTheWay = join(target, 'runs', ID, 'request.json');
    mkdirSync(join(inTheWay, 'x'), { recursive: true });
    expect(refusal()).toMatchObject({ code: 'EISDIR' });
    expect(readFileSync(join(target, 'operator.yaml'), 'utf8')).toBe('people: {}\n');
    expect(names(target).filter((name) => name.includes('sqlite'))).toEqual([]);
    rmSync(inTheWay, { recursive: true });
    restoreHome(file, target);
    const restored = await home.open(target);
    expect(await restored.dossier.list(ID)).toEqual(await stores.dossier.list(ID));
    expect(await restored.audit.verify()).toEqual(await stores.audit.verify());
  });
});

function plainCopy(): void {
  rmSync(file);
  const copy = home.raw();
  copy.prepare('VACUUM INTO ?').run(file);
}
