/** What a fan-out may use up is shared out of what its parent has left, whatever shares are named and whatever was used before. */
import { expect, test } from 'vitest';
import { type Account, type Amounts, type Caps, ZERO } from '../../../domain/budget.ts';
import { configSchema } from '../../../domain/config.ts';
import type { Repository } from '../../../domain/workspace.ts';
import { judgeDelegation } from '../../../nodes/build/delegate.ts';
import { workerId } from '../../../nodes/build/delegating.ts';
import { chanceOf } from '../../dice.ts';
import { only } from '../../fakes/only.ts';
import { fakeSession } from '../../fakes/session.ts';

const { limits } = configSchema.parse({ version: 1, limits: { depth: 3, agents: 100, stepsPerAgent: 60, costPerAgentUsd: 1 } });
const OWN = 'agent:build:1:w1.1';

interface Held {
  readonly caps: Caps;
  readonly used: Partial<Amounts>;
}

/** The accounts that a delegation by `w1.1` opens, over a ledger that holds these. */
async function opened(held: Readonly<Record<string, Held>>, tasks: readonly object[]) {
  const accounts: Account[] = [];
  const session = fakeSession({
    facts: { threadId: 't', fence: { threadId: 't', epoch: 1 }, limits },
    stores: {
      ledger: {
        totals: async (_thread, id) => ({
          settled: { ...ZERO, ...held[id]?.used },
          reserved: ZERO,
          caps: held[id]?.caps ?? {},
        }),
        open: async (_fence, account) => void accounts.push(account),
      },
    },
    places: { repository: only<Repository>('repository', { listTree: async () => [] }) },
  });
  const by = { parent: 'w1.1', call: 2, answer: 'a', purse: [{ id: OWN, caps: {} }] };
  const outcome = await judgeDelegation({ session, attempt: 1, ...by, planned: [], base: 'tree', lean: false }, { tasks });
  return { accounts, outcome };
}

const task = (name: string, share?: number) => ({ title: name, goal: name, ...(share === undefined ? {} : { cost_share: share }) });
const sum = (accounts: readonly Account[], cap: 'costMicroUsd' | 'modelCalls'): number =>
  accounts.reduce((total, { caps }) => total + (caps[cap] ?? Number.POSITIVE_INFINITY), 0);

test('an id says who started whom, at every level', () => {
  expect([workerId('lead', 1, 2), workerId('w1.2', 3, 1), workerId('w1.2.3.1', 1, 4)]).toEqual(['w1.2', 'w1.2.3.1', 'w1.2.3.1.1.4']);
});

test('each task gets an equal share of what its parent has left, and as much stays for the parent', async () => {
  const run = { caps: { costMicroUsd: 5_000_000 }, used: {} };
  const own = { caps: { costMicroUsd: 900_000, modelCalls: 61 }, used: { costMicroUsd: 300_000, modelCalls: 1 } };
  const { accounts, outcome } = await opened({ run, [OWN]: own }, [task('a'), task('b')]);
  expect(outcome).toEqual({ ok: true, content: JSON.stringify({ accepted: ['w1.1.2.1', 'w1.1.2.2'] }) });
  expect(accounts).toEqual(
    ['w1.1.2.1', 'w1.1.2.2'].map((id) => ({ id: `agent:build:1:${id}`, caps: { costMicroUsd: 200_000, modelCalls: 20 } })),
  );
});

test('where the run has less left than its parent, that is what is shared', async () => {
  const run = { caps: { costMicroUsd: 1_000_000 }, used: { costMicroUsd: 940_000 } };
  const { accounts } = await opened({ run, [OWN]: { caps: { costMicroUsd: 900_000, modelCalls: 60 }, used: {} } }, [task('a'), task('b')]);
  expect(accounts.map(({ caps }) => caps.costMicroUsd)).toEqual([20_000, 20_000]);
});

const HALF_USED = { run: { caps: { costMicroUsd: 1_000_000 }, used: {} }, [OWN]: { caps: { costMicroUsd: 1_000_000 }, used: {} } };

test('shares that add up to 1 as they are written are taken, though their floats add up to more; one hundredth more is refused', async () => {
  const { accounts, outcome } = await opened(HALF_USED, [task('a', 0.56), task('b', 0.34), task('c', 0.1)]);
  expect(outcome).toMatchObject({ ok: true });
  expect(accounts.map(({ caps }) => caps.costMicroUsd)).toEqual([560_000, 340_000, 100_000]);
  expect(await opened(HALF_USED, [task('a', 0.56), task('b', 0.34), task('c', 0.11)])).toEqual({
    accounts: [],
    outcome: { ok: false, code: 'BUDGET_REFUSED', content: 'cost_share adds up to 1.01; all shares of a call are at most 1' },
  });
});

test('a task without a share beside those that take all of it is refused, not begun with nothing', async () => {
  const refused = await opened(HALF_USED, [task('a', 0.5), task('b'), task('c', 0.5)]);
  expect(refused).toMatchObject({ accounts: [], outcome: { ok: false, content: expect.stringContaining('nothing is left for task 2') } });
  expect((await opened(HALF_USED, [task('a', 0.5), task('b'), task('c', 0.4)])).accounts.map(({ caps }) => caps.costMicroUsd)).toEqual([
    500_000, 50_000, 400_000,
  ]);
});

test('500 random fan-outs never share out more than any account has left', async () => {
  const random = chanceOf(5);
  for (let nth = 0; nth < 500; nth += 1) {
    const amounts = (cap: number) => ({ cap, used: random.between(0, cap) });
    const [run, own, steps] = [
      amounts(random.between(1, 4_000_000)),
      amounts(random.between(1, 1_000_000)),
      amounts(random.between(8, 60)),
    ];
    const tasks = Array.from({ length: random.between(1, 5) }, (_none, index) =>
      task(`t${index}`, random.chance(50) ? random.between(1, 20) / 100 : undefined),
    );
    const held = {
      run: { caps: { costMicroUsd: run.cap }, used: { costMicroUsd: run.used } },
      [OWN]: { caps: { costMicroUsd: own.cap, modelCalls: steps.cap }, used: { costMicroUsd: own.used, modelCalls: steps.used } },
    };
    const { accounts } = await opened(held, tasks);
    expect(accounts).toHaveLength(tasks.length);
    expect(sum(accounts, 'costMicroUsd')).toBeLessThanOrEqual(Math.min(run.cap - run.used, own.cap - own.used));
    // One step each is the least; the parent's own account binds where that is too much.
    expect(sum(accounts, 'modelCalls')).toBeLessThanOrEqual(Math.max(steps.cap - steps.used, tasks.length));
  }
});
