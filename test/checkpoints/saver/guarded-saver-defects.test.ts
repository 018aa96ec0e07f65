/** The defects of LangGraph.js that touch us (seen on 1.7.3), each under its upstream number: that it is still there, and what holds it off. When "still there" fails, the work-around can go. */
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotation, Command, END, GraphDrained, interrupt, MemorySaver, Send, START, StateGraph } from '@langchain/langgraph';
import { type BaseCheckpointSaver, emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../checkpoints/database.ts';
import type { GuardedSaver } from '../../../checkpoints/saver/guarded-saver.ts';
import { guardedSqliteSaver } from '../../../checkpoints/saver/sqlite-saver.ts';
import { FencedError } from '../../../domain/errors.ts';
import { STAGES } from '../../../domain/stages.ts';
import { governorGraph } from '../../../graphs/governor.ts';

let folder: string;
let database: Database;
let saver: GuardedSaver;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'governor-defects-'));
  database = openDatabase(join(folder, 'governor.sqlite'));
  saver = guardedSqliteSaver(database);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const config = (id = 'thread') => ({ configurable: { thread_id: id, checkpoint_ns: '' }, durability: 'sync' as const });
const list = Annotation<string[], string | string[]>({ reducer: (before, after) => [...before, ...[after].flat()], default: () => [] });

describe('finished parallel work of a nested graph stays finished (langgraphjs#2667, mended in 1.5)', () => {
  const Inner = Annotation.Root({ item: Annotation<string>, done: list });

  test.each(['interrupt', 'throw'] as const)('when one of four workers ends in an %s, only that one runs again', async (how) => {
    const ran: Record<string, number> = { w0: 0, w1: 0, w2: 0, w3: 0 };
    let broken = true;
    const inner = new StateGraph(Inner)
      .addNode('worker', async ({ item }) => {
        ran[item] = (ran[item] ?? 0) + 1;
        if (item === 'w0' && how === 'interrupt') interrupt({ ask: 'go on?' });
        if (item === 'w0' && how === 'throw') {
          await new Promise((wake) => setTimeout(wake, 30));
          if (broken) throw new Error('w0 failed');
        }
        return { done: item };
      })
      .addConditionalEdges(START, () => Object.keys(ran).map((item) => new Send('worker', { item })))
      .addEdge('worker', END)
      .compile();
    const outer = new StateGraph(Annotation.Root({ done: list }))
      .addNode('build', async (_state, call) => ({ done: (await inner.invoke({ done: [] }, { ...call, recursionLimit: 50 })).done }), {
        subgraphs: [inner],
      })
      .addEdge(START, 'build')
      .addEdge('build', END)
      .compile({ checkpointer: saver });
    const first: unknown = await outer.invoke({ done: [] }, config()).catch(() => ({}));
    broken = false;
    const gate = (first as { __interrupt__?: { id?: string }[] }).__interrupt__?.[0]?.id ?? '';
    const end = await outer.invoke(how === 'throw' ? null : new Command({ resume: { [gate]: { ok: true } } }), config());
    expect(end.done.toSorted()).toEqual(['w0', 'w1', 'w2', 'w3']);
    expect(ran).toEqual({ w0: 2, w1: 1, w2: 1, w3: 1 });
  });
});

describe('one parallel task that throws discards what its siblings finish after it', () => {
  /** Three workers by `Send`, the first fails at once; how often each ran to its end over a run and a resume. */
  async function runs(how: 'throws' | 'drains' | 'value'): Promise<Record<string, number>> {
    const ran: Record<string, number> = { w0: 0, w1: 0, w2: 0 };
    let broken = true;
    const State = Annotation.Root({ item: Annotation<string>, done: list });
    const graph = new StateGraph(State)
      .addNode('worker', async ({ item }) => {
        if (item === 'w0' && broken) {
          if (how === 'value') return { done: `${item} failed` };
          throw how === 'drains' ? new GraphDrained() : new Error('w0 failed');
        }
        await new Promise((wake) => setTimeout(wake, 30));
        ran[item] = (ran[item] ?? 0) + 1;
        return { done: item };
      })
      .addConditionalEdges(START, () => Object.keys(ran).map((item) => new Send('worker', { item })))
      .addEdge('worker', END)
      .compile({ checkpointer: saver });
    await graph.invoke({ done: [] }, config(how)).catch(() => undefined);
    await new Promise((wake) => setTimeout(wake, 60));
    broken = false;
    await graph.invoke(null, config(how));
    return ran;
  }

  test('the defect is still there where it throws', async () => {
    expect(await runs('throws')).toEqual({ w0: 1, w1: 2, w2: 2 });
  });

  test('a drain is not one: siblings end, and what they finish is kept', async () => {
    expect(await runs('drains')).toEqual({ w0: 1, w1: 1, w2: 1 });
  });

  test('as a value it costs its siblings nothing; our workers return their failures', async () => {
    expect(await runs('value')).toEqual({ w0: 0, w1: 1, w2: 1 });
  });
});

