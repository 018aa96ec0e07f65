/** The ledger against a model of it in a few lines: the same random story, over several connections, gives the same numbers. */
import { describe, expect, test } from 'vitest';
import type { CoreStores } from '../../checkpoints/core.ts';
import type { Account, Amounts, CapName, Caps } from '../../domain/budget.ts';
import type { Fence } from '../../domain/ports.ts';
import { amountsOf, effectOf, leased, randomOf, threadOf } from '../checkpoints/home.ts';
import { eachOpen, home, type Suite } from './backend.ts';

type Used = Record<CapName, number>;
interface ModelAccount {
  readonly caps: Partial<Used>;
  settled: Used;
  reserved: Used;
  /** What reports above their reservations have added: the one way to pass a cap. */
  above: Used;
}
const NAMES: readonly CapName[] = ['costMicroUsd', 'tokens', 'modelCalls', 'toolCalls', 'agents'];
const each = (value: (name: CapName) => number): Used => ({
  costMicroUsd: value('costMicroUsd'),
  tokens: value('tokens'),
  modelCalls: value('modelCalls'),
  toolCalls: value('toolCalls'),
  agents: value('agents'),
});
const usedOf = (amounts: Amounts): Used => ({ ...amounts, tokens: amounts.inputTokens + amounts.outputTokens });
const plus = (a: Used, b: Used, sign = 1): Used => each((name) => a[name] + sign * b[name]);
const NOTHING = each(() => 0);

class Model {
  readonly accounts = new Map<string, ModelAccount>();
  /** Open reservations by effect. */
  readonly held = new Map<string, { ids: string[]; used: Used; epoch: number }>();

  of({ id, caps }: Account): ModelAccount {
    const found = this.accounts.get(id) ?? { caps: { ...caps }, settled: NOTHING, reserved: NOTHING, above: NOTHING };
    this.accounts.set(id, found);
    return found;
  }

  reserve(key: string, accounts: readonly Account[], amounts: Amounts, epoch: number): boolean {
    this.settle(key, undefined);
    const asked = usedOf(amounts);
    const opened = accounts.map((account) => this.of(account));
    const fits = opened.every(({ caps, settled, reserved }) =>
      NAMES.every((name) => asked[name] === 0 || settled[name] + reserved[name] + asked[name] <= (caps[name] ?? Number.POSITIVE_INFINITY)),
    );
    if (!fits) return false;
    for (const account of opened) account.reserved = plus(account.reserved, asked);
    this.held.set(key, { ids: accounts.map((account) => account.id), used: asked, epoch });
    return true;
  }

  settle(key: string, actual: Amounts | undefined): void {
    const held = this.held.get(key);
    if (held === undefined) return;
    this.held.delete(key);
    const used = actual === undefined ? held.used : usedOf(actual);
    for (const id of held.ids) {
      const account = this.of({ id, caps: {} });
      account.reserved = plus(account.reserved, held.used, -1);
      account.settled = plus(account.settled, used);
      account.above = plus(
        account.above,
        each((name) => Math.max(0, used[name] - held.used[name])),
      );
    }
  }

  extend(id: string, by: Caps): void {
    const { caps } = this.of({ id, caps: {} });
    for (const name of NAMES) {
      const cap = caps[name];
      if (cap !== undefined) caps[name] = cap + (by[name] ?? 0);
    }
  }
}

