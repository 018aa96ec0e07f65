import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openOperations } from '../../graphs/entry.ts';

const root = new URL('../../examples/scenarios/', import.meta.url).pathname;
let folder: string | undefined;
afterEach(() => folder !== undefined && rmSync(folder, { recursive: true, force: true }));

for (const name of readdirSync(root)) {
  test(`the scenario ${name} ends as it declares`, async () => {
    folder = mkdtempSync(join(tmpdir(), 'governor-scenario-'));
    const repo = join(folder, 'repo');
    const scenario = parse(readFileSync(join(root, name, 'scenario.yaml'), 'utf8'));
    cpSync(join(root, name, 'repo'), repo, { recursive: true });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...args], { cwd: repo, encoding: 'utf8' });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'base');
    const operations = await openOperations({ home: join(folder, 'home'), env: { PATH: process.env['PATH'] ?? '' }, demo: true });
    const { threadId } = await operations.create({ goal: scenario.goal, repo, scriptFile: join(root, name, 'script.yaml') });
    let result = await operations.drive(threadId);
    const gates: string[] = [];
    const answers = [...(scenario.answers ?? [])];
    while (result.status === 'waiting') {
      const gate = await operations.gate(threadId);
      const answer = answers.shift();
      if (gate === undefined || answer === undefined) break;
      gates.push(gate.row.gate);
      await operations.decide(threadId, {
        decision: answer.decision === 'approve' ? 'approved' : 'rejected',
        subject: gate.row.subject.digest,
        ...(answer.comment === undefined ? {} : { comment: answer.comment }),
        ...(answer.add_usd === undefined ? {} : { addMicroUsd: Math.round(answer.add_usd * 1e6) }),
      });
      result = await operations.resume(threadId);
    }
    const critics = (await operations.audit(threadId)).filter(
      (record) => record.action === 'model-call' && record.facts?.['role'] === 'critic',
    ).length;
    expect({ status: result.status, code: result.reason?.code, why: result.reason?.message.slice(0, 600) }).toMatchObject({
      status: scenario.expect.status,
      ...(scenario.expect.code === undefined ? {} : { code: scenario.expect.code }),
    });
    expect(gates).toEqual(scenario.expect.gates ?? []);
    if (scenario.expect.critic_calls !== undefined) expect(critics).toBe(scenario.expect.critic_calls);
    if (scenario.expect.attempts !== undefined) expect(result.attempt).toBe(scenario.expect.attempts);
    for (const [path, text] of Object.entries(scenario.expect.files ?? {}))
      expect(readFileSync(join(repo, path), 'utf8')).toContain(String(text));
    expect((await operations.verifyAudit()).kind).toBe('whole');
    expect(result.spend.cost_micro_usd).toBeLessThanOrEqual(Number(result.limits['cost_micro_usd']));
    await operations.close();
  });
}
