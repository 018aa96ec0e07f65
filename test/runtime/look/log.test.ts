/** The log of whole runs: what every agent said and did, in order, without secrets, also when only the audit trail is left. */
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import type { AuditEntry } from '../../../domain/audit.ts';
import { type LogEvent, logEventSchema } from '../../../domain/log.ts';
import type { TranscriptRow } from '../../../domain/ports.ts';
import { rowOf } from '../../../domain/transcript.ts';
import { logOf } from '../../../runtime/look/log.ts';
import type { Operations } from '../../../runtime/operations.ts';
import { openRuntime } from '../../../runtime/runtime.ts';
import {
  approve,
  critic,
  FILES,
  HAPPY,
  makeWorld,
  PRODUCT,
  PRODUCT_TEST,
  planReply,
  start,
  submit,
  tool,
  type World,
  write,
} from '../../story/world.ts';

let world: World;
let operations: Operations;
afterEach(async () => {
  await operations.close();
  world.dispose();
});

async function open(options: Parameters<typeof makeWorld>[0] = {}): Promise<void> {
  world = makeWorld(options);
  operations = await world.open();
}

const short = (events: readonly LogEvent[]) =>
  events.map((event) => [event.type, event.agent, event.step, 'line' in event ? event.line : 'file' in event ? event.file : '']);
const of = <Type extends LogEvent['type']>(events: readonly LogEvent[], type: Type) =>
  events.filter((event): event is Extract<LogEvent, { type: Type }> => event.type === type);

const WORKING = [
  { ...planReply(), text: 'I look first.' },
  { ...write(1, 1, 'src/product.js', PRODUCT), text: 'I write the function.\nThen its test.' },
  {
    role: 'lead' as const,
    attempt: 1,
    call: 2,
    tools: [
      { name: 'edit_file', arguments: { path: 'src/product.js', old_text: 'a * b', new_text: 'a *\n  b' } },
      { name: 'run_command', arguments: { shell: 'seq 1 40; echo bad >&2; exit 3' } },
      { name: 'write_file', arguments: { path: '.git/config', content: 'x' } },
    ],
  },
  { role: 'lead' as const, attempt: 1, call: 3, text: 'I am done, I think.' },
  write(1, 4, 'test/product.test.js', PRODUCT_TEST),
  submit(1, 5, 'product and its test'),
  critic(1),
];

test('tells words, calls with their arguments, results, notes and hand-overs of all agents, in order and by its schema', async () => {
  await open({ replies: WORKING });
  const { thread_id: thread } = await start(world, operations);
  const events = await operations.log(thread);
  for (const event of events) expect(logEventSchema.parse(event)).toEqual(event);
  expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b));
  expect(short(events.filter(({ agent, type }) => (agent === 'planner' || agent === 'lead') && type !== 'hand-over'))).toEqual([
    ['words', 'planner', 1, ''],
    ['call', 'planner', 1, 'submit_plan 1 item(s): add a product function'],
    ['result', 'planner', 1, ''],
    ['words', 'lead', 1, ''],
    ['call', 'lead', 1, 'write_file src/product.js (1 lines)'],
    ['result', 'lead', 1, ''],
    ['call', 'lead', 2, 'edit_file src/product.js (+2 -1)'],
    ['call', 'lead', 2, 'run_command seq 1 40; echo bad >&2; exit 3'],
    ['call', 'lead', 2, 'write_file .git/config (1 lines)'],
    ['result', 'lead', 2, ''],
    ['result', 'lead', 2, ''],
    ['result', 'lead', 2, ''],
    ['words', 'lead', 3, ''],
    ['note', 'lead', 4, ''],
    ['call', 'lead', 4, 'write_file test/product.test.js (5 lines)'],
    ['result', 'lead', 4, ''],
    ['call', 'lead', 5, 'submit_build product and its test'],
    ['result', 'lead', 5, ''],
  ]);
  expect(of(events, 'hand-over').map(({ agent, file }) => [agent, file])).toEqual([
    ['governor', 'evidence/0/baseline.json'],
    ['planner', '10-plan.1.json'],
    ['lead', '20-build.1.json'],
    ['governor', 'evidence/1/rules.json'],
    ['critic', '30-review.1.json'],
  ]);
});

