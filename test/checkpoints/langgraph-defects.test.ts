/** The defects of LangGraph.js 1.4 that touch us, each under its upstream number, with the work-around that holds it off. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotation, Command, END, interrupt, MemorySaver, Send, START, StateGraph } from '@langchain/langgraph';
import { emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../checkpoints/database.ts';
import { GuardedSaver } from '../../checkpoints/saver.ts';
import { FencedError } from '../../domain/errors.ts';
import { STAGES } from '../../domain/run.ts';
import { governorGraph } from '../../graphs/governor.ts';
import { invokeNested } from '../../graphs/nested.ts';

let folder: string;
let database: Database;
let saver: GuardedSaver;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-defects-'));
  database = openDatabase(join(folder, 'governor.sqlite'));
  saver = new GuardedSaver(database);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const config = (id = 'thread') => ({ configurable: { thread_id: id, checkpoint_ns: '' }, durability: 'sync' as const });
const list = Annotation<string[], string | string[]>({ reducer: (before, after) => [...before, ...[after].flat()], default: () => [] });

describe('langgraphjs#2667: finished parallel work of a nested graph is run again after an interrupt', () => {
  const Inner = Annotation.Root({ item: Annotation<string>, done: list });

  /** Four workers by `Send`; the first asks a person. How often each one ran to its end. */
  async function runs(nest: boolean): Promise<Record<string, number>> {
    const ran: Record<string, number> = { w0: 0, w1: 0, w2: 0, w3: 0 };
    const inner = new StateGraph(Inner)
      .addNode('worker', ({ item }) => {
        ran[item] = (ran[item] ?? 0) + 1;
        if (item === 'w0') interrupt({ ask: 'go on?' });
        return { done: item };
      })
      .addConditionalEdges(START, () => Object.keys(ran).map((item) => new Send('worker', { item })))
      .addEdge('worker', END)
      .compile();
    const outer = new StateGraph(Annotation.Root({ done: list }))
      .addNode(
        'build',
        async (_state, call) => {
          const end = nest ? await invokeNested(inner, call, 25, { done: [] }) : await inner.invoke({ done: [] }, call);
          return { done: (end as typeof Inner.State).done }; // the inner graph's output
        },
        { subgraphs: [inner] },
      )
      .addEdge(START, 'build')
      .addEdge('build', END)
      .compile({ checkpointer: saver });
    const first = await outer.invoke({ done: [] }, config(String(nest)));
    const gate = (first as { __interrupt__?: { id?: string }[] }).__interrupt__?.[0]?.id ?? '';
    const end = await outer.invoke(new Command({ resume: { [gate]: { ok: true } } }), config(String(nest)));
    expect(end.done.toSorted()).toEqual(['w0', 'w1', 'w2', 'w3']);
    return ran;
  }

  test('the defect is still there without the wrapper (when this fails, the wrapper can go)', async () => {
    expect(await runs(false)).toEqual({ w0: 2, w1: 2, w2: 2, w3: 2 });
  });

  test('through the wrapper only the one that asked runs again', async () => {
    expect(await runs(true)).toEqual({ w0: 2, w1: 1, w2: 1, w3: 1 });
  });
});

describe('one parallel task that throws discards what its siblings finish after it (LangGraph.js 1.4)', () => {
  /** Three workers by `Send`, the first fails at once; how often each ran to its end over a run and a resume. */
  async function runs(asValue: boolean): Promise<Record<string, number>> {
    const ran: Record<string, number> = { w0: 0, w1: 0, w2: 0 };
    let broken = true;
    const State = Annotation.Root({ item: Annotation<string>, done: list });
    const graph = new StateGraph(State)
      .addNode('worker', async ({ item }) => {
        if (item === 'w0' && broken) {
          if (asValue) return { done: `${item} failed` };
          throw new Error('w0 failed');
        }
        await new Promise((wake) => setTimeout(wake, 30));
        ran[item] = (ran[item] ?? 0) + 1;
        return { done: item };
      })
      .addConditionalEdges(START, () => Object.keys(ran).map((item) => new Send('worker', { item })))
      .addEdge('worker', END)
      .compile({ checkpointer: saver });
    await graph.invoke({ done: [] }, config(String(asValue))).catch(() => undefined);
    await new Promise((wake) => setTimeout(wake, 60));
    broken = false;
    await graph.invoke(null, config(String(asValue)));
    return ran;
  }

  test('the defect is still there where it throws', async () => {
    expect(await runs(false)).toEqual({ w0: 1, w1: 2, w2: 2 });
  });

  test('as a value it costs its siblings nothing; our workers return their failures', async () => {
    expect(await runs(true)).toEqual({ w0: 0, w1: 1, w2: 1 });
  });
});

