/** A graph of an older LangGraph, which has no `streamEvents` v3, is told by its modes; any other failure is its own. */
import { Annotation, interrupt, MemorySaver, START, StateGraph } from '@langchain/langgraph';
import { expect, test } from 'vitest';
import type { ServableGraph } from '../../../server/context.ts';
import type { SourceEvent } from '../../../server/protocol/source-event.ts';
import { streamGraph } from '../../../server/protocol/stream-graph.ts';

const Steps = Annotation.Root({ n: Annotation<number>() });
const inner = new StateGraph(Steps)
  .addNode('deep', ({ n }) => ({ n: n + 1 }))
  .addEdge(START, 'deep')
  .compile();
const graphOf = (): ServableGraph =>
  new StateGraph(Steps)
    .addNode('inner', inner)
    .addNode('ask', () => ({ n: Number(interrupt('how many?')) }))
    .addEdge(START, 'inner')
    .addEdge('inner', 'ask')
    .compile({ checkpointer: new MemorySaver() }) as unknown as ServableGraph; // the same class, narrowed to what the server uses

async function told(graph: ServableGraph): Promise<SourceEvent[]> {
  const events: SourceEvent[] = [];
  for await (const event of streamGraph(
    graph,
    { n: 1 },
    { configurable: { thread_id: 't' }, streamMode: ['values'], subgraphs: false },
    () => 1,
  ))
    events.push(event);
  return events;
}

const kinds = (events: readonly SourceEvent[]): string[] =>
  [
    ...new Set(
      events
        .filter(({ namespace, method }) => namespace.length > 0 || method !== 'lifecycle')
        .map(({ method, namespace }) => `${method} ${namespace.length}`),
    ),
  ].toSorted();

test('both ways tell the same kinds of events, in the graph and in its subgraph', async () => {
  const old = graphOf();
  const unaware: ServableGraph = Object.assign(Object.create(old) as ServableGraph, {
    stream: (input: unknown, config: Record<string, unknown>) => old.stream(input, config),
    streamEvents: () => {
      throw new Error('Only versions "v1" and "v2" of the schema are currently supported.');
    },
  });
  const [now, before] = [await told(graphOf()), await told(unaware)];
  expect(kinds(before)).toEqual(kinds(now));
  expect(kinds(now)).toEqual(expect.arrayContaining(['lifecycle 1', 'values 0', 'values 1', 'updates 0', 'tasks 1', 'checkpoints 0']));
  const asked = (events: readonly SourceEvent[]) =>
    events.filter(({ data }) => JSON.stringify(data).includes('how many?')).map(({ method }) => method);
  expect(asked(before)).toEqual(expect.arrayContaining(['updates', 'values', 'tasks']));
});

test('what the graph throws at its beginning is thrown', async () => {
  const broken = Object.assign(Object.create(graphOf()) as ServableGraph, {
    streamEvents: () => {
      throw new Error('no such node');
    },
  });
  await expect(told(broken)).rejects.toThrow('no such node');
});