describe('a saver whose write fails (langgraphjs#2838, mended in 1.5)', () => {
  class Full extends MemorySaver {
    override async putWrites(): Promise<void> {
      throw new Error('disk full');
    }
  }

  // A rejection that nobody sees would end this test process.
  test.each(['sync', 'async'] as const)('is the error of the call, also beside a node that is running (%s)', async (durability) => {
    const graph = new StateGraph(Annotation.Root({ done: list }))
      .addNode('quick', () => ({ done: 'quick' }))
      .addNode('slow', async () => {
        await new Promise((wake) => setTimeout(wake, 50));
        return { done: 'slow' };
      })
      .addEdge(START, 'quick')
      .addEdge(START, 'slow')
      .addEdge('quick', END)
      .addEdge('slow', END)
      .compile({ checkpointer: new Full() });
    await expect(graph.invoke({ done: [] }, { ...config(), durability })).rejects.toThrow('disk full');
  });

  async function fenced(): Promise<ReturnType<typeof config>> {
    database.exec(
      "INSERT INTO runs (thread_id, input, status, stage, attempt, epoch, cancel_requested, machine_ms, created_at, updated_at) VALUES ('thread', '{}', 'running', 'plan', 0, 2, 0, 0, '', '')",
    );
    const at = await saver.put(config(), emptyCheckpoint(), { source: 'input', step: -1, parents: {} });
    return { ...config(), ...at } as ReturnType<typeof config>; // with its checkpoint id
  }

  test('under the governor a write with a stale lease rejects', async () => {
    const at = await fenced();
    saver.guard({ threadId: 'thread', epoch: 1 });
    await expect(saver.putWrites(at, [['a', 1]], 'task')).rejects.toBeInstanceOf(FencedError);
    await expect(saver.put(at, emptyCheckpoint(), { source: 'loop', step: 0, parents: {} })).rejects.toBeInstanceOf(FencedError);
  });

  test('under a graph of a project, which may come with an older LangGraph, none rejects: the first is told, and no later one is made', async () => {
    const at = await fenced();
    const told: Error[] = [];
    saver.guard({ threadId: 'thread', epoch: 1 }, (error) => told.push(error));
    await saver.putWrites(at, [['a', 1]], 'task');
    saver.guard({ threadId: 'thread', epoch: 2 });
    await saver.putWrites(at, [['b', 1]], 'task');
    await saver.put(at, emptyCheckpoint(), { source: 'loop', step: 0, parents: {} });
    expect(told).toEqual([expect.any(FencedError)]);
    expect(database.prepare('SELECT count(*) AS n FROM writes').get()).toEqual({ n: 0 });
    expect(database.prepare('SELECT count(*) AS n FROM checkpoints').get()).toEqual({ n: 1 });
  });
});

describe('langgraphjs#2854: after the clock went back an older checkpoint is taken for the latest', () => {
  const later = { ...emptyCheckpoint(), id: 'f0000000-0000-6000-8000-000000000000' };
  const earlier = { ...emptyCheckpoint(), id: '10000000-0000-6000-8000-000000000000' };

  async function latestOf(one: BaseCheckpointSaver): Promise<string | undefined> {
    await one.put(config(), later, { source: 'loop', step: 0, parents: {} }, {});
    await one.put(config(), earlier, { source: 'loop', step: 1, parents: {} }, {});
    return (await one.getTuple(config()))?.checkpoint.id;
  }

  test('still there in the official saver', async () => {
    expect(await latestOf(SqliteSaver.fromConnString(':memory:'))).toBe(later.id);
  });

  test('in ours the latest is the one that was written last', async () => {
    expect(await latestOf(saver)).toBe(earlier.id);
  });
});

