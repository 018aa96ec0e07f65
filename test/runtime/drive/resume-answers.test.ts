/** How LangGraph.js (1.7.3) takes answers to its questions: why our runner only ever sends one, by the id of what waits under its lease. */
import { Annotation, Command, END, interrupt, isUnknownInterruptError, MemorySaver, START, StateGraph } from '@langchain/langgraph';
import { expect, test } from 'vitest';

const list = Annotation<string[], string | string[]>({ reducer: (before, after) => [...before, ...[after].flat()], default: () => [] });
const State = Annotation.Root({ done: list });
const config = { configurable: { thread_id: 'thread' } };
const ask = (question: string): string => String(interrupt(question));

const idOf = (values: unknown): string => (values as { __interrupt__?: { id?: string }[] }).__interrupt__?.[0]?.id ?? '';

const twoGates = () =>
  new StateGraph(State)
    .addNode('first', () => ({ done: `first: ${ask('first?')}` }))
    .addNode('second', () => ({ done: `second: ${ask('second?')}` }))
    .addEdge(START, 'first')
    .addEdge('first', 'second')
    .addEdge('second', END)
    .compile({ checkpointer: new MemorySaver() });

test('still there: an answer without an id, sent twice, answers the next question', async () => {
  const graph = twoGates();
  await graph.invoke({ done: [] }, config);
  await graph.invoke(new Command({ resume: 'yes' }), config);
  expect(await graph.invoke(new Command({ resume: 'yes' }), config)).toEqual({ done: ['first: yes', 'second: yes'] });
});

test('still there: an answer without an id answers every question that waits', async () => {
  const graph = new StateGraph(State)
    .addNode('left', () => ({ done: `left: ${ask('left?')}` }))
    .addNode('right', () => ({ done: `right: ${ask('right?')}` }))
    .addEdge(START, 'left')
    .addEdge(START, 'right')
    .addEdge('left', END)
    .addEdge('right', END)
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke({ done: [] }, config);
  expect(await graph.invoke(new Command({ resume: 'yes' }), config)).toEqual({ done: ['left: yes', 'right: yes'] });
});

test('an answer by the id of a question of another node is none', async () => {
  const graph = twoGates();
  const id = idOf(await graph.invoke({ done: [] }, config));
  await graph.invoke(new Command({ resume: { [id]: 'yes' } }), config);
  const again = await graph.invoke(new Command({ resume: { [id]: 'yes' } }), config);
  expect(again.done).toEqual(['first: yes']);
  expect(idOf(again)).not.toBe(id);
});

test('still there: within one node an answer by the id of its first question, sent twice, answers the second; only strict resume refuses', async () => {
  const graph = new StateGraph(State)
    .addNode('both', () => ({ done: [ask('first?'), ask('second?')] }))
    .addEdge(START, 'both')
    .addEdge('both', END)
    .compile({ checkpointer: new MemorySaver() });
  const id = idOf(await graph.invoke({ done: [] }, config));
  const again = () => graph.invoke(new Command({ resume: { [id]: 'yes' } }), config);
  expect(idOf(await again())).not.toBe(id);
  const strict = { configurable: { ...config.configurable, __pregel_strict_resume: true } };
  await expect(graph.invoke(new Command({ resume: { [id]: 'yes' } }), strict)).rejects.toSatisfy(isUnknownInterruptError);
  expect(await again()).toEqual({ done: ['yes', 'yes'] });
});

test('still there: a jump to a node that does not exist goes nowhere, and is a success', async () => {
  const graph = twoGates();
  await graph.invoke({ done: [] }, config);
  const before = (await graph.getState(config)).next;
  await graph.invoke(new Command({ goto: 'nowhere' as never }), config);
  expect((await graph.getState(config)).next).toEqual(before);
});

test('an answer of false, 0 or nothing is one, by itself too (1.4 took it only by the id of its question)', async () => {
  for (const answer of [false, 0, '']) {
    const graph = twoGates();
    await graph.invoke({ done: [] }, config);
    expect((await graph.invoke(new Command({ resume: answer }), config)).done).toEqual([`first: ${answer}`]);
  }
});
