/** Every method of the official client, once. */
import type { Client } from '@langchain/langgraph-sdk';
import { of, ran, type Scenario, thread, untilStatus } from './scenario.ts';

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** Of an endless one. */
async function first(stream: AsyncIterable<unknown>, count: number): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) if (parts.push(part) >= count) break;
  return parts;
}

/** A run by protocol v2: its last values. */
async function streamed(client: Client): Promise<unknown> {
  const stream = client.threads.stream({ assistantId: 'trivial' });
  await stream.run.start({ input: { count: 3 } });
  const output = await stream.output;
  await stream.close();
  return output;
}

const names = (value: unknown): unknown => (Array.isArray(value) ? value.map((one) => Object(one)['name']) : value);
const CRON = { schedule: '0 8 * * *' };

export const CLIENT: readonly Scenario[] = [
  {
    name: 'client: assistants',
    async run(wire) {
      const made = await wire.call('assistants.create', (c) =>
        c.assistants.create({ graphId: 'trivial', name: 'by the client', metadata: { by: 'client' } }),
      );
      const id = wire.name(Object(made)['assistant_id'], 'assistant');
      await wire.call('assistants.get', (c) => c.assistants.get(id));
      await wire.call('assistants.update', (c) => c.assistants.update(id, { name: 'renamed', metadata: { more: 1 } }));
      await wire.call('assistants.search', (c) => c.assistants.search({ metadata: { by: 'client' } }), names);
      await wire.call(
        'assistants.search with pagination',
        (c) => c.assistants.search({ metadata: { by: 'client' }, limit: 1, includePagination: true }),
        (page) => ({ ...Object(page), assistants: names(Object(page)['assistants']) }),
      );
      await wire.call('assistants.count', (c) => c.assistants.count({ metadata: { by: 'client' } }));
      await wire.call('assistants.getVersions', (c) => c.assistants.getVersions(id), names);
      await wire.call('assistants.setLatest', (c) => c.assistants.setLatest(id, 1));
      await wire.call('assistants.getGraph', (c) => c.assistants.getGraph(id, { xray: true }));
      await wire.call('assistants.getSchemas', (c) => c.assistants.getSchemas(id));
      await wire.call('assistants.getSubgraphs', (c) => c.assistants.getSubgraphs('nested', { recurse: true }));
      await wire.call('assistants.delete', (c) => c.assistants.delete(id));
    },
  },
  {
    name: 'client: threads',
    async run(wire) {
      const made = await wire.call('threads.create', (c) => c.threads.create({ graphId: 'trivial', metadata: { by: 'client' } }));
      const id = wire.name(Object(made)['thread_id'], 'thread');
      await wire.call('threads.get', (c) => c.threads.get(id));
      await wire.call('threads.update', (c) => c.threads.update(id, { metadata: { more: 1 } }));
      await wire.call('threads.search', (c) => c.threads.search({ metadata: { by: 'client' }, limit: 5 }));
      await wire.call('threads.count', (c) => c.threads.count({ metadata: { by: 'client' } }));
      await wire.quiet('POST', `/threads/${id}/runs/wait`, { body: { assistant_id: 'trivial', input: { count: 1 } } });
      const state = await wire.call('threads.getState', (c) => c.threads.getState(id));
      await wire.call('threads.updateState', (c) => c.threads.updateState(id, { values: { count: 9 }, asNode: 'first' }));
      await wire.call(
        'threads.getHistory',
        (c) => c.threads.getHistory(id, { limit: 2 }),
        (value) => Object(value)['length'],
      );
      await wire.call(
        'threads.getHistory before',
        (c) =>
          c.threads.getHistory(id, { before: { configurable: { checkpoint_id: Object(Object(state)['checkpoint'])['checkpoint_id'] } } }),
        (value) => Object(value)['length'],
      );
      await wire.call('threads.patchState', (c) => c.threads.patchState(id, { seen: true }));
      const copy = await wire.call(
        'threads.copy',
        (c) => c.threads.copy(id),
        (value) => Object(value)['status'],
      );
      wire.name(Object(copy)['thread_id'], 'copy');
      await wire.call('threads.stream', streamed);
      await wire.call(
        'threads.joinStream',
        (c) => first(c.threads.joinStream(id, { lastEventId: '-' }), 5),
        (parts) => (Array.isArray(parts) ? parts.map((one) => Object(one)['event']) : parts),
      );
      await wire.call('threads.prune', (c) => c.threads.prune([id], { strategy: 'keep_latest' }));
      await wire.call('threads.delete', (c) => c.threads.delete(id));
    },
  },
  {
    name: 'client: runs',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const input = { count: 2 };
      const made = await wire.call(
        'runs.create',
        (c) => c.runs.create(id, 'trivial', { input, streamResumable: true, streamMode: ['values'] }),
        (run) => ({
          status: Object(run)['status'],
          strategy: Object(run)['multitask_strategy'],
        }),
      );
      const run = wire.name(Object(made)['run_id'], 'run');
      await wire.call('runs.join', (c) => c.runs.join(id, run));
      await untilStatus(wire, id, run, ['success']);
      await wire.call('runs.joinStream', (c) => all(c.runs.joinStream(id, run, { lastEventId: '-1' })));
      await wire.call('runs.get', (c) => c.runs.get(id, run));
      await wire.call(
        'runs.list',
        (c) => c.runs.list(id),
        (list) => Object(list)['length'],
      );
      await wire.call('runs.wait', (c) => c.runs.wait(id, 'trivial', { input }));
      await wire.call('runs.wait on a failure', (c) => c.runs.wait(id, 'failing', { input: {} }));
      await wire.call('runs.stream', (c) => all(c.runs.stream(id, 'trivial', { input, streamMode: ['values', 'updates'] })));
      await wire.call('runs.stream without a thread', (c) => all(c.runs.stream(null, 'trivial', { input, streamMode: 'values' })));
      await wire.call(
        'runs.createBatch',
        (c) => c.runs.createBatch([{ assistantId: 'trivial', input }]),
        (list) => Object(list)['length'],
      );
      await wire.call('runs.delete', (c) => c.runs.delete(id, run));
      const slow = await wire.quiet('POST', `/threads/${id}/runs`, { body: { assistant_id: 'slow', input: { sleep_ms: 2000 } } });
      const slowId = wire.name(of(slow, 'run_id'), 'slow');
      await untilStatus(wire, id, slowId, ['running']);
      await wire.call('runs.cancel', (c) => c.runs.cancel(id, slowId, true, 'interrupt'));
      await wire.call('runs.cancelMany', (c) => c.runs.cancelMany({ status: 'all', threadId: id }));
    },
  },
  {
    name: 'client: store and crons',
    async run(wire) {
      await wire.call('store.putItem', (c) => c.store.putItem(['client', 'kept'], 'one', { a: 1 }));
      await wire.call('store.getItem', (c) => c.store.getItem(['client', 'kept'], 'one'));
      await wire.call('store.searchItems', (c) => c.store.searchItems(['client'], { filter: { a: 1 } }));
      await wire.call('store.listNamespaces', (c) => c.store.listNamespaces({ prefix: ['client'] }));
      await wire.call('store.deleteItem', (c) => c.store.deleteItem(['client', 'kept'], 'one'));
      const id = await ran(wire, 'thread', 'trivial');
      await wire.call('crons.create', (c) => c.crons.create('trivial', CRON));
      await wire.call('crons.createForThread', (c) => c.crons.createForThread(id, 'trivial', CRON));
      await wire.call('crons.search', (c) => c.crons.search());
      await wire.call('crons.count', (c) => c.crons.count());
      await wire.call('crons.update', (c) => c.crons.update(id, { enabled: false }));
      await wire.call('crons.delete', (c) => c.crons.delete(id));
    },
  },
];
