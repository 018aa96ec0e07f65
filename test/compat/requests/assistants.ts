/** Every route of table 1b, with what is wrong to send there. */
import { MISSING, of, type Scenario } from './scenario.ts';

const TRIVIAL = '014e7ba3-a6dc-5ad3-8da5-be77b72b54c9';
const tag = { metadata: { made_for: 'comparison' } };

export const ASSISTANTS: readonly Scenario[] = [
  {
    name: 'system assistants',
    async run(wire) {
      const all = await wire.send('by graph', 'POST', '/assistants/search', { body: { graph_id: 'trivial' } });
      await wire.send('first call of Studio', 'POST', '/assistants/search', {
        body: { metadata: { created_by: 'system' }, limit: 100, offset: 0, sort_by: 'name', sort_order: 'asc' },
        pick: (body) =>
          Array.isArray(body) ? body.map((one) => String(Object(one)['graph_id'])).toSorted((a, b) => (a < b ? -1 : 1)) : body,
      });
      await wire.send('sorted by name', 'POST', '/assistants/search', {
        body: { metadata: { created_by: 'system' }, limit: 3, sort_by: 'name', sort_order: 'asc', select: ['name'] },
        pick: (body) => (Array.isArray(body) ? body.map((one) => String(Object(one)['name'])).join(' ') : body),
      });
      await wire.send('count', 'POST', '/assistants/count', { body: { metadata: { created_by: 'system' } } });
      await wire.send('by uuid5', 'GET', `/assistants/${String(of(all, 0, 'assistant_id'))}`);
      await wire.send('by graph name', 'GET', '/assistants/trivial');
      await wire.send('missing', 'GET', `/assistants/${MISSING}`);
      await wire.send('missing name', 'GET', '/assistants/nobody');
      for (const graph of ['trivial', 'chat', 'nested', 'slow', 'tailored']) {
        await wire.send(`graph of ${graph}`, 'GET', `/assistants/${graph}/graph`);
        await wire.call(`schemas of ${graph}`, (client) => client.assistants.getSchemas(graph));
      }
      await wire.send('graph in depth', 'GET', '/assistants/nested/graph?xray=1');
      await wire.send('graph in all depth', 'GET', '/assistants/nested/graph?xray=true');
      await wire.send('schemas as curl asks', 'GET', '/assistants/trivial/schemas');
      await wire.send('subgraphs', 'GET', '/assistants/nested/subgraphs');
      await wire.send('subgraphs in depth', 'GET', '/assistants/nested/subgraphs?recurse=true');
      await wire.send('one subgraph', 'GET', '/assistants/nested/subgraphs/research');
      await wire.send('no such subgraph', 'GET', '/assistants/nested/subgraphs/nowhere');
      await wire.send('graph of nobody', 'GET', `/assistants/${MISSING}/graph`);
      await wire.send('schemas of nobody', 'GET', `/assistants/${MISSING}/schemas`, { headers: { 'content-type': 'application/json' } });
    },
  },
  {
    name: 'assistants',
    async run(wire) {
      const made = await wire.send('create', 'POST', '/assistants', {
        body: { graph_id: 'tailored', name: 'Kind one', description: 'speaks kindly', config: { configurable: { tone: 'kind' } }, ...tag },
      });
      const id = wire.name(of(made, 'assistant_id'), 'assistant');
      await wire.send('create with nothing but a graph', 'POST', '/assistants', { body: { graph_id: 'trivial' } });
      await wire.send('create again', 'POST', '/assistants', { body: { graph_id: 'tailored', assistant_id: id } });
      await wire.send('create again, do nothing', 'POST', '/assistants', {
        body: { graph_id: 'trivial', assistant_id: id, if_exists: 'do_nothing' },
      });
      await wire.send('unknown graph', 'POST', '/assistants', { body: { graph_id: 'no-such-graph' } });
      await wire.send('no graph', 'POST', '/assistants', { body: { name: 'nothing' } });
      await wire.send('id is no uuid', 'POST', '/assistants', { body: { graph_id: 'trivial', assistant_id: 'me' } });
      await wire.send('unknown field', 'POST', '/assistants', { body: { graph_id: 'trivial', colour: 'red', ...tag } });
      await wire.send('get', 'GET', `/assistants/${id}`);
      await wire.send('search by part of the name', 'POST', '/assistants/search', { body: { name: 'KIND' } });
      await wire.send('patch', 'PATCH', `/assistants/${id}`, { body: { name: 'Rude one', metadata: { second: true } } });
      await wire.send('patch its graph and config', 'PATCH', `/assistants/${id}`, {
        body: { graph_id: 'tailored', config: { configurable: { tone: 'rude' } }, description: 'speaks rudely' },
      });
      await wire.send('patch with a wrong type', 'PATCH', `/assistants/${id}`, { body: { name: 7 } });
      await wire.send('patch of nobody', 'PATCH', `/assistants/${MISSING}`, { body: { name: 'x' } });
      await wire.send('versions', 'POST', `/assistants/${id}/versions`, { body: {} });
      await wire.send('second page of versions', 'POST', `/assistants/${id}/versions`, { body: { limit: 1, offset: 1 } });
      await wire.send('versions by metadata', 'POST', `/assistants/${id}/versions`, { body: { metadata: { second: true } } });
      await wire.send('versions of nobody', 'POST', `/assistants/${MISSING}/versions`, { body: {} });
      await wire.send('run with its config', 'POST', '/runs/wait', { body: { assistant_id: id, input: {} } });
      await wire.send('latest', 'POST', `/assistants/${id}/latest`, { body: { version: 1 } });
      await wire.send('latest in the query', 'POST', `/assistants/${id}/latest?version=2`, { body: {} });
      await wire.send('latest of no such version', 'POST', `/assistants/${id}/latest`, { body: { version: 99 } });
      await wire.send('run with the earlier config', 'POST', '/runs/wait', { body: { assistant_id: id, input: {} } });
      const onThread = of(await wire.quiet('POST', '/threads', { body: { metadata: { assistant_id: id } } }), 'thread_id');
      await wire.send('delete with its threads', 'DELETE', `/assistants/${id}?delete_threads=true`);
      await wire.send('its thread', 'GET', `/threads/${wire.name(onThread, 'thread')}`);
      await wire.send('delete again', 'DELETE', `/assistants/${id}`);
    },
  },
  {
    name: 'assistants in pages',
    async run(wire) {
      const metadata = { page_of: 'assistants' };
      for (const name of ['b', 'a', 'd', 'c']) {
        await wire.quiet('POST', '/assistants', { body: { graph_id: 'trivial', name, metadata } });
        await new Promise((wake) => setTimeout(wake, 5));
      }
      const search = (label: string, body: Record<string, unknown>) =>
        wire.send(label, 'POST', '/assistants/search', { body: { metadata, select: ['name'], ...body } });
      await search('all', {});
      await search('first page', { limit: 2 });
      await search('second page', { limit: 2, offset: 2 });
      await search('page as long as the rest', { limit: 4 });
      await search('past the end', { limit: 2, offset: 9 });
      await search('by name', { sort_by: 'name', sort_order: 'asc' });
      await search('by creation', { sort_by: 'created_at', sort_order: 'asc' });
      await search('limit of 0', { limit: 0 });
      await search('limit of 2000', { limit: 2000 });
      await search('sorted by nonsense', { sort_by: 'colour' });
      await search('unknown field', { colour: 'red' });
      await wire.send('count', 'POST', '/assistants/count', { body: { metadata } });
      await wire.send('count by name', 'POST', '/assistants/count', { body: { metadata, name: 'A' } });
      await wire.send('the known id', 'GET', `/assistants/${TRIVIAL}`, { pick: (body) => body });
    },
  },
];
