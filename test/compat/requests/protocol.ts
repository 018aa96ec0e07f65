/** Protocol v2: runs, answers and refusals by command, and the stream of their thread from before it exists. */
import { randomUUID } from 'node:crypto';
import type { SseEvent } from '../wire.ts';
import { of, part, type Scenario } from './scenario.ts';

const ALL = ['values', 'updates', 'messages', 'tools', 'lifecycle', 'input', 'tasks', 'checkpoints', 'custom'];

/** By method, since what two channels say of one step may come in either order; without times. */
function byMethod(events: readonly SseEvent[]): Record<string, unknown[]> {
  const found: Record<string, unknown[]> = {};
  for (const { event, data } of events) {
    const { timestamp: _timestamp, ...params } = Object(part(data, 'params')) as Record<string, unknown>; // any event
    found[event] = [...(found[event] ?? []), params];
  }
  return found;
}

/** Frames alone: that the id is the event's, and that numbers are dense. */
const framing = (events: readonly SseEvent[]): unknown =>
  events.map(({ event, data, id }, index) => ({
    method: part(data, 'method') === event,
    id: part(data, 'event_id') === id,
    dense: part(data, 'seq') === index + 1,
    type: part(data, 'type'),
  }));

const rootEnds = (events: readonly SseEvent[]): number =>
  events.filter(
    ({ event, data }) =>
      event === 'lifecycle' &&
      part(data, 'params', 'namespace', 'length') === 0 &&
      ['completed', 'failed', 'interrupted'].includes(String(part(data, 'params', 'data', 'event'))),
  ).length;

interface Session {
  readonly id: string;
  /** Sends a command, and records its answer. */
  readonly command: (label: string, method: string, params?: unknown) => Promise<unknown>;
  /** Reads the stream again from its start until so many runs have ended on it, and records what it told. */
  readonly told: (
    label: string,
    runs: number,
    filter?: object,
    pick?: (events: readonly SseEvent[]) => unknown,
  ) => Promise<readonly SseEvent[]>;
}

function session(wire: Parameters<Scenario['run']>[0]): Session {
  const id = wire.name(randomUUID(), 'thread');
  let next = 0;
  return {
    id,
    command: async (label, method, params) => {
      next += 1;
      const answer = await wire.send(label, 'POST', `/threads/${id}/commands`, {
        body: { id: next, method, ...(params === undefined ? {} : { params }) },
        pick: (body) => ({ ...Object(body), message: undefined, meta: { ...Object(part(body, 'meta')), applied_through_seq: undefined } }),
      });
      return of(answer, 'result');
    },
    told: async (label, runs, filter = { channels: ALL }, pick = byMethod) =>
      wire.follow(label, `/threads/${id}/stream/events`, filter, { until: (events) => rootEnds(events) >= runs, pick }),
  };
}

export const PROTOCOL: readonly Scenario[] = [
  {
    name: 'protocol: a run',
    async run(wire) {
      const { command, told } = session(wire);
      await command('start', 'run.start', { assistant_id: 'trivial', input: { count: 3 } });
      await told('all', 1);
      await told('framing', 1, { channels: ALL }, framing);
      await told('values and lifecycle', 1, { channels: ['values', 'lifecycle'] });
      await command('state', 'state.get', {});
      await command('one key', 'state.get', { keys: ['count'] });
      await command('tree', 'agent.getTree', {});
      await command('another run', 'run.start', { assistant_id: 'trivial', input: { count: 1 }, multitaskStrategy: 'enqueue' });
      await told('two runs', 2, { channels: ['lifecycle'] });
    },
  },
  {
    name: 'protocol: a subgraph',
    async run(wire) {
      const { command, told } = session(wire);
      await command('start', 'run.start', { assistant_id: 'nested', input: { topic: 'bees' } });
      await told('all', 1);
      await told('the root alone', 1, { channels: ['values', 'lifecycle'], namespaces: [[]], depth: 0 });
      await told('the subgraph and the root', 1, { channels: ['updates', 'lifecycle'], namespaces: [[], ['research']] });
      await command('tree', 'agent.getTree', {});
    },
  },
  {
    name: 'protocol: messages',
    async run(wire) {
      const { command, told } = session(wire);
      await command('start', 'run.start', { assistant_id: 'chat', input: { messages: [{ role: 'user', content: 'hello', id: 'one' }] } });
      await told('all', 1);
    },
  },
  {
    name: 'protocol: a question',
    async run(wire) {
      const { command, told } = session(wire);
      await command('answer before any run', 'input.respond', { namespace: [], interrupt_id: 'x', response: 1 });
      await command('start', 'run.start', { assistant_id: 'review', input: {} });
      const events = await told('asked', 1);
      const asked = part(events.find(({ event }) => event === 'input.requested')?.data, 'params', 'data', 'interrupt_id');
      await command('answer without an id', 'input.respond', { response: 1 });
      await command('no answers', 'input.respond', { responses: [] });
      await command('answer', 'input.respond', { namespace: [], interrupt_id: asked, response: 'yes' });
      await told('answered', 2);
      await command('answer again', 'input.respond', { namespace: [], interrupt_id: asked, response: 'yes' });
      await command('state', 'state.get', {});
    },
  },
  {
    name: 'protocol: a failure',
    async run(wire) {
      const { command, told } = session(wire);
      await command('start', 'run.start', { assistant_id: 'failing', input: {} });
      await told('failed', 1);
    },
  },
  {
    name: 'protocol: refusals',
    async run(wire) {
      const { id, command } = session(wire);
      await command('no such method', 'run.stop', {});
      await command('no assistant', 'run.start', { input: {} });
      await command('unknown assistant', 'run.start', { assistant_id: 'nobody', input: {} });
      await command('tree of no run', 'agent.getTree', {});
      await command('subscribe', 'subscription.subscribe', { channels: ['values'] });
      await wire.send('no command', 'POST', `/threads/${id}/commands`, { body: {} });
      await wire.send('no JSON', 'POST', `/threads/${id}/commands`, { raw: '{' });
      await wire.send('no channels', 'POST', `/threads/${id}/stream/events`, { body: {} });
      await wire.send('unknown filter', 'POST', `/threads/${id}/stream/events`, { body: { channels: ['values'], colour: 'red' } });
    },
  },
];
