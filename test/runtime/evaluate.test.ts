/** Evaluations of small suites against the strict imitation of an endpoint: money, what is recorded, and where it happens. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type EvalRun, reportCardSchema } from '../../domain/report-card.ts';
import { type Due, type EvaluateOptions, prepareEvaluation } from '../../runtime/evaluate.ts';
import { openOperations } from '../../runtime/operations.ts';
import { type Brain, turnsBy } from '../agents/brain.ts';
import { submitBuild, submitPlan, submitReview, write } from '../agents/hands.ts';
import { type DialectServer, startDialect } from '../dialects/server.ts';
import { expectNoRefusal, KEY_NAME, modelAt, strictConfig } from '../story/strict.ts';
import { makeSuites, type Suites, taskFiles } from './eval/suite-world.ts';

let suites: Suites;
let server: DialectServer | undefined;
beforeEach(() => {
  suites = makeSuites();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  suites.dispose();
});

const halver: Brain = function* (asked) {
  if (asked.role === 'planner') yield submitPlan('halve', ['src/**']);
  else if (asked.role === 'critic') yield submitReview;
  else {
    yield* write('src/half.js', 'export const half = (number) => number / 2;\n');
    yield submitBuild(asked, 'it halves');
  }
};

const PATH = process.env['PATH'] ?? '';

/** Options over an endpoint with the halver behind it. */
async function halving(over: Partial<EvaluateOptions> = {}, brain: Brain = halver): Promise<EvaluateOptions> {
  await server?.close();
  server = await startDialect('openai-chat', { turns: turnsBy(brain) });
  const configFile = join(suites.folder, 'models.yaml');
  writeFileSync(configFile, stringify({ version: 1, ...strictConfig(modelAt('openai-chat', server), server) }));
  return {
    suite: join(suites.folder, 'suite'),
    configFile,
    folder: suites.folder,
    home: join(suites.folder, 'home'),
    repeat: 1,
    env: { PATH, [KEY_NAME]: server.apiKey },
    ...over,
  };
}

const suite = (...names: string[]): void => {
  for (const name of names) suites.put(taskFiles(`suite/${name}`));
};

async function run(
  options: EvaluateOptions,
  hooks: { onStart?: (due: Due) => void; onEnd?: (due: Due, run: EvalRun) => void; signal?: AbortSignal } = {},
) {
  const evaluation = await prepareEvaluation(options);
  return evaluation.run({
    signal: hooks.signal ?? new AbortController().signal,
    onStart: hooks.onStart ?? (() => {}),
    onEnd: hooks.onEnd ?? (() => {}),
  });
}

test('a task is solved twice, told with its cost and its bounds, and nothing is left in a home or a folder of the user', async () => {
  suite('one');
  const home = join(suites.folder, 'home');
  mkdirSync(home);
  const told: string[] = [];
  const card = await run(await halving({ repeat: 2 }), {
    onStart: (due) => told.push(`${due.number} ${due.id} ${due.goal}`),
    onEnd: (due, ended) => told.push(`${due.number} ${ended.end}`),
  });
  expectNoRefusal(server?.requests ?? []);
  expect(told).toEqual(['1 one Make half() halve.', '1 released', '2 one Make half() halve.', '2 released']);
  expect(card).toMatchObject({
    complete: true,
    worst_case_micro_usd: 1_000_000,
    overall: { runs: 2, solved: 2, steps: { mean: 4, low: 4, high: 4 }, ends: { released: 2 } },
    models: { lead: `openai:${server?.model}` },
  });
  expect(card.cost_micro_usd).toBe(card.runs.reduce((sum, one) => sum + one.cost_micro_usd, 0));
  expect(card.overall.cache_share).toBeGreaterThan(0);
  expect(reportCardSchema.parse(card)).toEqual(card);
  expect(readdirSync(home)).toEqual([]);
});

