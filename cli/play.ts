/** Plays one scenario for real (git, work trees, sandbox, database, gates); only the model's replies are canned. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord } from '../domain/audit.ts';
import type { RunResult } from '../domain/run.ts';
import type { Operations } from '../runtime/operations.ts';
import type { Scenario } from './scenario.ts';
import { gitIn, happen, type Place } from './scenario-events.ts';

export interface Played {
  readonly name: string;
  readonly result: RunResult;
  /** What differs from what the scenario declares; empty when nothing does. */
  readonly differences: readonly string[];
  readonly sandbox: string;
  readonly elapsedMs: number;
  readonly folder: string;
}

export interface PlayOptions {
  readonly keep: boolean;
  readonly path: string;
  readonly onRecord?: (record: AuditRecord) => void;
}

export async function play(scenario: Scenario, options: PlayOptions): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), `governor-demo-${scenario.name}-`));
  const repo = join(folder, 'repo');
  const startedAt = performance.now();
  try {
    cpSync(join(scenario.folder, 'repo'), repo, { recursive: true });
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'base'],
    ])
      await gitIn({ repo, path: options.path }, ...args);
    const { openOperations } = await import('../runtime/operations.ts');
    const home = join(folder, 'home');
    const operations = await openOperations({ home, env: { PATH: options.path }, demo: true });
    const ended = new AbortController();
    try {
      const created = await operations.create({ goal: scenario.goal, repo, scriptFile: join(scenario.folder, 'script.yaml') });
      const following = options.onRecord === undefined ? undefined : operations.follow(created.threadId, options.onRecord, ended.signal);
      const { result, gates } = await answerGates(operations, scenario, { repo, home, threadId: created.threadId, path: options.path });
      ended.abort();
      await following;
      const differences = await compare(operations, scenario, { result, gates, repo: repo });
      return {
        name: scenario.name,
        result,
        differences,
        sandbox: created.sandbox,
        elapsedMs: Math.round(performance.now() - startedAt),
        folder,
      };
    } finally {
      ended.abort();
      await operations.close();
    }
  } finally {
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

/** Drives to the end, giving the declared answers in order; stops at a gate that has none. */
async function answerGates(operations: Operations, scenario: Scenario, place: Place): Promise<{ result: RunResult; gates: string[] }> {
  const { threadId } = place;
  const gates: string[] = [];
  let result = await operations.drive(threadId);
  for (const answer of scenario.answers) {
    if ('gate' in answer) {
      const gate = result.status === 'waiting' ? await operations.gate(threadId) : undefined;
      if (gate === undefined) break;
      gates.push(gate.row.gate);
      await operations.decide(threadId, {
        decision: answer.decision === 'approve' ? 'approved' : 'rejected',
        subject: gate.row.subject.digest,
        ...(answer.comment === undefined ? {} : { comment: answer.comment }),
        ...(answer.add_usd === undefined ? {} : { addMicroUsd: Math.round(answer.add_usd * 1_000_000) }),
      });
    }
    for (const event of answer.meanwhile) await happen(event, place);
    result = await operations.resume(threadId);
  }
  return { result, gates };
}

/** What really came of a scenario. */
interface Outcome {
  readonly result: RunResult;
  readonly gates: readonly string[];
  readonly repo: string;
}

async function compare(operations: Operations, scenario: Scenario, { result, gates, repo }: Outcome): Promise<string[]> {
  const { expect } = scenario;
  const records = await operations.audit(result.thread_id);
  const critics = records.filter((record) => record.action === 'model-call' && record.facts?.['role'] === 'critic').length;
  const audit = await operations.verifyAudit();
  const differences: string[] = [];
  const same = (what: string, expected: unknown, got: unknown): void => {
    if (JSON.stringify(expected) !== JSON.stringify(got))
      differences.push(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
  };
  same('status', expect.status, result.status);
  same('code', expect.code ?? null, result.reason?.code ?? null);
  same('gates', expect.gates, gates);
  if (expect.critic_calls !== undefined) same('critic calls', expect.critic_calls, critics);
  if (expect.attempts !== undefined) same('attempts', expect.attempts, result.attempt);
  same('audit trail', 'whole', audit.kind);
  for (const [path, text] of Object.entries(expect.files)) {
    const found = existsSync(join(repo, path)) ? readFileSync(join(repo, path), 'utf8') : undefined;
    if (found?.includes(text) !== true) differences.push(`file ${path}: does not contain ${JSON.stringify(text)}`);
  }
  if (differences.length > 0 && result.reason !== null) differences.push(`because: ${result.reason.message.slice(0, 500)}`);
  return differences;
}
