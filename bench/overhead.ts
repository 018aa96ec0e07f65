/**
 * Our own time a step of the lead, a checkpoint and a happy path; what the steps store; beside plain LangGraph with SqliteSaver in
 * the same run, as durable as ours: on a file at FULL, two super-steps a step. `npm run bench [-- steps]`.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import Sqlite from 'better-sqlite3';
import { onFailpoint } from '../domain/failpoint.ts';
import { approve, makeWorld, planReply, type Reply, start, tool } from '../test/story/world.ts';

const STEPS = Number(process.argv[2] ?? 200);

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** What one step adds to a request, and what it begins with, in tokens: about a quarter of their bytes. */
const STEP_TOKENS = 130;
const FIRST_TOKENS = 2000;

/**
 * A lead of so many steps with instant replies: reads of ever other lines, and a write each tenth step. Each reply reports its usage, as
 * an endpoint does; without that the script would count every request a second time.
 */
async function governed(steps: number) {
  const lines = Array.from({ length: 2000 }, (_, index) => `export const line${index} = ${index};`).join('\n');
  const replies: Reply[] = [planReply()];
  for (let call = 1; call <= steps; call += 1) {
    const reply =
      call % 10 === 0
        ? tool('lead', 1, call, 'write_file', { path: 'src/note.js', content: `export const note = ${call};\n` })
        : tool('lead', 1, call, 'read_file', { path: 'src/long.js', start_line: call, end_line: call + 5 });
    replies.push({ ...reply, usage: { input: FIRST_TOKENS + call * STEP_TOKENS, output: 30 } });
  }
  const world = makeWorld({
    files: { 'src/long.js': `${lines}\n` },
    config: {
      checks: [],
      limits: {
        stepsPerAgent: steps,
        modelCalls: steps + 10,
        toolCalls: steps * 2,
        costUsd: 100,
        costPerAgentUsd: 100,
        tokens: 1_000_000_000,
        maxOutputTokens: 1024,
        leanAt: 1,
      },
    },
    replies,
  });
  const operations = await world.open();
  const checkpoints: number[] = [];
  const times: number[] = [];
  const used: number[] = [];
  const onCheckpoint = spans(/^put:.*:before$/, /^put:.*:after$/, checkpoints);
  onFailpoint((point) => {
    onCheckpoint(point);
    if (point !== 'model:lead:before') return;
    times.push(performance.now());
    const { user, system } = process.cpuUsage();
    used.push((user + system) / 1000);
  });
  const result = await start(world, operations);
  onFailpoint(undefined);
  const trail = await operations.audit(result.thread_id);
  const disbelieved = trail.filter((record) => record.action === 'usage-distrusted').length;
  const [gaps, cpu] = [gapsOf(times), gapsOf(used)];
  const database = new Sqlite(join(world.home, 'governor.sqlite'), { readonly: true });
  const size = (sql: string): number => Number((database.prepare(sql).get() as { bytes: number | null }).bytes ?? 0); // one aggregate row
  const tables =
    size('SELECT SUM(LENGTH(checkpoint) + LENGTH(metadata)) AS bytes FROM checkpoints') +
    size('SELECT SUM(LENGTH(value)) AS bytes FROM writes');
  database.close();
  await operations.close();
  const file = statSync(join(world.home, 'governor.sqlite')).size;
  world.dispose();
  return { end: result.reason?.code ?? result.status, disbelieved, gaps, cpu, checkpoints, tables, file };
}

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((time, index) => time - (times[index] ?? time));

/** Collects the times between two failpoints, in ms. */
function spans(from: RegExp, to: RegExp, into: number[]): (point: string) => void {
  let since = 0;
  return (point) => {
    if (from.test(point)) since = performance.now();
    else if (to.test(point)) into.push(performance.now() - since);
  };
}

/** A released happy path: all of its time, and that of the commands it ran. */
async function happy() {
  const world = makeWorld();
  const operations = await world.open();
  const commands: number[] = [];
  onFailpoint(spans(/^tool:run_command:begin$/, /^tool:run_command:done$/, commands));
  const startedAt = performance.now();
  const waiting = await start(world, operations);
  const released = await approve(operations, waiting.thread_id);
  const total = performance.now() - startedAt;
  onFailpoint(undefined);
  for (const { path } of await operations.files(waiting.thread_id)) {
    if (!/^evidence\/.*\.json$/.test(path)) continue;
    // Those of the base's tests too. What is no evidence of a command has no duration.
    const evidence = JSON.parse(await operations.file(waiting.thread_id, path)) as { body: { duration_ms?: number } }; // our own file
    commands.push(evidence.body.duration_ms ?? 0);
  }
  await operations.close();
  world.dispose();
  const inCommands = commands.reduce((sum, ms) => sum + ms, 0);
  return { end: released.status, total_ms: Math.round(total), commands_ms: Math.round(inCommands), own_ms: Math.round(total - inCommands) };
}

