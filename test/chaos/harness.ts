/** Kills a whole story at a named point, restarts it until it ends, and compares it with the story nobody disturbed. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunResult } from '../../domain/run.ts';
import { chanceOf } from '../dice.ts';
import { type Kept, keep } from '../story/kept.ts';
import type { World } from '../story/world.ts';
import { until } from '../until.ts';

const walker = new URL('../story/walk.mjs', import.meta.url).pathname;

export interface Kill {
  readonly point: string;
  readonly nth: number;
}

export interface Walk {
  /** Undefined when it was killed. */
  readonly result: RunResult | undefined;
  readonly code: number | null;
  readonly errors: string;
}

/** One process of the story. `afterMs`: SIGKILL from outside, that long after it is up. */
export function walk(
  home: string,
  threadId: string,
  options: { trace?: string; synced?: string; kill?: Kill; skewMs?: number; afterMs?: number } = {},
): Promise<Walk> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [walker, home, threadId, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (options.afterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), options.afterMs);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      const last = output.trim().split('\n').at(-1) ?? '';
      resolve({ result: last.startsWith('{') ? (JSON.parse(last) as RunResult) : undefined, code, errors });
    });
  });
}

/** What of a finished story must not depend on crashes: times, ids and the digests that hold them are left out. */
export interface End {
  readonly status: string;
  readonly reason: string | undefined;
  readonly tree: string;
  readonly merges: string;
  readonly files: Readonly<Record<string, unknown>>;
  readonly answers: readonly string[];
  readonly calls: number;
}

const VARYING = new Set([
  'made_at',
  'at',
  'duration_ms',
  'commit',
  'digest',
  'approval_id',
  'key',
  'after',
  'before',
  'base',
  'output_sha256',
  'cost_micro_usd',
  // Digests of files that name times.
  'parts',
  'release',
]);

function steady(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(steady);
  // The reporter of the scenario's tests prints durations.
  if (typeof value === 'string') return value.replaceAll(/duration_ms:? [\d.]+/g, 'duration_ms');
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      VARYING.has(key) || key === 'inputs' || key === 'subject' ? [] : [[key, steady(inner)]],
    ),
  );
}

/** A prepared story: created once, copied for every case to the very same place, so that ids and dates are the same. */
export class Stage {
  readonly #kept: Kept;
  readonly world: World;
  readonly threadId: string;
  /** The ref that is released to, read in the repository that holds it. */
  readonly #released: () => { tree: string; merges: string };

  constructor(world: World, threadId: string, released: () => { tree: string; merges: string }) {
    this.world = world;
    this.threadId = threadId;
    this.#released = released;
    this.#kept = keep(world.folder);
  }

  reset(): void {
    this.#kept.putBack();
  }

  dispose(): void {
    this.#kept.dispose();
    this.world.dispose();
  }

  /** The points of an undisturbed walk, in order, and its end. */
  async undisturbed(): Promise<{ points: string[]; end: End }> {
    this.reset();
    const trace = join(this.world.folder, 'trace.txt');
    const done = await walk(this.world.home, this.threadId, { trace });
    if (done.result === undefined) throw new Error(`the undisturbed story died: ${done.errors}`);
    return { points: readFileSync(trace, 'utf8').trim().split('\n'), end: await this.end() };
  }

  /** Drives on until the story ends by itself; how often it was started. */
  async finish(): Promise<number> {
    for (let starts = 1; ; starts += 1) {
      const done = await walk(this.world.home, this.threadId);
      if (done.result !== undefined) return starts;
      if (starts >= 3) throw new Error(`it does not end: exit ${done.code}: ${done.errors}`);
    }
  }

  async end(): Promise<End> {
    const operations = await this.world.open();
    try {
      const result = await operations.result(this.threadId);
      const verdict = await operations.verifyAudit();
      expect(verdict.kind, JSON.stringify(verdict)).toBe('whole');
      const answers: string[] = [];
      for (const record of await operations.audit(this.threadId)) {
        if (record.action === 'model-answer')
          answers.push(`${record.stage} ${record.attempt} ${String(record.facts?.['agent'])} ${String(record.facts?.['call'])}`);
      }
      const files: Record<string, unknown> = {};
      for (const { path } of await operations.files(this.threadId)) {
        if (!/^\d\d-.*\.json$|^evidence\/.*\.json$|^parts\//.test(path)) continue;
        files[path] = steady(JSON.parse((await operations.file(this.threadId, path)).toString()));
      }
      expect(result.spend.cost_micro_usd).toBeLessThanOrEqual(Number(result.limits['cost_micro_usd']));
      return {
        status: result.status,
        reason: result.reason?.code,
        ...this.#released(),
        files,
        answers: answers.toSorted(),
        calls: result.spend.model_calls,
      };
    } finally {
      await operations.close();
    }
  }

  /** Nothing is left behind: no process of this home, and after `gc` no work tree. */
  async expectClean(): Promise<void> {
    const operations = await this.world.open();
    await operations.gc(undefined);
    await operations.close();
    const work = join(this.world.home, 'work');
    const trees = existsSync(work)
      ? readdirSync(work, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes(this.threadId))
      : [];
    expect(trees).toEqual([]);
    // What a killed life had started sees that at its next read, or by the kernel's word: within two seconds.
    const left = () => processesOf(this.world.folder);
    await until(() => left().length === 0, 'every process of this home to end', { ms: 2000, told: () => left().join('\n') });
  }
}

/** The command lines, with their ids, of other processes that name a folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return line.includes(folder) ? [`${pid} ${line}`] : [];
    } catch {
      return [];
    }
  });
}

/** Same end; nothing recorded asked again; at most one call in flight lost for each kill. */
export function expectSame(end: End, whole: End, kills: number): void {
  const { calls, ...rest } = end;
  const { calls: wholeCalls, ...wholeRest } = whole;
  expect(differences(rest, wholeRest)).toEqual([]);
  expect(calls).toBeLessThanOrEqual(wholeCalls + kills);
}

/** Every leaf that differs, as `path: one | other`. */
function differences(one: unknown, other: unknown, path = ''): string[] {
  if (one !== null && other !== null && typeof one === 'object' && typeof other === 'object') {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    const at = (value: object, key: string): unknown => Object.entries(value).find(([name]) => name === key)?.[1];
    return [...keys].flatMap((key) => differences(at(one, key), at(other, key), `${path}/${key}`));
  }
  return one === other ? [] : [`${path}: ${JSON.stringify(one)} | ${JSON.stringify(other)}`];
}

/** Starts the story over and kills it at random moments until `kills` have hit, then lets it end; how often it was killed. */
export async function killAtRandom(stage: Stage, seed: number, kills: number): Promise<number> {
  const random = chanceOf(seed);
  stage.reset();
  let killed = 0;
  // Short lives at first, so that all kills hit before the end: a story of a second gets through only some of it in each life.
  while (killed < kills) {
    const life = await walk(stage.world.home, stage.threadId, { afterMs: random.below(160) });
    if (life.result !== undefined) break;
    expect(life.errors).toBe('');
    killed += 1;
  }
  await stage.finish();
  return killed;
}