describe('langgraphjs#2838: a saver whose write fails kills the process', () => {
  test('putWrites keeps the error and the next put throws it', async () => {
    database.exec(
      "INSERT INTO runs (thread_id, input, status, stage, attempt, epoch, cancel_requested, machine_ms, created_at, updated_at) VALUES ('thread', '{}', 'running', 'plan', 0, 2, 0, 0, '', '')",
    );
    const at = await saver.put(config(), emptyCheckpoint(), { source: 'input', step: -1, parents: {} });
    saver.guard({ threadId: 'thread', epoch: 1 });
    await expect(saver.putWrites(at, [['a', 1]], 'task')).resolves.toBeUndefined();
    await expect(saver.put(at, emptyCheckpoint(), { source: 'loop', step: 0, parents: {} })).rejects.toBeInstanceOf(FencedError);
  });
});

describe('langgraphjs#2854: after the clock went back an older checkpoint is taken for the latest', () => {
  test('the latest is the one that was written last', async () => {
    const later = { ...emptyCheckpoint(), id: 'f0000000-0000-6000-8000-000000000000' };
    const earlier = { ...emptyCheckpoint(), id: '10000000-0000-6000-8000-000000000000' };
    await saver.put(config(), later, { source: 'loop', step: 0, parents: {} });
    await saver.put(config(), earlier, { source: 'loop', step: 1, parents: {} });
    expect((await saver.getTuple(config()))?.checkpoint.id).toBe(earlier.id);
  });
});

test('a value that cannot be serialized is an error with its path, and the thread stays readable (langgraphjs 1.4 stored a sentinel)', async () => {
  const graph = new StateGraph(Annotation.Root({ value: Annotation<unknown> }))
    .addNode('good', () => ({ value: 1 }))
    .addNode('bad', () => ({ value: { deep: [10n] } }))
    .addEdge(START, 'good')
    .addEdge('good', 'bad')
    .addEdge('bad', END)
    .compile({ checkpointer: saver });
  await expect(graph.invoke({ value: 0 }, config())).rejects.toThrow(/value.*deep|deep/);
  expect((await graph.getState(config())).values).toEqual({ value: 1 });
});

describe('langgraph#8834: a router that throws is a silent success', () => {
  const ROUTERS = STAGES.filter((stage) => stage !== 'halt');

  test.each(ROUTERS)('the router after %s is total: what it does not know goes to halt', async (node) => {
    const graph = governorGraph(async () => {
      throw new Error('nothing runs here');
    }).compile({ checkpointer: new MemorySaver() });
    for (const route of ['', 'nonsense', '__proto__', 'constructor']) {
      await graph.updateState(config(`${node}-${route}`), { route }, node);
      expect((await graph.getState(config(`${node}-${route}`))).next).toEqual(['halt']);
    }
  });
});

test('the same input delivered again after the end runs nothing (run_id is stamped; LangGraph.js 1.4 reads it and never writes it)', async () => {
  let ran = 0;
  const graph = new StateGraph(Annotation.Root({ value: Annotation<number> }))
    .addNode('once', () => {
      ran += 1;
      return { value: ran };
    })
    .addEdge(START, 'once')
    .addEdge('once', END)
    .compile({ checkpointer: saver });
  const call = { ...config(), metadata: { run_id: 'run-1' } };
  await graph.invoke({ value: 0 }, call);
  await graph.invoke({ value: 0 }, call);
  expect(ran).toBe(1);
});