test('shows the first and last lines of a command with its exit code, and a refusal with its reason', async () => {
  await open({ replies: WORKING });
  const { thread_id: thread } = await start(world, operations);
  const events = await operations.log(thread, { agent: 'lead' });
  const results = of(events, 'result').filter(({ step }) => step === 2);
  expect(results).toMatchObject([
    { tool: 'edit_file', outcome: 'ok' },
    {
      tool: 'run_command',
      outcome: 'ok',
      exit_code: 3,
      text: expect.stringMatching(/^1\n2\n3\n4\n5\n6\n\(21 lines left out\)\n28\n[\s\S]*\n40\nbad$/),
    },
    { tool: 'write_file', outcome: 'refused', text: expect.stringMatching(/^PATH_DENIED: path "\.git\/config"/) },
  ]);
  const calls = of(events, 'call').filter(({ step }) => step === 2);
  expect(results.map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
  expect(calls[0]?.arguments).toEqual({ path: 'src/product.js', old_text: 'a * b', new_text: 'a *\n  b' });
  expect(of(events, 'note')).toMatchObject([{ text: expect.stringContaining('Only tool calls count here') }]);
  expect(events.every(({ agent, at }) => agent === 'lead' && Date.parse(at) > 0)).toBe(true);
});

test('shows each sub-agent by its id, with what came back to the lead; one that there is not is named with those there are', async () => {
  await open({
    config: { models: { planner: scripted, lead: scripted, worker: scripted, critic: scripted } },
    replies: [
      planReply(),
      tool('lead', 1, 1, 'delegate', {
        tasks: [
          { title: 'function', goal: 'write it', paths: ['src/**'] },
          { title: 'test', goal: 'test it', paths: ['test/**'] },
        ],
      }),
      {
        role: 'worker',
        agent: 'w1.1',
        attempt: 1,
        call: 1,
        tools: [{ name: 'write_file', arguments: { path: 'src/product.js', content: PRODUCT } }],
      },
      {
        role: 'worker',
        agent: 'w1.1',
        attempt: 1,
        call: 2,
        tools: [{ name: 'submit_work', arguments: { status: 'done', summary: 'function is there' } }],
      },
      {
        role: 'worker',
        agent: 'w1.2',
        attempt: 1,
        call: 1,
        tools: [{ name: 'write_file', arguments: { path: 'test/product.test.js', content: PRODUCT_TEST } }],
      },
      {
        role: 'worker',
        agent: 'w1.2',
        attempt: 1,
        call: 2,
        tools: [{ name: 'submit_work', arguments: { status: 'done', summary: 'test is there' } }],
      },
      submit(1, 2),
      critic(1),
    ],
  });
  const { thread_id: thread } = await start(world, operations);
  expect(short(await operations.log(thread, { agent: 'w1.2' }))).toEqual([
    ['call', 'w1.2', 1, 'write_file test/product.test.js (5 lines)'],
    ['result', 'w1.2', 1, ''],
    ['call', 'w1.2', 2, 'submit_work done test is there'],
    ['result', 'w1.2', 2, ''],
    ['hand-over', 'w1.2', 0, 'parts/1/w1.2.json'],
  ]);
  const lead = await operations.log(thread, { agent: 'lead' });
  expect(of(lead, 'call')[0]?.line).toBe('delegate 2 task(s): function; test');
  expect(of(lead, 'result').map(({ step, outcome }) => [step, outcome])).toEqual([
    [1, 'delegated'],
    [2, 'ok'],
    [2, 'handed-over'],
  ]);
  expect(of(lead, 'result')[1]?.text).toContain('function is there');
  await expect(operations.log(thread, { agent: 'w1.3' })).rejects.toMatchObject({
    name: 'UsageError',
    // They begin side by side.
    message: expect.stringMatching(/^agent "w1\.3": thread \S+ has planner, lead, w1\.[12], w1\.[12], critic; name one of them$/),
  });
});

test('holds no secret: of the environment, of a known shape, in words, arguments or keys', async () => {
  const key = 'very-secret-value-1';
  const shape = `ghp_${'a1B2c3'.repeat(6)}`;
  await open({
    env: { OPENAI_API_KEY: key },
    replies: [
      planReply(),
      { ...tool('lead', 1, 1, 'run_command', { argv: ['echo', key, shape] }), text: `the key is ${key}, the token ${shape}` },
      tool('lead', 1, 2, 'run_command', { [shape]: 'x', shell: 'true' }),
      ...HAPPY.slice(1, 3).map((reply) => ({ ...reply, call: reply.call + 2 })),
      submit(1, 5),
      critic(1),
    ],
  });
  const { thread_id: thread } = await start(world, operations);
  const text = JSON.stringify(await operations.log(thread));
  expect(text).not.toContain(key);
  expect(text).not.toContain(shape);
  expect(text).toContain('the key is [REDACTED], the token [REDACTED]');
  expect(text).toContain("echo '[REDACTED]' '[REDACTED]'");
});

test('is told from the audit trail once gc has removed the transcripts, and says so', async () => {
  await open({ replies: WORKING });
  const { thread_id: thread } = await start(world, operations);
  const before = await operations.log(thread);
  await approve(operations, thread);
  await operations.gc(0);
  await operations.gc(0);
  const events = await operations.log(thread);
  expect(events[0]).toMatchObject({
    type: 'pruned',
    seq: 0,
    text: expect.stringMatching(/^gc removed the transcripts of this thread at 20/),
  });
  expect(of(events, 'pruned')).toHaveLength(1);
  expect(of(events, 'words')).toEqual([]);
  const places = (all: readonly LogEvent[]) =>
    of(all, 'result').map(({ agent, step, tool: name, outcome, seq }) => [agent, step, name, outcome, seq]);
  expect(places(events)).toEqual(places(before));
  expect(of(events, 'call').map(({ line }) => line)).toContain('run_command "seq 1 40; echo bad >&2; exit 3"');
  expect((await operations.audit(thread)).filter(({ action }) => action === 'run-pruned')).toHaveLength(1);
});

test('stops where a transcript is not what was recorded and nobody removed it', async () => {
  await open();
  const { thread_id: thread } = await start(world, operations);
  const database = new Sqlite(`${world.home}/governor.sqlite`);
  database.prepare("UPDATE transcripts SET message = replace(message, 'product', 'forged') WHERE thread_id = ?").run(thread);
  database.close();
  await operations.close();
  operations = await world.open();
  await expect(operations.log(thread)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
});

test('goes on after a record, and a new attempt says again what is the same', async () => {
  await open({
    replies: [
      planReply(),
      write(1, 1, 'src/sum.js', 'broken(\n'),
      submit(1, 2),
      write(2, 1, 'src/sum.js', `${FILES['src/sum.js']}${PRODUCT}`),
      write(2, 2, 'src/product.js', PRODUCT),
      submit(2, 3),
      critic(2),
    ],
  });
  const { thread_id: thread } = await start(world, operations);
  const events = await operations.log(thread);
  const half = events[Math.floor(events.length / 2)]?.seq ?? 0;
  expect(await operations.log(thread, { after: half })).toEqual(events.filter(({ seq }) => seq > half));
  expect(
    of(events, 'call')
      .filter(({ agent }) => agent === 'lead')
      .map(({ attempt, step }) => [attempt, step]),
  ).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [2, 3],
  ]);
  expect(of(events, 'run').map(({ action, status }) => [action, status])).toContainEqual(['run-wait', 'waiting']);
});

