/** What the tests of this room stand on: true stores in a temporary home, a clock that a test moves, and other processes. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openStores, type Stores } from '../../checkpoints/stores.ts';
import { type Amounts, ZERO } from '../../domain/budget.ts';
import type { EffectId, Fence, RunInput } from '../../domain/ports.ts';
import type { NewRun } from '../../domain/served.ts';
import { bits } from '../dice.ts';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');
export const INPUT: RunInput = {
  goal: 'Add a sum',
  repo: '/repository',
  base: 'a'.repeat(40),
  starter: 'local:ada',
  pipelineVersion: 1,
  configDigest: 'b'.repeat(64),
};

/** A thread id that reads well in a failure. */
export const threadOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export function makeHome() {
  const folder = mkdtempSync(join(tmpdir(), 'governor-checkpoints-'));
  const file = join(folder, 'governor.sqlite');
  const clock = { ms: START_MS, now: () => clock.ms, monotonic: () => clock.ms };
  const closers: (() => void)[] = [];
  return {
    folder,
    file,
    head: join(folder, 'audit.head'),
    clock,
    /** Another connection to the same home. */
    open: async (home = folder): Promise<Stores> => {
      const stores = await openStores({ home, clock });
      closers.push(() => stores.close());
      return stores;
    },
    /** The database as an attacker or a test sees it: no port, no rules. */
    raw: (path = file): Sqlite.Database => {
      const database = new Sqlite(path, { timeout: 15_000 });
      closers.push(() => database.close());
      return database;
    },
    dispose: () => {
      for (const close of closers.splice(0)) close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Home = ReturnType<typeof makeHome>;

/** Creates a thread and takes its lease. */
export async function leased(stores: Pick<Stores, 'runs'>, threadId = threadOf(1)): Promise<Fence> {
  await stores.runs.create(threadId, INPUT);
  return stores.runs.acquire(threadId);
}

export const effectOf = (key: string, more: Partial<EffectId> = {}): EffectId => ({
  key,
  kind: 'model',
  stage: 'build',
  attempt: 1,
  agent: 'lead',
  role: 'lead',
  requestHash: `request of ${key}`,
  ...more,
});

export const amountsOf = (more: Partial<Amounts>): Amounts => ({ ...ZERO, ...more });

/** Whole numbers from 0 to below `limit`, the same ones for the same seed. */
export function randomOf(seed: number): (limit: number) => number {
  const next = bits(seed);
  return (limit) => next() % limit;
}

/** Runs one job of `other-process.ts` in a process of its own; `said` settles with what it printed when it has ended well. */
export function otherProcess(job: string, options: Record<string, unknown>) {
  const script = new URL('./other-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, job, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('ready\n')) resolve();
    });
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const said = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`process ended with ${code ?? 'a signal'}: ${errors}`));
    });
  });
  // A test that has failed already must not fail a second time through its process.
  said.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    /** It has printed `ready`, or ended. */
    ready: () => Promise.race([ready, said.then(() => undefined)]),
    /** Ends its input: the jobs that wait go on. */
    goOn: () => child.stdin.end(),
    kill: () => child.kill('SIGKILL'),
    said,
    ended: () => said.then(() => undefined).catch(() => undefined),
  };
}

/** A run as a request puts it. */
export const newRun = (runId: string, threadId: string, more: Partial<NewRun> = {}): NewRun => ({
  runId,
  threadId,
  assistantId: 'a',
  metadata: {},
  kwargs: {},
  caller: {},
  multitask: 'enqueue',
  temporary: false,
  afterMs: 0,
  ifNotExists: 'create',
  threadMetadata: { graph_id: 'g' },
  threadConfig: {},
  ...more,
});
