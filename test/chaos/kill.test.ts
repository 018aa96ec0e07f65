/** Twenty random kill -9 over a happy and a rework path: same tree, one merge, nothing recorded paid twice. */
import { afterEach, expect, test } from 'vitest';
import { driveAndKill } from '../story/kill.ts';
import { critic, HAPPY, makeWorld, PRODUCT, type Reply, submit, tool, type World, write } from '../story/world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const KILLS = 20;

/** Random, but the same on every run of this test. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const REWORK: readonly Reply[] = [
  ...HAPPY.slice(0, 1),
  write(1, 1, 'src/product.js', 'export const product = (a, b) => a + b;\n'),
  ...HAPPY.slice(2, 3),
  submit(1, 3),
  tool('lead', 2, 1, 'read_file', { path: 'src/product.js' }),
  write(2, 2, 'src/product.js', PRODUCT),
  submit(2, 3),
  critic(2),
];

async function story(replies: readonly Reply[], kills: readonly number[]) {
  world?.dispose();
  world = makeWorld({ replies: replies.map((reply) => ({ ...reply, delayMs: 80 })) });
  const { home } = world;
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  const left = [...kills];
  let killed = 0;
  const rest = async (): Promise<void> => {
    for (;;) {
      const ms = left.shift();
      if (await driveAndKill(home, threadId, ms ?? 600_000)) return;
      killed += 1;
    }
  };
  await rest();
  expect((await operations.result(threadId)).reason).toBeNull();
  const gate = await operations.gate(threadId);
  await operations.decide(threadId, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  await rest();
  const result = await operations.result(threadId);
  const paid = new Map<string, number>();
  for (const record of (await operations.audit(threadId)).filter((one) => one.action === 'model-answer')) {
    const key = `${record.stage} ${record.attempt} ${String(record.facts?.['call'])}`;
    paid.set(key, (paid.get(key) ?? 0) + 1);
  }
  const end = {
    result,
    killed,
    paid,
    tree: world.git('rev-parse', 'main^{tree}'),
    merges: world.git('rev-list', '--merges', '--count', 'main'),
    audit: (await operations.verifyAudit()).kind,
  };
  await operations.close();
  return end;
}

for (const [name, replies] of [
  ['happy', HAPPY],
  ['rework', REWORK],
] as const) {
  test(`the ${name} path survives ${KILLS / 2} random kills`, async () => {
    const whole = await story(replies, []);
    const random = sequence(Number(process.env['CHAOS_SEED'] ?? name.length * 7919));
    const end = await story(
      replies,
      Array.from({ length: KILLS / 2 }, () => 20 + random(400)),
    );
    expect(end.result.status).toBe('released');
    expect(end.tree).toBe(whole.tree);
    expect(end.merges).toBe('1');
    expect(end.audit).toBe('whole');
    expect(end.killed).toBeGreaterThanOrEqual(2);
    for (const [call, times] of end.paid) expect({ call, times }).toEqual({ call, times: 1 });
    expect(end.result.spend.model_calls).toBeLessThanOrEqual(whole.result.spend.model_calls + end.killed);
  });
}