test('who starts and approves is the person eval, on the record of a home of the evaluation', async () => {
  suite('one');
  const keep = join(suites.folder, 'kept');
  const card = await run(await halving({ keep }));
  expect(card.runs[0]?.decisions).toMatchObject([{ gate: 'release', decision: 'approved', by: 'eval' }]);
  const operations = await openOperations({ home: join(keep, 'one-1', 'home'), env: { PATH } });
  try {
    const [result] = await operations.list();
    const records = await operations.audit(result?.thread_id);
    expect(result).toMatchObject({ status: 'released' });
    expect(records.find(({ action }) => action === 'run-create')?.actor).toBe('eval');
    expect(JSON.parse(await operations.file(result?.thread_id ?? '', '40-approval.1.json'))).toMatchObject({
      body: { by: { id: 'eval', method: 'eval' }, self_approved: true },
    });
    expect((await operations.verifyAudit()).kind).toBe('whole');
  } finally {
    await operations.close();
  }
});

test('nothing is begun that could pass the cap, and what was not run is told', async () => {
  suite('one', 'two', 'three');
  // Beside what the first has cost, the half dollar that the second may cost does not fit.
  const card = await run(await halving({ maxMicroUsd: 505_000 }));
  expect(card.cost_micro_usd).toBeGreaterThan(5_000);
  expect(card).toMatchObject({
    complete: false,
    max_micro_usd: 505_000,
    runs: [{ task: 'one', solved: true }],
    not_run: ['three', 'two'].map((task) => ({ task, repeat: 1, why: 'max-usd' })),
  });
  await expect(prepareEvaluation(await halving({ maxMicroUsd: 499_999 }))).rejects.toThrow(
    /--max-usd 0\.499999: task one alone may cost 0\.5/,
  );
});

test('an interrupted evaluation keeps what was run', async () => {
  suite('one', 'two');
  const abort = new AbortController();
  const card = await run(await halving(), { signal: abort.signal, onEnd: () => abort.abort() });
  expect(card).toMatchObject({ complete: false, runs: [{ task: 'one', solved: true }], not_run: [{ task: 'two', why: 'interrupted' }] });
});

test('what broke in the middle ends the evaluation, and what was run before is told', async () => {
  suite('one', 'two');
  const card = await run(await halving(), { onEnd: () => rmSync(join(suites.folder, 'suite/two/repo'), { recursive: true }) });
  expect(card).toMatchObject({
    complete: false,
    runs: [{ task: 'one', solved: true }],
    not_run: [{ task: 'two', why: 'failed' }],
    failure: expect.stringContaining('suite/two/repo'),
  });
  expect(card.cost_micro_usd).toBe(card.runs[0]?.cost_micro_usd);
});

test('what a run had cost that could not be judged is told, also where it was the first', async () => {
  suite('one');
  const removing: Brain = function* (asked) {
    rmSync(join(suites.folder, 'suite/one/hidden'), { recursive: true, force: true });
    yield* halver(asked);
  };
  const card = await run(await halving({}, removing));
  expect(card).toMatchObject({
    complete: false,
    runs: [],
    not_run: [{ task: 'one', why: 'failed' }],
    failure: expect.stringContaining('one/hidden'),
  });
  expect(card.cost_micro_usd).toBeGreaterThan(5_000);
});

test('the operator’s ceilings and endpoints hold here too', async () => {
  suite('one');
  suites.put({ 'home/operator.yaml': { version: 1, ceilings: { costUsd: 0.25 }, people: { 'local:nobody': ['viewer'] } } });
  const evaluation = await prepareEvaluation(await halving());
  expect(evaluation).toMatchObject({ worstCaseMicroUsd: 250_000, paid: true });
  expect((await run(await halving())).runs).toMatchObject([{ solved: true }]);
  suites.put({ 'home/operator.yaml': { version: 1, endpoints: ['https://models.example/'] } });
  await expect(prepareEvaluation(await halving())).rejects.toThrow(/operator/);
});

test('a folder to keep that is there already is refused before anything is run', async () => {
  suite('one');
  await expect(prepareEvaluation(await halving({ keep: suites.folder }))).rejects.toThrow(/--keep .*: is there already/);
  expect(existsSync(join(suites.folder, 'one-1'))).toBe(false);
});

test('the suite that ships is run where none is named', async () => {
  const { suite: _suite, ...options } = await halving();
  const evaluation = await prepareEvaluation(options);
  expect(evaluation.runs).toHaveLength(12);
  expect(evaluation.worstCaseMicroUsd).toBe(12_000_000);
});