/** One random story of a thread; after every step the true numbers are the model's and no cap is passed. */
async function story(seed: number, threadId: string, connections: readonly CoreStores[]): Promise<{ refused: number; above: number }> {
  const random = randomOf(seed);
  const pick = <Value>(values: readonly Value[]): Value => values[random(values.length)] as Value; // never called with an empty list
  const accounts: Account[] = [
    { id: 'run', caps: { costMicroUsd: 100 + random(900), tokens: 200 + random(900), modelCalls: 10 + random(40), agents: random(4) } },
    { id: 'agent:lead', caps: { modelCalls: 5 + random(30), costMicroUsd: 50 + random(500) } },
    { id: 'agent:w1', caps: { toolCalls: random(10) } },
    { id: 'agent:w2', caps: {} },
  ];
  const model = new Model();
  let fence: Fence = await leased(pick(connections), threadId);
  let refused = 0;
  const keys: string[] = [];
  const extended: [string, string, Caps][] = [];
  const ask = async (key: string): Promise<void> => {
    const wanted = [accounts[0], pick(accounts.slice(1))].filter((account) => account !== undefined).slice(0, 1 + random(2));
    const amounts = amountsOf({
      costMicroUsd: random(60),
      inputTokens: random(40),
      outputTokens: random(40),
      modelCalls: random(2),
      toolCalls: random(2),
      agents: random(12) === 0 ? 1 : 0,
    });
    const expected = model.reserve(key, wanted, amounts, fence.epoch);
    const start = await pick(connections).effects.start(fence, effectOf(key), { reserve: { accounts: wanted, amounts } });
    if (start.kind === 'refused') refused += 1;
    expect({ seed, key, refused: start.kind === 'refused' }).toEqual({ seed, key, refused: !expected });
  };
  for (let step = 0; step < 100; step++) {
    const open = pick([...model.held.keys(), '']);
    const kind = random(20);
    if (kind < 9 || open === '') {
      const key = `${threadId} ${step}`;
      keys.push(key);
      await ask(key);
    } else if (kind < 14) {
      const used = model.held.get(open)?.used ?? NOTHING;
      const above = random(8) === 0 ? random(30) : 0;
      const actual = amountsOf({
        costMicroUsd: random(used.costMicroUsd + 1) + above,
        inputTokens: random(used.tokens + 1),
        modelCalls: used.modelCalls,
        toolCalls: used.toolCalls,
        agents: used.agents,
      });
      model.settle(open, actual);
      if (random(2) === 0) await pick(connections).effects.finish(fence, open, { result: 'ok', actual });
      else await pick(connections).effects.fail(fence, open, { actual });
    } else if (kind < 15) {
      model.settle(open, undefined);
      await pick(connections).effects.finish(fence, open, { result: 'ok' });
    } else if (kind < 17) {
      await ask(open);
    } else if (kind < 18) {
      const again = random(2) === 0 ? extended[0] : undefined;
      const [id, approval, by] = again ?? [pick(accounts).id, `approval ${step}`, { costMicroUsd: random(50), modelCalls: random(5) }];
      if (!model.accounts.has(id)) continue;
      if (again === undefined) {
        model.extend(id, by);
        extended.push([id, approval, by]);
      }
      await pick(connections).ledger.extend(fence, id, approval, by);
    } else {
      // A crash: another process takes the thread over.
      await pick(connections).runs.release(fence);
      fence = await pick(connections).runs.acquire(threadId);
      const orphans = [...model.held].filter(([, held]) => held.epoch < fence.epoch).map(([key]) => key);
      for (const key of orphans) model.settle(key, undefined);
      expect(await pick(connections).ledger.bookOrphans(fence)).toBe(orphans.length);
    }
    const real: Record<string, unknown> = {};
    for (const [id, { above }] of model.accounts) {
      const { settled, reserved, caps } = await pick(connections).ledger.totals(threadId, id);
      real[id] = { caps, settled: plus(usedOf(settled), NOTHING), reserved: plus(usedOf(reserved), NOTHING), above };
      const spent = plus(usedOf(settled), usedOf(reserved));
      const passed = NAMES.filter((name) => spent[name] - above[name] > (caps[name] ?? Number.POSITIVE_INFINITY));
      expect({ seed, step, id, passed }).toEqual({ seed, step, id, passed: [] });
    }
    expect({ seed, step, accounts: real }).toEqual({ seed, step, accounts: Object.fromEntries(model.accounts) });
  }
  return { refused, above: [...model.accounts.values()].reduce((sum, account) => sum + account.above.costMicroUsd, 0) };
}

export const ledgerModelSuite: Suite = (name, backend) =>
  describe(`${name}: ledger-model`, () => {
    eachOpen(backend);

    test('eight random stories at once, over three connections, match the model after every step', async () => {
      const connections = await Promise.all([home.open(), home.open(), home.open()]);
      const seeds = Array.from({ length: 8 }, (_, index) => 1000 + index);
      const ends = await Promise.all(seeds.map((seed) => story(seed, threadOf(seed), connections)));
      // The stories are worth telling: caps were hit, and some reports were above their reservation.
      expect(ends.reduce((sum, end) => sum + end.refused, 0)).toBeGreaterThan(60);
      expect(ends.reduce((sum, end) => sum + end.above, 0)).toBeGreaterThan(50);
    });
  });
