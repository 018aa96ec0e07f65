/** The ledger: settled + reserved never passes a cap, whoever asks, from whatever connection or process, in whatever order. */
import { describe, expect, test } from 'vitest';
import { type Account, type Amounts, ZERO } from '../../domain/budget.ts';
import { FencedError } from '../../domain/errors.ts';
import { amountsOf, effectOf, leased } from '../checkpoints/home.ts';
import { eachLeased, fence, home, type Suite, stores } from './backend.ts';

const RUN: Account = { id: 'run', caps: { costMicroUsd: 100, tokens: 50, modelCalls: 3 } };
const reserve = (key: string, amounts: Partial<Amounts>, accounts: readonly Account[] = [RUN]) =>
  stores.effects.start(fence, effectOf(key), { reserve: { accounts, amounts: amountsOf(amounts) } });
const totals = (account = 'run') => stores.ledger.totals(fence.threadId, account);
const cost = async (account = 'run') => {
  const { settled, reserved } = await totals(account);
  return [settled.costMicroUsd, reserved.costMicroUsd];
};

export const ledgerSuite: Suite = (name, backend) =>
  describe(`${name}: ledger`, () => {
    eachLeased(backend);

    describe('a reservation', () => {
      test('reaches a cap exactly and not one further; the refusal names account, cap, limit, used and asked', async () => {
        expect(await reserve('a', { costMicroUsd: 60 })).toEqual({ kind: 'go', tries: 1 });
        expect(await reserve('b', { costMicroUsd: 41 })).toEqual({
          kind: 'refused',
          refusal: { account: 'run', cap: 'costMicroUsd', limit: 100, used: 60, asked: 41 },
        });
        expect(await reserve('c', { costMicroUsd: 40 })).toMatchObject({ kind: 'go' });
        expect(await cost()).toEqual([0, 100]);
      });

      test('counts input and output tokens together', async () => {
        expect(await reserve('a', { inputTokens: 30, outputTokens: 20 })).toMatchObject({ kind: 'go' });
        expect(await reserve('b', { outputTokens: 1 })).toMatchObject({ refusal: { cap: 'tokens', limit: 50, used: 50, asked: 1 } });
      });

      test('takes from all accounts or from none', async () => {
        const agent: Account = { id: 'agent:w1', caps: { costMicroUsd: 10 } };
        expect(await reserve('a', { costMicroUsd: 11, modelCalls: 1 }, [RUN, agent])).toMatchObject({ refusal: { account: 'agent:w1' } });
        expect((await totals()).reserved).toEqual(ZERO);
        expect((await totals('agent:w1')).reserved).toEqual(ZERO);
        expect(await stores.ledger.lines(fence.threadId)).toEqual([]);
        expect(await reserve('b', { costMicroUsd: 10 }, [RUN, agent])).toMatchObject({ kind: 'go' });
        expect([await cost(), await cost('agent:w1')]).toEqual([
          [0, 10],
          [0, 10],
        ]);
      });

      test('is bound only by the caps of what it asks for: money overspent does not forbid a free tool call', async () => {
        await reserve('a', { costMicroUsd: 90 });
        await stores.effects.finish(fence, 'a', { result: '', actual: amountsOf({ costMicroUsd: 130 }) });
        expect(await cost()).toEqual([130, 0]);
        expect(await reserve('b', { toolCalls: 1 })).toMatchObject({ kind: 'go' });
        expect(await reserve('c', { costMicroUsd: 1 })).toMatchObject({ refusal: { cap: 'costMicroUsd', used: 130 } });
      });

      test('under a cap of zero nothing is given', async () => {
        const none: Account = { id: 'none', caps: { modelCalls: 0 } };
        expect(await reserve('a', { modelCalls: 1 }, [none])).toMatchObject({ refusal: { limit: 0, used: 0, asked: 1 } });
      });

      test('of a stale lease is refused with nothing written', async () => {
        await stores.runs.release(fence);
        await (await home.open()).runs.acquire(fence.threadId);
        await expect(reserve('a', { costMicroUsd: 1 })).rejects.toBeInstanceOf(FencedError);
        await expect(stores.ledger.open(fence, RUN)).rejects.toBeInstanceOf(FencedError);
        await expect(stores.ledger.extend(fence, 'run', 'x', { costMicroUsd: 1 })).rejects.toBeInstanceOf(FencedError);
        await expect(stores.ledger.bookOrphans(fence)).rejects.toBeInstanceOf(FencedError);
        expect(await totals()).toEqual({ settled: ZERO, reserved: ZERO, caps: {} });
      });
    });

    describe('a settlement', () => {
      test('books what was used, gives back the rest, and is a no-op the second time', async () => {
        await reserve('a', { costMicroUsd: 60, inputTokens: 20, outputTokens: 20, modelCalls: 1 });
        const actual = amountsOf({ costMicroUsd: 25, inputTokens: 19, outputTokens: 3, modelCalls: 1 });
        for (let times = 0; times < 2; times++) await stores.effects.finish(fence, 'a', { result: '', actual });
        await stores.effects.fail(fence, 'a', { actual });
        expect(await totals()).toMatchObject({ settled: actual, reserved: ZERO });
      });

      test('without a usage books the whole reservation; one above its reservation is booked in full', async () => {
        await reserve('a', { costMicroUsd: 60 });
        await stores.effects.finish(fence, 'a', { result: '' });
        await reserve('b', { costMicroUsd: 40 });
        await stores.effects.finish(fence, 'b', { result: '', actual: amountsOf({ costMicroUsd: 55 }) });
        expect(await cost()).toEqual([115, 0]);
      });

      test('of another effect or of another thread takes nothing from this one', async () => {
        await reserve('a', { costMicroUsd: 60 });
        await reserve('b', { costMicroUsd: 30 });
        await stores.effects.fail(fence, 'b', { actual: ZERO });
        await stores.effects.fail(fence, 'never started', { actual: amountsOf({ costMicroUsd: 7 }) });
        expect(await cost()).toEqual([0, 60]);
      });
    });

    describe('a call', () => {
      const price = {
        inputMicroUsdPerMillion: 3_000_000,
        cachedInputMicroUsdPerMillion: 300_000,
        cacheWriteMicroUsdPerMillion: 3_750_000,
        outputMicroUsdPerMillion: 15_000_000,
      };
      const who = { role: 'lead', agent: 'lead', stage: 'build', attempt: 1 };

      test('keeps what was reserved, of which model and at which price, beside what it was settled to, through every try', async () => {
        const asked = amountsOf({ costMicroUsd: 20, inputTokens: 10, outputTokens: 2, modelCalls: 1 });
        const actual = amountsOf({ costMicroUsd: 7, inputTokens: 6, outputTokens: 1, modelCalls: 1 });
        const begin = (holder = fence) =>
          stores.effects.start(holder, effectOf('a'), { reserve: { accounts: [RUN], amounts: asked, model: 'sonnet', price } });
        await begin();
        expect(await stores.ledger.calls(fence.threadId)).toEqual([
          { ...who, effect: 'a', reserved: asked, settled: null, model: 'sonnet', price, orphaned: false },
        ]);
        await begin();
        await stores.effects.finish(fence, 'a', { result: '', actual });
        const orphan = { ...who, effect: 'a', reserved: asked, settled: asked, model: 'sonnet', price, orphaned: true };
        expect(await stores.ledger.calls(fence.threadId)).toEqual([orphan, { ...orphan, settled: actual, orphaned: false }]);
        expect(await stores.ledger.lines(fence.threadId)).toMatchObject([{ amounts: asked }, { amounts: actual }]);
      });

      test('of a tool has no model and no price; one of another thread is not told', async () => {
        await reserve('tool', { toolCalls: 1 });
        expect(await stores.ledger.calls(fence.threadId)).toMatchObject([
          { effect: 'tool', reserved: { toolCalls: 1 }, model: null, price: null },
        ]);
        expect(await stores.ledger.calls('another')).toEqual([]);
      });
    });

    describe('an orphan', () => {
      test('of an earlier epoch is booked as spent, once; the reservations of this epoch stay', async () => {
        await reserve('a', { costMicroUsd: 30, modelCalls: 1 });
        await stores.runs.release(fence);
        const next = await stores.runs.acquire(fence.threadId);
        await stores.effects.start(next, effectOf('b'), { reserve: { accounts: [RUN], amounts: amountsOf({ costMicroUsd: 20 }) } });
        expect([await stores.ledger.bookOrphans(next), await stores.ledger.bookOrphans(next)]).toEqual([1, 0]);
        expect(await cost()).toEqual([30, 20]);
        expect(await stores.ledger.lines(fence.threadId)).toMatchObject([
          { orphaned: true, amounts: { costMicroUsd: 30, modelCalls: 1 } },
          { orphaned: false, amounts: { costMicroUsd: 20 } },
        ]);
      });

      test('whose effect is started again is booked beside the new reservation, and can use up the cap', async () => {
        await reserve('a', { costMicroUsd: 60 });
        expect(await reserve('a', { costMicroUsd: 40 })).toMatchObject({ kind: 'interrupted', tries: 2 });
        expect(await cost()).toEqual([60, 40]);
        expect(await reserve('a', { costMicroUsd: 1 })).toMatchObject({ kind: 'refused', refusal: { used: 100 } });
        expect(await cost()).toEqual([100, 0]);
      });
    });

    describe('an extension', () => {
      test('widens a cap once per id, leaves unlimited caps unlimited, and lets work go on', async () => {
        await reserve('a', { costMicroUsd: 100 });
        for (let times = 0; times < 2; times++) await stores.ledger.extend(fence, 'run', 'approval-1', { costMicroUsd: 20, toolCalls: 5 });
        expect((await totals()).caps).toEqual({ costMicroUsd: 120, tokens: 50, modelCalls: 3 });
        expect(await reserve('b', { costMicroUsd: 21 })).toMatchObject({ kind: 'refused' });
        expect(await reserve('c', { costMicroUsd: 20, toolCalls: 50 })).toMatchObject({ kind: 'go' });
      });

      test('that comes before its account adds to the caps the account opens with; it never makes it unlimited', async () => {
        await stores.ledger.extend(fence, 'run', 'approval-1', { costMicroUsd: 20 });
        await stores.ledger.extend(fence, 'run', 'approval-2', { costMicroUsd: 5, modelCalls: 1 });
        expect(await reserve('a', { costMicroUsd: 126 })).toMatchObject({ refusal: { cap: 'costMicroUsd', limit: 125 } });
        expect((await totals()).caps).toEqual({ costMicroUsd: 125, tokens: 50, modelCalls: 4 });
        await stores.ledger.extend(fence, 'run', 'approval-1', { costMicroUsd: 20 });
        await stores.ledger.open(fence, RUN);
        expect((await totals()).caps.costMicroUsd).toBe(125);
      });

      test('of one thread or account is none of another', async () => {
        const other = await leased(stores, '00000000-0000-4000-8000-000000000002');
        await stores.ledger.extend(other, 'run', 'approval-1', { costMicroUsd: 50 });
        await stores.ledger.extend(fence, 'agent:w1', 'approval-1', { costMicroUsd: 50 });
        await stores.ledger.open(fence, RUN);
        expect((await totals()).caps).toEqual(RUN.caps);
      });

      test('does not change the caps of an account by opening it again with others', async () => {
        await stores.ledger.open(fence, RUN);
        await stores.ledger.open(fence, { id: 'run', caps: { costMicroUsd: 1_000_000 } });
        expect((await totals()).caps).toEqual(RUN.caps);
      });
    });

    test('lines add up by role, agent, stage and attempt, in the order of their first call', async () => {
      const spend = async (key: string, more: Parameters<typeof effectOf>[1], costMicroUsd: number) => {
        const accounts = [{ id: 'run', caps: {} }];
        await stores.effects.start(fence, effectOf(key, more), {
          reserve: { accounts, amounts: amountsOf({ costMicroUsd, modelCalls: 1 }) },
        });
        await stores.effects.finish(fence, key, { result: '' });
      };
      await spend('1', { role: 'planner', agent: '-', stage: 'plan' }, 5);
      await spend('2', { agent: 'w1.1', role: 'worker' }, 7);
      await spend('3', { role: 'planner', agent: '-', stage: 'plan' }, 6);
      await spend('4', { agent: 'w1.1', role: 'worker', attempt: 2 }, 9);
      const lines = await stores.ledger.lines(fence.threadId);
      expect(
        lines.map((line) => [line.role, line.agent, line.stage, line.attempt, line.amounts.costMicroUsd, line.amounts.modelCalls]),
      ).toEqual([
        ['planner', '-', 'plan', 1, 11, 2],
        ['worker', 'w1.1', 'build', 1, 7, 1],
        ['worker', 'w1.1', 'build', 2, 9, 1],
      ]);
    });
  });