/** A thread whose record is written here: what happened in it is exactly this. */
async function recorded(entries: (say: (message: TranscriptRow['message']) => Promise<string>) => Promise<readonly Partial<AuditEntry>[]>) {
  await open();
  const { threadId } = await operations.create({ goal: 'Add a product function', repo: world.repo, scriptFile: world.script });
  const runtime = await openRuntime({ home: world.home, env: { PATH: process.env['PATH'] ?? '' } });
  const fence = await runtime.stores.runs.acquire(threadId);
  let head: string | null = null;
  const say = async (message: TranscriptRow['message']): Promise<string> => {
    const row = rowOf(head, 'lead', message);
    await runtime.stores.transcripts.append(fence, [row]);
    head = row.id;
    return row.id;
  };
  for (const entry of await entries(say))
    await runtime.stores.audit.append({ threadId, action: '', actor: 'agent:lead', stage: 'build', attempt: 1, ...entry });
  const events = await logOf(runtime, await runtime.stores.runs.resolve(threadId), {});
  runtime.stores.close();
  return events
    .filter(({ agent }) => agent === 'lead')
    .map(({ seq: _seq, at: _at, stage: _stage, attempt: _attempt, agent: _agent, ...rest }) => rest);
}

test('a compaction is told as one, with what stands in for the steps that were left out; the brief is not told', async () => {
  const events = await recorded(async (say) => {
    await say({ role: 'user', content: 'the brief' });
    const first = await say({ role: 'assistant', content: 'first', toolCalls: [] });
    await say({ role: 'compaction', content: 'Earlier: it read two files.', kept: { from: 2, whole: 2 }, resultBytes: null });
    await say({ role: 'compaction', content: '', kept: null, resultBytes: 500 });
    const second = await say({ role: 'assistant', content: '', toolCalls: [] });
    return [
      { action: 'model-call', facts: { call: 1 } },
      { action: 'model-answer', facts: { call: 1, row: first } },
      { action: 'model-call', facts: { call: 2 } },
      { action: 'model-error', facts: { call: 2, message: 'the model endpoint answered 503' } },
      { action: 'model-answer', facts: { call: 2, row: second } },
    ];
  });
  expect(events).toEqual([
    { type: 'words', step: 1, text: 'first' },
    { type: 'fault', step: 2, text: 'the model endpoint answered 503' },
    { type: 'compaction', step: 2, text: 'Earlier: it read two files.' },
    { type: 'compaction', step: 2, text: 'the newest results were cut to fit the window' },
  ]);
});

test('a thread that was recorded before records named their rows is told from its trail', async () => {
  const events = await recorded(async () => [
    { action: 'model-call', facts: { call: 1 } },
    { action: 'model-answer', facts: { call: 1 } },
    { action: 'tool-call', facts: { tool: 'read_file', path: '"src/sum.js"' } },
    { action: 'tool-result', facts: { tool: 'read_file', outcome: 'ok', bytes: 12 } },
  ]);
  expect(events).toEqual([
    { type: 'call', step: 1, id: '', tool: 'read_file', line: 'read_file "src/sum.js"', arguments: {} },
    { type: 'result', step: 1, id: '', tool: 'read_file', outcome: 'ok', bytes: 12, text: '' },
  ]);
});

const scripted = { provider: 'script', model: 'scripted' };
