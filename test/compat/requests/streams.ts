/** Every stream mode, on the graph that has something to say in it; joining, replay and subgraphs. */
import { of, ran, type Scenario, thread } from './scenario.ts';

const HELLO = { messages: [{ role: 'user', content: 'hello', id: 'one' }] };

/** Of LangChain's events: names and places; the rest is chance or internal. */
function outline(events: unknown): unknown {
  if (!Array.isArray(events)) return events;
  return events.map((one) => {
    const { event, data } = Object(one);
    if (event !== 'events') return { event, data };
    const { event: kind, name, metadata } = Object(data);
    return { event, kind, name, node: Object(metadata)['langgraph_node'], members: Object.keys(Object(data)).toSorted() };
  });
}

/** Where subgraphs stream, without `checkpoints` that nobody asked for, and with their number beside it. */
function asked(events: unknown): unknown {
  if (!Array.isArray(events)) return events;
  const rest = events.filter((one) => !String(Object(one)['event']).startsWith('checkpoints'));
  return { unasked: events.length - rest.length, events: rest.map((one) => ({ event: Object(one)['event'], data: Object(one)['data'] })) };
}

export const STREAMS: readonly Scenario[] = [
  ...['values', 'updates', 'tasks', 'checkpoints', 'debug'].map(
    (mode): Scenario => ({
      name: `stream of ${mode}`,
      async run(wire) {
        const id = await thread(wire, 'thread');
        const stream = (label: string, graph: string, body: Record<string, unknown>) =>
          wire.send(label, 'POST', `/threads/${id}/runs/stream`, {
            body: { assistant_id: graph, stream_mode: mode, ...body },
            ...(mode === 'values' && graph === 'nested' ? { pick: asked } : {}),
          });
        await stream('trivial', 'trivial', { input: { count: 3 } });
        await stream('nested', 'nested', { input: { topic: 'bees' }, stream_subgraphs: true });
        const asks = await thread(wire, 'asks');
        await wire.send('asks', 'POST', `/threads/${asks}/runs/stream`, { body: { assistant_id: 'review', input: {}, stream_mode: mode } });
        await wire.send('answers', 'POST', `/threads/${asks}/runs/stream`, {
          body: { assistant_id: 'review', command: { resume: 'yes' }, stream_mode: mode },
        });
        const fails = await thread(wire, 'fails');
        await wire.send('fails', 'POST', `/threads/${fails}/runs/stream`, {
          body: { assistant_id: 'failing', input: {}, stream_mode: mode },
        });
      },
    }),
  ),
  ...['messages', 'messages-tuple'].map(
    (mode): Scenario => ({
      name: `stream of ${mode}`,
      async run(wire) {
        const id = await thread(wire, 'thread');
        const path = `/threads/${id}/runs/stream`;
        await wire.send('first', 'POST', path, { body: { assistant_id: 'chat', input: HELLO, stream_mode: [mode] } });
        await wire.send('with values', 'POST', path, { body: { assistant_id: 'chat', input: HELLO, stream_mode: ['values', mode] } });
        await wire.send('of a graph without messages', 'POST', path, { body: { assistant_id: 'memory', input: {}, stream_mode: [mode] } });
      },
    }),
  ),
  {
    name: 'stream of events',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const stream = (label: string, graph: string, input: unknown, modes: unknown) =>
        wire.send(label, 'POST', `/threads/${id}/runs/stream`, { body: { assistant_id: graph, input, stream_mode: modes }, pick: outline });
      await stream('chat', 'chat', HELLO, 'events');
      await stream('trivial with values', 'trivial', { count: 1 }, ['events', 'values']);
      await stream('fails', 'failing', {}, 'events');
    },
  },
  {
    name: 'stream of custom data',
    async run(wire) {
      const id = await thread(wire, 'thread');
      await wire.send('custom', 'POST', `/threads/${id}/runs/stream`, {
        body: { assistant_id: 'memory', input: { user: 'ada' }, stream_mode: 'custom' },
      });
      await wire.send('custom and values, second visit', 'POST', `/threads/${id}/runs/stream`, {
        body: { assistant_id: 'memory', input: { user: 'ada' }, stream_mode: ['custom', 'values'] },
      });
      await wire.send('what the graph stored', 'GET', '/store/items?namespace=visits.ada&key=count');
      await wire.send('all at once', 'POST', `/threads/${id}/runs/stream`, {
        body: { assistant_id: 'trivial', input: { count: 1 }, stream_mode: ['values', 'updates', 'tasks', 'checkpoints', 'custom'] },
      });
      await wire.send('no mode', 'POST', `/threads/${id}/runs/stream`, { body: { assistant_id: 'trivial', input: { count: 1 } } });
      await wire.send('tools', 'POST', `/threads/${id}/runs/stream`, {
        body: { assistant_id: 'trivial', input: { count: 1 }, stream_mode: ['tools'] },
      });
    },
  },
  {
    name: 'joined stream',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const made = await wire.quiet('POST', `/threads/${id}/runs`, {
        body: { assistant_id: 'trivial', input: { count: 3 }, stream_mode: ['values', 'updates'], stream_resumable: true },
      });
      const path = `/threads/${id}/runs/${wire.name(of(made, 'run_id'), 'run')}/stream`;
      await wire.send('from the start', 'GET', path, { headers: { 'last-event-id': '-1' } });
      await wire.send('from the start again', 'GET', path, { headers: { 'last-event-id': '-1' } });
      await wire.send('after the second event', 'GET', path, { headers: { 'last-event-id': '1' } });
      await wire.send('after the last event', 'GET', path, { headers: { 'last-event-id': '999' } });
      await wire.send('values only', 'GET', `${path}?stream_mode=values`, {
        headers: { 'last-event-id': '-1' },
        pick: (events) => (Array.isArray(events) ? events.map((one) => String(Object(one)['event'])).join(' ') : events),
      });
      await wire.send('of nonsense', 'GET', path, { headers: { 'last-event-id': 'x' }, pick: () => 'events' });
      const done = await ran(wire, 'done', 'trivial');
      const runs = await wire.quiet('GET', `/threads/${done}/runs`);
      await wire.send('of an ended run, not resumable', 'GET', `/threads/${done}/runs/${String(of(runs, 0, 'run_id'))}/stream`);
      const nested = await thread(wire, 'nested');
      await wire.send('subgraphs', 'POST', `/threads/${nested}/runs/stream`, {
        body: {
          assistant_id: 'nested',
          input: { topic: 'bees' },
          stream_mode: ['values', 'updates', 'messages-tuple'],
          stream_subgraphs: true,
        },
        pick: asked,
      });
    },
  },
];
