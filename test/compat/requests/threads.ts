/** Every route of table 1c, with what is wrong to send there. */
import { MISSING, of, part, ran, type Scenario, thread, untilStatus } from './scenario.ts';

const OWN = '11111111-1111-4111-8111-1111111111aa';

export const THREADS: readonly Scenario[] = [
  {
    name: 'threads',
    async run(wire) {
      const made = await wire.send('create', 'POST', '/threads', { body: { metadata: { made_for: 'comparison' } } });
      const id = wire.name(of(made, 'thread_id'), 'thread');
      await wire.send('create with an id', 'POST', '/threads', { body: { thread_id: OWN } });
      await wire.send('create again', 'POST', '/threads', { body: { thread_id: OWN } });
      await wire.send('create again, raise', 'POST', '/threads', { body: { thread_id: OWN, if_exists: 'raise' } });
      await wire.send('create again, do nothing', 'POST', '/threads', {
        body: { thread_id: OWN, if_exists: 'do_nothing', metadata: { second: true } },
      });
      await wire.send('create with a time to live', 'POST', '/threads', { body: { ttl: 60 } });
      await wire.send('create without a body', 'POST', '/threads', { headers: { 'content-type': 'application/json' } });
      await wire.send('id is no uuid', 'POST', '/threads', { body: { thread_id: 'mine' } });
      await wire.send('metadata is no object', 'POST', '/threads', { body: { metadata: 'x' } });
      await wire.send('unknown field', 'POST', '/threads', { body: { colour: 'red' } });
      await wire.send('broken JSON', 'POST', '/threads', { raw: '{"metadata":' });
      await wire.send('a list', 'POST', '/threads', { body: [] });
      await wire.send('get', 'GET', `/threads/${id}`);
      await wire.send('get a missing one', 'GET', `/threads/${MISSING}`);
      await wire.send('get by no uuid', 'GET', '/threads/mine');
      await wire.send('patch', 'PATCH', `/threads/${id}`, { body: { metadata: { second: 2 } } });
      await wire.send('patch, prefer minimal', 'PATCH', `/threads/${id}`, {
        body: { metadata: { third: 3 } },
        headers: { prefer: 'return=minimal' },
      });
      await wire.send('patch a missing one', 'PATCH', `/threads/${MISSING}`, { body: { metadata: {} } });
      await wire.send('patch with a wrong type', 'PATCH', `/threads/${id}`, { body: { metadata: 7 } });
      await wire.send('copy of a missing one', 'POST', `/threads/${MISSING}/copy`);
      await wire.send('delete', 'DELETE', `/threads/${id}`);
      await wire.send('delete again', 'DELETE', `/threads/${id}`);
    },
  },
  {
    name: 'threads in pages',
    async run(wire) {
      const metadata = { page_of: 'threads' };
      const ids: string[] = [];
      for (const name of ['b', 'a', 'd', 'c']) {
        ids.push(String(of(await wire.quiet('POST', '/threads', { body: { metadata: { ...metadata, name } } }), 'thread_id')));
        await new Promise((wake) => setTimeout(wake, 5));
      }
      await wire.quiet('POST', `/threads/${ids[0]}/runs/wait`, { body: { assistant_id: 'trivial', input: { count: 5 } } });
      await wire.quiet('POST', `/threads/${ids[1]}/runs/wait`, { body: { assistant_id: 'review', input: {} } });
      const names = (body: unknown) => (Array.isArray(body) ? body.map((one) => Object(Object(one)['metadata'])['name']) : body);
      const search = (label: string, body: Record<string, unknown>) =>
        wire.send(label, 'POST', '/threads/search', { body: { metadata, ...body }, pick: names });
      await search('all', {});
      await search('first page', { limit: 2 });
      await search('second page', { limit: 2, offset: 2 });
      await search('past the end', { offset: 9 });
      await search('by creation', { sort_by: 'created_at', sort_order: 'asc' });
      await search('by update', { sort_by: 'updated_at', sort_order: 'desc' });
      await search('by status', { sort_by: 'status', sort_order: 'asc', limit: 1 });
      await search('idle ones', { status: 'idle' });
      await search('interrupted ones', { status: 'interrupted' });
      await search('by values', { values: { count: 12 } });
      await search('by ids', { ids: [ids[2], ids[3]] });
      await search('by graph', { metadata: { ...metadata, graph_id: 'review' } });
      await search('unknown status', { status: 'asleep' });
      await search('limit of 0', { limit: 0 });
      await search('id is no uuid', { ids: ['mine'] });
      await search('unknown field', { colour: 'red' });
      await wire.send('chosen fields', 'POST', '/threads/search', {
        body: { metadata, limit: 1, select: ['metadata', 'status', 'values'] },
      });
      await wire.send('whole rows', 'POST', '/threads/search', { body: { metadata: { ...metadata, graph_id: 'trivial' } } });
      await wire.send('count', 'POST', '/threads/count', { body: { metadata } });
      await wire.send('count of interrupted ones', 'POST', '/threads/count', { body: { metadata, status: 'interrupted' } });
      await wire.send('count by values', 'POST', '/threads/count', { body: { metadata, values: { count: 12 } } });
    },
  },
  {
    name: 'state',
    async run(wire) {
      const empty = await thread(wire, 'empty');
      await wire.send('of a thread without a graph', 'GET', `/threads/${empty}/state`);
      await wire.send('history without a graph', 'GET', `/threads/${empty}/history`);
      await wire.send('edit without a graph', 'POST', `/threads/${empty}/state`, { body: { values: { count: 1 } } });
      await wire.send('of a missing thread', 'GET', `/threads/${MISSING}/state`);
      await wire.send('edit of a missing thread', 'POST', `/threads/${MISSING}/state`, { body: { values: {} } });
      await wire.send('history of a missing thread', 'GET', `/threads/${MISSING}/history`);
      const id = await ran(wire, 'thread', 'trivial', { input: { count: 3 } });
      await wire.send('thread after a run', 'GET', `/threads/${id}`);
      const now = await wire.send('after a run', 'GET', `/threads/${id}/state`);
      await wire.send('with subgraphs', 'GET', `/threads/${id}/state?subgraphs=true`);
      const history = await wire.send('history', 'GET', `/threads/${id}/history`);
      await wire.send('first of the history', 'GET', `/threads/${id}/history?limit=1`);
      const past = String(of(history, 2, 'checkpoint', 'checkpoint_id'));
      await wire.send('history by POST', 'POST', `/threads/${id}/history`, { body: {} });
      await wire.send('history by POST, limited', 'POST', `/threads/${id}/history`, { body: { limit: 2 } });
      await wire.send('history before an id', 'POST', `/threads/${id}/history`, { body: { before: past } });
      await wire.send('history before an id in the query', 'GET', `/threads/${id}/history?before=${past}`);
      await wire.send('history before a checkpoint', 'POST', `/threads/${id}/history`, { body: { before: { checkpoint_id: past } } });
      await wire.send('history before a config', 'POST', `/threads/${id}/history`, {
        body: { before: { configurable: { thread_id: id, checkpoint_id: past } } },
      });
      await wire.send('history by metadata', 'POST', `/threads/${id}/history`, { body: { metadata: { source: 'input' } } });
      await wire.send('at a checkpoint', 'GET', `/threads/${id}/state/${past}`);
      await wire.send('at no such checkpoint', 'GET', `/threads/${id}/state/${MISSING}`);
      await wire.send('at a checkpoint by POST', 'POST', `/threads/${id}/state/checkpoint`, {
        body: { checkpoint: { checkpoint_id: past } },
      });
      await wire.send('edit', 'POST', `/threads/${id}/state`, { body: { values: { count: 40 } } });
      await wire.send('after the edit', 'GET', `/threads/${id}/state`);
      await wire.send('edit as a node', 'POST', `/threads/${id}/state`, { body: { values: { count: 50 }, as_node: 'first' } });
      await wire.send('after the edit as a node', 'GET', `/threads/${id}/state`);
      await wire.send('thread after the edit', 'GET', `/threads/${id}`);
      await wire.send('edit as no node', 'POST', `/threads/${id}/state`, { body: { values: { count: 1 }, as_node: 'nowhere' } });
      await wire.send('go on from the edit', 'POST', `/threads/${id}/runs/wait`, { body: { assistant_id: 'trivial', input: null } });
      await wire.send('fork: edit at a checkpoint', 'POST', `/threads/${id}/state`, {
        body: { values: { count: 7 }, as_node: 'first', checkpoint_id: String(of(now, 'checkpoint', 'checkpoint_id')) },
      });
      await wire.send('run from a checkpoint', 'POST', `/threads/${id}/runs/wait`, {
        body: { assistant_id: 'trivial', input: null, checkpoint: { checkpoint_id: past } },
      });
      await wire.send('state and fork', 'GET', `/threads/${id}/history?limit=3`);
      const copy = await wire.send('copy', 'POST', `/threads/${id}/copy`);
      wire.name(of(copy, 'thread_id'), 'copy');
      await wire.send('state of the copy', 'GET', `/threads/${String(of(copy, 'thread_id'))}/state`);
      await wire.send('history of the copy', 'GET', `/threads/${String(of(copy, 'thread_id'))}/history?limit=2`);
      await wire.send('end a thread', 'POST', `/threads/${id}/state`, { body: { values: null, as_node: '__end__' } });
      await wire.send('after its end', 'GET', `/threads/${id}/state`);
      await wire.send('edit with an unknown field', 'POST', `/threads/${id}/state`, { body: { values: {}, colour: 'red' } });
    },
  },
  {
    name: 'supersteps',
    async run(wire) {
      const made = await wire.send('create with a past', 'POST', '/threads', {
        body: {
          metadata: { graph_id: 'trivial' },
          supersteps: [
            { updates: [{ values: { count: 8 }, as_node: '__input__' }] },
            { updates: [{ values: { count: 9, trail: ['told'] }, as_node: 'first' }] },
          ],
        },
      });
      const id = wire.name(of(made, 'thread_id'), 'thread');
      await wire.send('its state', 'GET', `/threads/${id}/state`);
      await wire.send('its history', 'GET', `/threads/${id}/history`);
      await wire.send('a past without a graph', 'POST', '/threads', {
        body: { supersteps: [{ updates: [{ values: {}, as_node: 'first' }] }] },
      });
      await wire.send('a past of another shape', 'POST', '/threads', { body: { supersteps: [{ values: {} }] } });
    },
  },
  {
    name: 'busy thread',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const made = await wire.quiet('POST', `/threads/${id}/runs`, { body: { assistant_id: 'slow', input: { sleep_ms: 3000 } } });
      const runId = wire.name(of(made, 'run_id'), 'run');
      await untilStatus(wire, id, runId, ['running']);
      await wire.send('thread', 'GET', `/threads/${id}`, { pick: (body) => ({ status: part(body, 'status') }) });
      await wire.send('edit', 'POST', `/threads/${id}/state`, { body: { values: { name: 'x' } } });
      await wire.send('state', 'GET', `/threads/${id}/state`, { pick: (body) => ({ next: part(body, 'next') }) });
      await wire.send('delete the run', 'DELETE', `/threads/${id}/runs/${runId}`);
      await wire.send('delete', 'DELETE', `/threads/${id}`);
    },
  },
];