/** How many git processes a happy path starts: a program of that name, found first, writes a line for each. */
async function gitProcesses(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'governor-bench-'));
  const list = join(folder, 'list');
  const before = process.env['PATH'] ?? '';
  const git = before
    .split(':')
    .map((place) => join(place, 'git'))
    .find((file) => statSync(file, { throwIfNoEntry: false }) !== undefined);
  const world = makeWorld();
  writeFileSync(join(folder, 'git'), `#!/bin/sh\necho x >> ${list}\nexec ${git} "$@"\n`);
  writeFileSync(list, '');
  chmodSync(join(folder, 'git'), 0o755);
  process.env['PATH'] = `${folder}:${before}`;
  const operations = await world.open();
  const waiting = await start(world, operations);
  await approve(operations, waiting.thread_id);
  await operations.close();
  process.env['PATH'] = before;
  const count = readFileSync(list, 'utf8').length / 2;
  world.dispose();
  rmSync(folder, { recursive: true, force: true });
  return count;
}

/** The same steps with messages in state, as tutorials do it: a model's node and a tools' node, one super-step each. */
async function plain(steps: number) {
  const State = Annotation.Root({
    messages: Annotation<string[], string[]>({ reducer: (before, after) => [...before, ...after], default: () => [] }),
  });
  const folder = mkdtempSync(join(tmpdir(), 'governor-bench-'));
  const database = new Sqlite(join(folder, 'plain.sqlite'));
  const saver = new SqliteSaver(database);
  const graph = new StateGraph(State)
    .addNode('lead', () => ({ messages: ['x'.repeat(128)] }))
    .addNode('tools', () => ({ messages: ['x'.repeat(384)] }))
    .addEdge(START, 'lead')
    .addEdge('lead', 'tools')
    .addConditionalEdges('tools', (state) => (state.messages.length >= 2 * steps ? 'end' : 'lead'), { end: END, lead: 'lead' })
    .compile({ checkpointer: saver });
  // The saver sets the journal as it is first used; how it is written is the connection's.
  database.pragma('synchronous = FULL');
  const startedAt = performance.now();
  await graph.invoke({ messages: [] }, { configurable: { thread_id: 'plain' }, recursionLimit: 2 * steps + 10, durability: 'sync' });
  const perStep = (performance.now() - startedAt) / steps;
  const mode = {
    journal: database.pragma('journal_mode', { simple: true }),
    synchronous: database.pragma('synchronous', { simple: true }),
  };
  const row = database.prepare('SELECT SUM(LENGTH(checkpoint)) AS bytes FROM checkpoints').get() as { bytes: number }; // one aggregate row
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return { perStep, bytes: row.bytes, mode };
}

const git = await gitProcesses();
const path = await happy();
const ours = await governed(STEPS);
const theirs = await plain(STEPS);
const round = (ms: number): number => Number(ms.toFixed(2));
const median = quantile(ours.gaps, 0.5);
process.stdout.write(
  `${JSON.stringify(
    {
      steps: STEPS,
      end: ours.end,
      disbelieved_reports: ours.disbelieved,
      happy: { ...path, git_processes: git },
      step_ms: { median: round(median), p95: round(quantile(ours.gaps, 0.95)), cpu: round(quantile(ours.cpu, 0.5)) },
      checkpoint_ms: { median: round(quantile(ours.checkpoints, 0.5)), p95: round(quantile(ours.checkpoints, 0.95)) },
      checkpoint_tables_bytes: ours.tables,
      database_bytes: ours.file,
      plain: { step_ms: round(theirs.perStep), checkpoint_bytes: theirs.bytes, ...theirs.mode },
      ratio: { step: round(median / theirs.perStep), bytes: Number((ours.tables / theirs.bytes).toFixed(4)) },
    },
    null,
    2,
  )}\n`,
);
