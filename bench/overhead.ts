/**
 * Our own time a step of the lead, a checkpoint and a happy path; what the steps store; beside plain LangGraph with SqliteSaver in
 * the same run. `npm run bench [-- steps]`.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import Sqlite from 'better-sqlite3';
import { onFailpoint } from '../domain/failpoint.ts';
import { approve, makeWorld, planReply, type Reply, start, tool } from '../test/story/world.ts';

const STEPS = Number(process.argv[2] ?? 200);

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** A lead of so many steps with instant replies: reads of ever other lines, and a write each tenth step. */
async function governed(steps: number) {
  const lines = Array.from({ length: 2000 }, (_, index) => `export const line${index} = ${index};`).join('\n');
  const replies: Reply[] = [planReply()];
  for (let call = 1; call <= steps; call += 1) {
    replies.push(
      call % 10 === 0
        ? tool('lead', 1, call, 'write_file', { path: 'src/note.js', content: `export const note = ${call};\n` })
        : tool('lead', 1, call, 'read_file', { path: 'src/long.js', start_line: call, end_line: call + 5 }),
    );
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
  const checkpoints = spansBetween(/^put:.*:before$/, /^put:.*:after$/);
  const result = await start(world, operations);
  onFailpoint(undefined);
  const records = (await operations.audit(result.thread_id)).filter((record) => record.stage === 'build' && record.action === 'model-call');
  const times = records.map((record) => Date.parse(record.at));
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const database = new Sqlite(join(world.home, 'governor.sqlite'), { readonly: true });
  const size = (sql: string): number => Number((database.prepare(sql).get() as { bytes: number | null }).bytes ?? 0); // one aggregate row
  const tables =
    size('SELECT SUM(LENGTH(checkpoint) + LENGTH(metadata)) AS bytes FROM checkpoints') +
    size('SELECT SUM(LENGTH(value)) AS bytes FROM writes');
  database.close();
  await operations.close();
  const file = statSync(join(world.home, 'governor.sqlite')).size;
  world.dispose();
  return { end: result.reason?.code ?? result.status, gaps, checkpoints, tables, file };
}

/** Collects the times between two failpoints, in ms. */
function spansBetween(from: RegExp, to: RegExp): number[] {
  const spans: number[] = [];
  let since = 0;
  onFailpoint((point) => {
    if (from.test(point)) since = performance.now();
    else if (to.test(point)) spans.push(performance.now() - since);
  });
  return spans;
}

/** A released happy path: all of its time, and that of the commands it ran. */
async function happy() {
  const world = makeWorld();
  const operations = await world.open();
  const commands = spansBetween(/^tool:run_command:begin$/, /^tool:run_command:done$/);
  const startedAt = performance.now();
  const waiting = await start(world, operations);
  const released = await approve(operations, waiting.thread_id);
  const total = performance.now() - startedAt;
  onFailpoint(undefined);
  for (const { path } of await operations.files(waiting.thread_id)) {
    if (!/^evidence\/.*\/test\.json$/.test(path)) continue;
    const evidence = JSON.parse(await operations.file(waiting.thread_id, path)) as { body: { duration_ms: number } }; // our own file
    commands.push(evidence.body.duration_ms);
  }
  await operations.close();
  world.dispose();
  const inCommands = commands.reduce((sum, ms) => sum + ms, 0);
  return { end: released.status, total_ms: Math.round(total), commands_ms: Math.round(inCommands), own_ms: Math.round(total - inCommands) };
}

/** The same number of super-steps with messages in state, as tutorials do it. */
async function plain(steps: number) {
  const State = Annotation.Root({
    messages: Annotation<string[], string[]>({ reducer: (before, after) => [...before, ...after], default: () => [] }),
  });
  const database = new Sqlite(':memory:');
  const graph = new StateGraph(State)
    .addNode('step', () => ({ messages: ['x'.repeat(1024)] }))
    .addEdge(START, 'step')
    .addConditionalEdges('step', (state) => (state.messages.length >= steps ? 'end' : 'step'), { end: END, step: 'step' })
    .compile({ checkpointer: new SqliteSaver(database) });
  const startedAt = performance.now();
  await graph.invoke({ messages: [] }, { configurable: { thread_id: 'plain' }, recursionLimit: steps + 10, durability: 'sync' });
  const perStep = (performance.now() - startedAt) / steps;
  const row = database.prepare('SELECT SUM(LENGTH(checkpoint)) AS bytes FROM checkpoints').get() as { bytes: number }; // one aggregate row
  database.close();
  return { perStep, bytes: row.bytes };
}

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
      happy: path,
      step_ms: { median, p95: quantile(ours.gaps, 0.95) },
      checkpoint_ms: { median: round(quantile(ours.checkpoints, 0.5)), p95: round(quantile(ours.checkpoints, 0.95)) },
      checkpoint_tables_bytes: ours.tables,
      database_bytes: ours.file,
      plain: { step_ms: Number(theirs.perStep.toFixed(2)), checkpoint_bytes: theirs.bytes },
      ratio: { step: Number((median / theirs.perStep).toFixed(2)), bytes: Number((ours.tables / theirs.bytes).toFixed(4)) },
    },
    null,
    2,
  )}\n`,
);
