/** The effect journal: an answer that was recorded is never paid again, and a crash leaves a whole step or none of it. */
import { describe, expect, test } from 'vitest';
import { ZERO } from '../../domain/budget.ts';
import { rowOf } from '../../domain/transcript.ts';
import { effectOf, threadOf } from '../checkpoints/home.ts';
import { entry, paid, reserveOf } from '../checkpoints/records.ts';
import { eachLeased, fence, home, type Suite, stores } from './backend.ts';

const cost = async (): Promise<{ settled: number; reserved: number }> => {
  const { settled, reserved } = await stores.ledger.totals(threadOf(1), 'run');
  return { settled: settled.costMicroUsd, reserved: reserved.costMicroUsd };
};
const audited = async (): Promise<string[]> => (await stores.audit.read({})).map((record) => record.action);
const ROW = rowOf(null, 'lead', { role: 'user', content: 'answer' });

export const journalSuite: Suite = (name, backend) =>
  describe(`${name}: journal`, () => {
    eachLeased(backend);

    describe('an effect', () => {
      test('goes, is recorded, and from then on gives its answer back and pays nothing', async () => {
        const effect = effectOf('a');
        expect(await stores.effects.peek('a')).toBeUndefined();
        const options = { reserve: reserveOf(40), before: 'tree 1', audit: entry('model-call') };
        expect(await stores.effects.start(fence, effect, options)).toEqual({ kind: 'go', tries: 1 });
        expect(await stores.effects.peek('a')).toEqual({ state: 'started', result: null, before: 'tree 1' });
        const result = `nul \u0000 and ${'long '.repeat(200_000)}`;
        expect(await stores.effects.peekAll(['b', 'a', 'a'])).toEqual([
          undefined,
          await stores.effects.peek('a'),
          await stores.effects.peek('a'),
        ]);
        await stores.effects.finish(fence, 'a', {
          result,
          after: 'tree 2',
          actual: paid(15),
          rows: [ROW],
          audit: [entry('model-answer'), entry('more')],
        });
        expect(await stores.effects.peek('a')).toEqual({ state: 'done', result, before: 'tree 1' });
        const late = await home.open();
        for (const connection of [stores, late])
          expect(await connection.effects.start(fence, effect, { ...options, before: 'tree 9' })).toEqual({
            kind: 'done',
            result,
            before: 'tree 1',
            after: 'tree 2',
            requestDiffers: false,
          });
        expect(await cost()).toEqual({ settled: 15, reserved: 0 });
        expect(await stores.transcripts.chain(threadOf(1), ROW.id)).toEqual([ROW]);
        expect(await audited()).toEqual(['model-call', 'model-answer', 'more']);
      });

      test('that is done answers a different request with what was recorded, and says so in the trail', async () => {
        await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40) });
        await stores.effects.finish(fence, 'a', { result: 'first' });
        const again = await stores.effects.start(fence, effectOf('a', { requestHash: 'another' }), { reserve: reserveOf(40) });
        expect(again).toMatchObject({ kind: 'done', result: 'first', requestDiffers: true });
        expect((await stores.audit.read({})).at(-1)).toMatchObject({ action: 'effect-differs', facts: { key: 'a', kind: 'model' } });
        expect(await cost()).toEqual({ settled: 40, reserved: 0 });
      });

      test('that failed is a new try on the tree of now; what it had used stays booked', async () => {
        await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40), before: 'tree 1' });
        await stores.effects.fail(fence, 'a', { actual: paid(7), audit: [entry('model-error')] });
        expect(await stores.effects.peek('a')).toMatchObject({ state: 'failed', result: null });
        expect(await cost()).toEqual({ settled: 7, reserved: 0 });
        const again = await stores.effects.start(fence, effectOf('a', { requestHash: 'another' }), {
          reserve: reserveOf(50),
          before: 'tree 2',
        });
        expect(again).toEqual({ kind: 'go', tries: 2 });
        await stores.effects.finish(fence, 'a', { result: 'second', actual: paid(9) });
        expect(await stores.effects.start(fence, effectOf('a', { requestHash: 'another' }), {})).toMatchObject({
          kind: 'done',
          result: 'second',
          before: 'tree 2',
          requestDiffers: false,
        });
        expect(await cost()).toEqual({ settled: 16, reserved: 0 });
      });

      test('that is done does not fail any more', async () => {
        await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40) });
        await stores.effects.finish(fence, 'a', { result: 'answer', actual: paid(15) });
        await stores.effects.fail(fence, 'a', { actual: ZERO });
        expect(await stores.effects.peek('a')).toMatchObject({ state: 'done', result: 'answer' });
        expect(await cost()).toEqual({ settled: 15, reserved: 0 });
      });

      test('that was started and never ended is interrupted: its reservation is spent, its first tree is the one to come back to', async () => {
        await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(30), before: 'tree 1' });
        for (const tries of [2, 3])
          expect(await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(20), before: `half-done ${tries}` })).toEqual({
            kind: 'interrupted',
            tries,
            before: 'tree 1',
          });
        expect(await cost()).toEqual({ settled: 50, reserved: 20 });
        await stores.effects.finish(fence, 'a', { result: 'answer', actual: paid(5) });
        expect(await cost()).toEqual({ settled: 55, reserved: 0 });
        expect((await stores.ledger.lines(threadOf(1))).map((line) => [line.orphaned, line.amounts.costMicroUsd])).toEqual([
          [true, 50],
          [false, 5],
        ]);
      });

      test('that is recorded at once is begun and done in one, gives its answer back, and is refused without a trace of it', async () => {
        const outcome = { result: 'looked', actual: paid(30), rows: [ROW], audit: [entry('tool-call'), entry('tool-result')] };
        expect(await stores.effects.once(fence, effectOf('a'), reserveOf(40), outcome)).toEqual({ kind: 'go', tries: 1 });
        expect(await cost()).toEqual({ settled: 30, reserved: 0 });
        expect(await stores.transcripts.chain(threadOf(1), ROW.id)).toEqual([ROW]);
        const again = await stores.effects.once(fence, effectOf('a'), reserveOf(40), { ...outcome, result: 'looked again' });
        expect(again).toMatchObject({ kind: 'done', result: 'looked', requestDiffers: false });
        expect(await stores.effects.once(fence, effectOf('b'), reserveOf(71), outcome)).toMatchObject({
          kind: 'refused',
          refusal: { used: 30 },
        });
        expect([await stores.effects.peek('b'), await cost()]).toEqual([undefined, { settled: 30, reserved: 0 }]);
        expect(await audited()).toEqual(['tool-call', 'tool-result', 'budget-refused']);
        await stores.runs.release(fence);
        await (await home.open()).runs.acquire(threadOf(1));
        await expect(stores.effects.once(fence, effectOf('c'), reserveOf(1), outcome)).rejects.toMatchObject({ name: 'FencedError' });
        expect(await stores.effects.peek('c')).toBeUndefined();
      });

      test('that was begun by a process that died is booked and recorded at once', async () => {
        await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(40) });
        const outcome = { result: 'looked', actual: paid(30), rows: [ROW], audit: [entry('tool-result')] };
        expect(await stores.effects.once(fence, effectOf('a'), reserveOf(40), outcome)).toMatchObject({ kind: 'interrupted', tries: 2 });
        expect([await stores.effects.peek('a'), await cost()]).toEqual([
          { state: 'done', result: 'looked', before: null },
          { settled: 70, reserved: 0 },
        ]);
      });

      test('that the ledger refuses leaves no journal row, no reservation, and one audit record that says why', async () => {
        const options = { reserve: reserveOf(101), audit: entry('model-call') };
        const refusal = { account: 'run', cap: 'costMicroUsd', limit: 100, used: 0, asked: 101 };
        expect(await stores.effects.start(fence, effectOf('a'), options)).toEqual({ kind: 'refused', refusal });
        expect(await stores.effects.peek('a')).toBeUndefined();
        expect(await stores.ledger.lines(threadOf(1))).toEqual([]);
        expect(await stores.audit.read({})).toMatchObject([
          { action: 'budget-refused', actor: 'agent:lead', code: 'BUDGET_REFUSED', stage: 'build', facts: { ...refusal, role: 'lead' } },
        ]);
      });

      test('that was interrupted and cannot be paid again is refused with the lost try booked; later it still comes back to its tree', async () => {
        await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(60), before: 'tree 1' });
        expect(await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(60) })).toMatchObject({
          refusal: { used: 60, asked: 60 },
        });
        expect(await cost()).toEqual({ settled: 60, reserved: 0 });
        await stores.ledger.extend(fence, 'run', 'approval', { costMicroUsd: 20 });
        const again = await stores.effects.start(fence, effectOf('a'), { reserve: reserveOf(60), before: 'half-done' });
        expect(again).toEqual({ kind: 'interrupted', tries: 2, before: 'tree 1' });
        await stores.effects.finish(fence, 'a', { result: 'answer', actual: paid(20) });
        expect(await cost()).toEqual({ settled: 80, reserved: 0 });
      });

      test('without a reservation is recorded just the same', async () => {
        const deploy = effectOf('release', { kind: 'deploy', stage: 'deploy', agent: 'governor', role: 'governor' });
        expect(await stores.effects.start(fence, deploy, { before: '{}' })).toEqual({ kind: 'go', tries: 1 });
        expect(await stores.effects.start(fence, deploy, { before: 'other' })).toEqual({ kind: 'interrupted', tries: 2, before: '{}' });
        await stores.effects.finish(fence, 'release', { result: 'applied' });
        expect(await stores.effects.start(fence, deploy, {})).toMatchObject({ kind: 'done', result: 'applied', after: null });
        expect(await stores.ledger.lines(threadOf(1))).toEqual([]);
      });
    });
  });
