/** Kills a real process at random moments and resumes: the same release, nothing paid twice but the call in flight. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { driveAndKill } from './kill.ts';
import { HAPPY, makeWorld, type Reply, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const slow = (replies: readonly Reply[]): Reply[] => replies.map((reply) => ({ ...reply, delayMs: 60 }));

async function story(kills: readonly number[]) {
  world = makeWorld({ replies: slow(HAPPY) });
  const operations = await world.open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  const rest = async (): Promise<void> => {
    for (const ms of [...kills, 60_000]) if (await driveAndKill(world?.home ?? '', threadId, ms)) return;
  };
  await rest();
  const gate = await operations.gate(threadId);
  expect(gate?.row.gate).toBe('release');
  await operations.decide(threadId, { decision: 'approved', subject: gate?.row.subject.digest ?? '' });
  await rest();
  const result = await operations.result(threadId);
  const records = await operations.audit(threadId);
  const tree = world.git('rev-parse', 'main^{tree}');
  const merges = world.git('rev-list', '--merges', '--count', 'main');
  const paid = new Map<string, number>();
  for (const record of records.filter((one) => one.action === 'model-answer')) {
    const key = `${record.stage} ${record.attempt} ${String(record.facts?.['call'])}`;
    paid.set(key, (paid.get(key) ?? 0) + 1);
  }
  const verdict = await operations.verifyAudit();
  await operations.close();
  return { result, tree, merges, paid, verdict, calls: result.spend.model_calls };
}

test('a run that is killed again and again ends in the same tree, merged once, and pays no recorded answer twice', async () => {
  const whole = await story([]);
  world?.dispose();
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const kills = Array.from({ length: 6 }, () => 30 + random(500));
  const killed = await story(kills);
  expect(killed.result.status).toBe('released');
  expect(killed.tree).toBe(whole.tree);
  expect(killed.merges).toBe('1');
  expect(killed.verdict.kind).toBe('whole');
  for (const [call, times] of killed.paid) expect({ call, times }).toEqual({ call, times: 1 });
  expect(killed.calls).toBeLessThanOrEqual(whole.calls + kills.length);
}, 120_000);

for (const file of ['10-plan.1.json', '20-build.1.json', '30-review.1.json']) {
  test(`when ${file} could not be written, a resume takes the journaled answers and pays nothing again`, async () => {
    world = makeWorld();
    const operations = await world.open();
    const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
    const inTheWay = join(world.home, 'runs', threadId, file);
    mkdirSync(inTheWay, { recursive: true });
    const stopped = await operations.drive(threadId);
    expect(stopped.reason).toMatchObject({ code: 'INTERNAL', resumable: true });
    rmdirSync(inTheWay);
    const waiting = await operations.resume(threadId);
    expect(waiting.reason).toBeNull();
    expect(waiting.status).toBe('waiting');
    expect(waiting.spend.model_calls).toBe(HAPPY.length);
    await operations.close();
  });
}