describe('a value that cannot be serialized', () => {
  const graphOn = (checkpointer: BaseCheckpointSaver) =>
    new StateGraph(Annotation.Root({ value: Annotation<unknown> }))
      .addNode('good', () => ({ value: 1 }))
      .addNode('bad', () => ({ value: { deep: [10n] } }))
      .addEdge(START, 'good')
      .addEdge('good', 'bad')
      .addEdge('bad', END)
      .compile({ checkpointer });

  test('still there: a success that leaves a thread nobody can read', async () => {
    const graph = graphOn(new MemorySaver());
    await graph.invoke({ value: 0 }, config());
    await expect(graph.getState(config())).rejects.toThrow(TypeError);
  });

  test('in our saver it is an error with its path, and the thread stays readable', async () => {
    const graph = graphOn(saver);
    await expect(graph.invoke({ value: 0 }, config())).rejects.toThrow(/value.*deep|deep/);
    expect((await graph.getState(config())).values).toEqual({ value: 1 });
  });
});

describe('langgraph#8834: a router that throws is a silent success', () => {
  test('still there: resumed, it ends well, and what the router should have chosen never ran', async () => {
    const ran: string[] = [];
    let broken = true;
    const graph = new StateGraph(Annotation.Root({ done: list }))
      .addNode('first', () => ({ done: 'first' }))
      .addNode('second', () => {
        ran.push('second');
        return { done: 'second' };
      })
      .addEdge(START, 'first')
      .addConditionalEdges('first', () => {
        if (broken) throw new Error('the router');
        return 'second';
      }, ['second', END])
      .addEdge('second', END)
      .compile({ checkpointer: saver });
    await expect(graph.invoke({ done: [] }, config())).rejects.toThrow('the router');
    broken = false;
    expect(await graph.invoke(null, config())).toEqual({ done: ['first'] });
    expect(ran).toEqual([]);
  });

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

test('langgraphjs#2608, still there: a node that is gone from the graph is a success; our runner looks at the names that it stamped', async () => {
  const gated = (name: string) =>
    new StateGraph(Annotation.Root({ done: list }))
      .addNode(name, () => ({ done: interrupt('go on?') as string }))
      .addEdge(START, name as never)
      .compile({ checkpointer: saver });
  await gated('gate').invoke({ done: [] }, config());
  const renamed = gated('door');
  expect((await renamed.getState(config())).next).toEqual([]);
  expect(await renamed.invoke(null, config())).toEqual({ done: [] });
});

describe('the same input delivered again after the end', () => {
  /** How often the one node ran: LangGraph reads `run_id` in the metadata, and leaves it to the saver to write it. */
  async function runs(checkpointer: BaseCheckpointSaver): Promise<number> {
    let ran = 0;
    const graph = new StateGraph(Annotation.Root({ value: Annotation<number> }))
      .addNode('once', () => {
        ran += 1;
        return { value: ran };
      })
      .addEdge(START, 'once')
      .addEdge('once', END)
      .compile({ checkpointer });
    const call = { ...config(), metadata: { run_id: 'run-1' } };
    await graph.invoke({ value: 0 }, call);
    await graph.invoke({ value: 0 }, call);
    return ran;
  }

  test('still there: the official savers do not stamp it, and all runs twice', async () => {
    expect(await runs(new MemorySaver())).toBe(2);
  });

  test('our saver does, and nothing runs', async () => {
    expect(await runs(saver)).toBe(1);
  });
});

test('still there: a call that is over goes on listening to its signal; our server ends each signal with its run', async () => {
  const { signal } = new AbortController();
  const graph = new StateGraph(Annotation.Root({ done: list }))
    .addNode('once', () => ({ done: 'once' }))
    .addEdge(START, 'once')
    .addEdge('once', END)
    .compile({ checkpointer: saver });
  await graph.invoke({ done: [] }, { ...config(), signal });
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
});
