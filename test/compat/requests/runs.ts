/** Every route of table 1d but the streams: create, wait, read, list, join, resume, delete, stateless, batch. */
import { MISSING, of, ran, type Scenario, thread, untilStatus } from './scenario.ts';

const SMALL = { assistant_id: 'trivial', input: { count: 3 } };

export const RUNS: readonly Scenario[] = [
  {
    name: 'runs',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const made = await wire.send('create', 'POST', `/threads/${id}/runs`, { body: { ...SMALL, metadata: { made_for: 'comparison' } } });
      const runId = wire.name(of(made, 'run_id'), 'run');
      await wire.send('join', 'GET', `/threads/${id}/runs/${runId}/join`);
      await untilStatus(wire, id, runId, ['success']);
      await wire.send('get', 'GET', `/threads/${id}/runs/${runId}`);
      await wire.send('join its end', 'GET', `/threads/${id}/runs/${runId}/join`);
      await wire.send('wait', 'POST', `/threads/${id}/runs/wait`, { body: { assistant_id: 'trivial', input: { count: 1 } } });
      await wire.send('wait for messages', 'POST', `/threads/${id}/runs/wait`, {
        body: { assistant_id: 'chat', input: { messages: [{ role: 'user', content: 'hello', id: 'one' }] } },
      });
      await wire.send('list', 'GET', `/threads/${id}/runs`, {
        pick: (body) => (Array.isArray(body) ? body.map((one) => Object(one)['status']) : body),
      });
      await wire.send('list a page', 'GET', `/threads/${id}/runs?limit=1&offset=1`, {
        pick: (body) => (Array.isArray(body) ? body.length : body),
      });
      await wire.send('list by status', 'GET', `/threads/${id}/runs?status=error`);
      await wire.send('list of a missing thread', 'GET', `/threads/${MISSING}/runs`);
      await wire.send('get a missing one', 'GET', `/threads/${id}/runs/${MISSING}`);
      await wire.send('get on another thread', 'GET', `/threads/${MISSING}/runs/${runId}`);
      await wire.send('join a missing one', 'GET', `/threads/${id}/runs/${MISSING}/join`);
      await wire.send('stream a missing one', 'GET', `/threads/${id}/runs/${MISSING}/stream`);
      await wire.send('cancel a missing one', 'POST', `/threads/${id}/runs/${MISSING}/cancel`);
      await wire.send('cancel an ended one', 'POST', `/threads/${id}/runs/${runId}/cancel`);
      await wire.send('delete', 'DELETE', `/threads/${id}/runs/${runId}`);
      await wire.send('delete again', 'DELETE', `/threads/${id}/runs/${runId}`);
      await wire.send('thread at the end', 'GET', `/threads/${id}`);
    },
  },
  {
    name: 'run payload',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const wait = (label: string, body: Record<string, unknown>) => wire.send(label, 'POST', `/threads/${id}/runs/wait`, { body });
      await wait('factory with a config', { assistant_id: 'tailored', input: {}, config: { configurable: { tone: 'kind' }, tags: ['t'] } });
      await wait('context', { assistant_id: 'trivial', input: { count: 1 }, context: { locale: 'de' } });
      await wait('recursion limit', { assistant_id: 'slow', input: { steps: 9 }, config: { recursion_limit: 3 } });
      await wait('durability', { ...SMALL, durability: 'exit' });
      await wait('stops before all', { ...SMALL, interrupt_before: '*' });
      await wire.send('state before the first', 'GET', `/threads/${id}/state`);
      await wire.send('thread before the first', 'GET', `/threads/${id}`);
      await wait('goes on to after the first', { assistant_id: 'trivial', input: null, interrupt_after: ['first'] });
      await wait('goes on', { assistant_id: 'trivial', input: null });
      await wait('stops before no such node', { ...SMALL, interrupt_before: ['nowhere'] });
      await wait('without an input', { assistant_id: 'trivial' });
      await wait('unknown assistant', { assistant_id: 'nobody', input: {} });
      await wait('unknown assistant by uuid', { assistant_id: MISSING, input: {} });
      await wait('no assistant', { input: {} });
      await wait('unknown field', { ...SMALL, colour: 'red' });
      await wait('unknown stream mode', { ...SMALL, stream_mode: ['colours'] });
      await wait('unknown strategy', { ...SMALL, multitask_strategy: 'panic' });
      await wait('unknown durability', { ...SMALL, durability: 'maybe' });
      await wait('on_completion as the SDK types it', { ...SMALL, on_completion: 'complete' });
      await wait('command of a wrong form', { assistant_id: 'trivial', command: { goto: 7 } });
      await wire.send('thread is no uuid', 'POST', '/threads/mine/runs/wait', { body: SMALL });
      await wire.send('broken JSON', 'POST', `/threads/${id}/runs/wait`, { raw: '{"assistant_id"' });
      await wire.send('missing thread', 'POST', `/threads/${MISSING}/runs/wait`, { body: SMALL });
      const created = '22222222-2222-4222-8222-2222222222aa';
      await wire.send('missing thread, create it', 'POST', `/threads/${created}/runs/wait`, {
        body: { ...SMALL, if_not_exists: 'create' },
      });
      await wire.send('created thread', 'GET', `/threads/${created}`);
      await wire.send('header becomes configuration', 'POST', `/threads/${created}/runs/wait`, {
        body: { assistant_id: 'tailored', input: {} },
        headers: { 'x-colour': 'red', 'x-api-key': 'secret' },
      });
    },
  },
  {
    name: 'failing run',
    async run(wire) {
      const id = await thread(wire, 'thread');
      await wire.send('wait', 'POST', `/threads/${id}/runs/wait`, { body: { assistant_id: 'failing', input: {} } });
      await wire.send('thread', 'GET', `/threads/${id}`);
      await wire.send('state', 'GET', `/threads/${id}/state`);
      await wire.send('its run', 'GET', `/threads/${id}/runs`, {
        pick: (body) => (Array.isArray(body) ? body.map((one) => Object(one)['status']) : body),
      });
      await wire.send('stream', 'POST', `/threads/${id}/runs/stream`, {
        body: { assistant_id: 'failing', input: {}, stream_mode: 'updates' },
      });
      await wire.send('then another graph', 'POST', `/threads/${id}/runs/wait`, { body: SMALL });
    },
  },
  {
    name: 'human in the loop',
    async run(wire) {
      const id = await thread(wire, 'thread');
      const run = { assistant_id: 'review' };
      await wire.send('to the question', 'POST', `/threads/${id}/runs/stream`, {
        body: { ...run, input: { draft: 'Hello' }, stream_mode: ['values', 'updates'] },
      });
      await wire.send('thread that waits', 'GET', `/threads/${id}`);
      await wire.send('state that waits', 'GET', `/threads/${id}/state`);
      await wire.send('run that waits', 'GET', `/threads/${id}/runs`, {
        pick: (body) => (Array.isArray(body) ? body.map((one) => Object(one)['status']) : body),
      });
      await wire.send('answer', 'POST', `/threads/${id}/runs/wait`, {
        body: { ...run, command: { resume: [{ type: 'accept', args: null }] } },
      });
      await wire.send('thread after the answer', 'GET', `/threads/${id}`);
      const second = await ran(wire, 'second', 'review');
      await wire.send('update and resume', 'POST', `/threads/${second}/runs/wait`, {
        body: { ...run, command: { update: { draft: 'Changed' }, resume: 'yes' } },
      });
      const third = await ran(wire, 'third', 'review');
      await wire.send('goto the end', 'POST', `/threads/${third}/runs/wait`, { body: { ...run, command: { goto: '__end__' } } });
      await wire.send('thread after goto', 'GET', `/threads/${third}`);
      const fourth = await ran(wire, 'fourth', 'review');
      await wire.send('goto with a list and update with pairs', 'POST', `/threads/${fourth}/runs/wait`, {
        body: { ...run, command: { goto: ['send'], update: [['draft', 'Sent']] } },
      });
      await wire.send('goto a node that is not', 'POST', `/threads/${fourth}/runs/wait`, {
        body: { ...run, command: { goto: 'nowhere' } },
      });
      const fifth = await ran(wire, 'fifth', 'nested', { input: { topic: 'x', ask: true } });
      await wire.send('waits in a subgraph', 'GET', `/threads/${fifth}/state?subgraphs=true`);
      await wire.send('answer in a subgraph', 'POST', `/threads/${fifth}/runs/wait`, {
        body: { assistant_id: 'nested', command: { resume: 'the book' } },
      });
    },
  },
  {
    name: 'stateless runs',
    async run(wire) {
      await wire.send('wait', 'POST', '/runs/wait', { body: SMALL });
      const made = await wire.send('create', 'POST', '/runs', { body: SMALL });
      wire.name(of(made, 'thread_id'), 'thread');
      await wire.send('fails', 'POST', '/runs/wait', { body: { assistant_id: 'failing', input: {} } });
      await wire.send('asks a person', 'POST', '/runs/wait', { body: { assistant_id: 'review', input: {} } });
      const kept = await wire.send('kept', 'POST', '/runs', { body: { ...SMALL, on_completion: 'keep' } });
      const threadId = wire.name(of(kept, 'thread_id'), 'kept');
      await untilStatus(wire, threadId, wire.name(of(kept, 'run_id'), 'run'), ['success']);
      await wire.send('kept thread', 'GET', `/threads/${threadId}`);
      await wire.send('stream', 'POST', '/runs/stream', { body: { ...SMALL, stream_mode: ['values', 'updates'] } });
      await wire.send('unknown assistant', 'POST', '/runs', { body: { assistant_id: 'nobody', input: {} } });
      await wire.send('batch', 'POST', '/runs/batch', { body: [SMALL, { assistant_id: 'memory', input: { user: 'batch' } }] });
      await wire.send('batch with one that is wrong', 'POST', '/runs/batch', { body: [SMALL, { assistant_id: 'nobody', input: {} }] });
      await wire.send('empty batch', 'POST', '/runs/batch', { body: [] });
      await wire.send('stream of a missing one', 'GET', `/runs/${MISSING}/stream`);
    },
  },
  {
    name: 'not here',
    async run(wire) {
      const cron = { assistant_id: 'trivial', schedule: '0 8 * * *' };
      await wire.send('crons: create', 'POST', '/runs/crons', { body: cron });
      await wire.send('crons: search', 'POST', '/runs/crons/search', { body: {} });
      await wire.send('crons: delete', 'DELETE', `/runs/crons/${MISSING}`);
      await wire.send('truncate', 'POST', '/internal/truncate', { body: { runs: false } });
      await wire.send('commands', 'POST', `/threads/${MISSING}/commands`, { body: { id: 1, method: 'state.get', params: {} } });
      await wire.send('generative interface', 'POST', '/ui/trivial', { body: { name: 'x' } });
    },
  },
];
