/** The effect journal: an answer that was recorded is never paid again, and a crash leaves a whole step or none of it. */
import { afterEach, describe, expect, test } from 'vitest';
import { onFailpoint } from '../../domain/failpoint.ts';
import { rowOf } from '../../domain/transcript.ts';
import { eachLeased, fence, home, stores } from './each.ts';
import { effectOf, otherProcess, threadOf } from './home.ts';
import { entry, paid, reserveOf } from './records.ts';

eachLeased();
afterEach(() => onFailpoint(undefined));

const cost = async (): Promise<{ settled: number; reserved: number }> => {
  const { settled, reserved } = await stores.ledger.totals(threadOf(1), 'run');
  return { settled: settled.costMicroUsd, reserved: reserved.costMicroUsd };
};
const audited = async (): Promise<string[]> => (await stores.audit.read({})).map((record) => record.action);
const ROW = rowOf(null, 'lead', { role: 'user', content: 'answer' });

describe('one step is one transaction', () => {
  const everything = (): unknown =>
    ['effects', 'accounts', 'reservations', 'transcripts', 'audit'].map((name) => home.raw().prepare(`SELECT * FROM ${name}`).all());

  test.each(['effects', 'accounts', 'reservations', 'transcripts', 'audit'])(
    'when "%s" cannot be written at the end, nothing is',
    async (table) => {
      await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40), audit: entry('model-call') });
      const before = everything();
      const event = table === 'transcripts' || table === 'audit' ? 'INSERT' : 'UPDATE';
      home.raw().exec(`CREATE TRIGGER full BEFORE ${event} ON ${table} BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
      const finish = () =>
        stores.effects.finish(fence, 'a', { result: 'answer', actual: paid(15), rows: [ROW], audit: [entry('model-answer')] });
      await expect(finish()).rejects.toThrow('disk full');
      expect(everything()).toEqual(before);
      home.raw().exec('DROP TRIGGER full');
      await finish();
      expect(await cost()).toEqual({ settled: 15, reserved: 0 });
    },
  );

  test.each(['effects', 'reservations', 'audit'])('when "%s" cannot be written at the start, nothing is', async (table) => {
    home.raw().exec(`CREATE TRIGGER full BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
    const before = everything();
    const start = () => stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40), audit: entry('model-call') });
    await expect(start()).rejects.toThrow('disk full');
    expect(everything()).toEqual(before);
    home.raw().exec('DROP TRIGGER full');
    expect(await start()).toEqual({ kind: 'go', tries: 1 });
  });

  test('an error in the middle of it takes all of it back', async () => {
    await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40) });
    const before = everything();
    onFailpoint((point) => {
      if (point === 'finish:model-answer:inside') throw new Error('in the middle');
    });
    const finish = stores.effects.finish(fence, 'a', { result: 'answer', rows: [ROW], audit: [entry('model-answer')] });
    await expect(finish).rejects.toThrow('in the middle');
    expect(everything()).toEqual(before);
  });
});

describe('a process that is killed', () => {
  const started = {
    effect: { state: 'started', result: null, before: 'tree 1' },
    cost: { settled: 0, reserved: 40 },
    audit: ['model-call'],
  };
  const done = {
    effect: { state: 'done', result: 'answer', before: 'tree 1' },
    cost: { settled: 15, reserved: 0 },
    audit: ['model-call', 'model-answer'],
  };

  test.each([
    ['start:model:build:before', { effect: undefined, cost: { settled: 0, reserved: 0 }, audit: [] as string[] }, 'go'],
    ['start:model:build:after', started, 'interrupted'],
    ['finish:model-answer:before', started, 'interrupted'],
    ['finish:model-answer:inside', started, 'interrupted'],
    ['finish:model-answer:after', done, 'done'],
  ])('at %s leaves a whole step, and the next process goes on from it', async (point, left, kind) => {
    await stores.runs.release(fence);
    const other = otherProcess('die', { home: home.folder, threadId: threadOf(1), point });
    await expect(other.said).rejects.toThrow('a signal');
    expect({ effect: await stores.effects.peek('paid'), cost: await cost(), audit: await audited() }).toEqual(left);
    expect(await stores.audit.verify()).toMatchObject({ kind: 'whole' });
    await stores.audit.assertTail();
    // The lease is of a dead process.
    const next = await stores.runs.acquire(threadOf(1));
    await stores.ledger.bookOrphans(next);
    const again = await stores.effects.start(next, effectOf('paid'), { reserve: reserveOf(40), before: 'tree 5' });
    expect(again.kind).toBe(kind);
    if (again.kind === 'interrupted') expect(again.before).toBe('tree 1');
    if (again.kind !== 'done') await stores.effects.finish(next, 'paid', { result: 'again', actual: paid(15), rows: [ROW] });
    expect(await cost()).toEqual({ settled: kind === 'interrupted' ? 55 : 15, reserved: 0 });
    expect(await stores.transcripts.chain(threadOf(1), ROW.id)).toEqual([ROW]);
  });
});
