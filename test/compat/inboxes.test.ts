/**
 * What Agent Inbox and Agent Chat UI send, in their order, as their sources say (agent-inbox f38301b, agent-chat-ui fdc87e6), and what they
 * read of the answers.
 */
import { Client } from '@langchain/langgraph-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DevServer, type Kind, startServer } from './server.ts';

const kinds: readonly Kind[] = ['official', 'governor'];

describe.each(kinds)('%s', (kind) => {
  let server: DevServer;
  let client: Client;
  beforeAll(async () => {
    server = await startServer(kind);
    client = new Client({ apiUrl: server.url, defaultHeaders: { 'x-api-key': 'of the browser' } });
  });
  afterAll(() => server?.close());

  /** A thread that asks for a person. */
  async function asked(): Promise<string> {
    const { thread_id: thread } = await client.threads.create();
    await client.runs.wait(thread, 'review', { input: { draft: 'Hello' } });
    return thread;
  }

  /** `fetchThreads` and `getInterruptFromThread`: the question stands in the listed thread itself. */
  async function inbox(status?: 'interrupted' | 'idle') {
    const listed = await client.threads.search({
      offset: 0,
      limit: 100,
      ...(status === undefined ? {} : { status }),
      metadata: { graph_id: 'review' },
    });
    return listed.map((one) => ({
      id: one.thread_id,
      status: one.status,
      values: one.values,
      asked: Object.values(one.interrupts ?? {})[0]?.[0]?.value,
    }));
  }

  test('Agent Inbox connects, lists what waits, and shows it', async () => {
    const info = await fetch(`${server.url}/info`, { headers: { 'content-type': 'application/json' } });
    expect(await info.json()).toMatchObject({ flags: { assistants: true, crons: expect.any(Boolean), langsmith: expect.any(Boolean) } });
    const thread = await asked();
    const found = (await inbox('interrupted')).find((one) => one.id === thread);
    expect(found).toMatchObject({
      status: 'interrupted',
      asked: {
        action_requests: [{ name: 'send_mail', arguments: { text: 'Hello' } }],
        review_configs: [{ allowed_decisions: ['approve', 'edit', 'reject'] }],
      },
    });
    expect(await client.threads.get(thread)).toMatchObject({ status: 'interrupted' });
    expect((await client.threads.getState(thread)).tasks.at(-1)?.interrupts.at(-1)?.value).toMatchObject({ description: 'Send this?' });
  });

  test.each([
    { type: 'accept', args: null },
    { type: 'edit', args: { action: 'send_mail', args: { text: 'Changed' } } },
    { type: 'response', args: 'Not like this' },
  ])('Agent Inbox answers with $type over a stream of events, and fetches the thread again', async (answer) => {
    const thread = await asked();
    const nodes = new Set<string>();
    const events: string[] = [];
    for await (const chunk of client.runs.stream(thread, 'review', { command: { resume: [answer] }, streamMode: 'events' })) {
      events.push(chunk.event);
      const data = Object(chunk.data);
      if (data['event'] === 'on_chain_start' && data['metadata']?.langgraph_node !== undefined) nodes.add(data['metadata'].langgraph_node);
    }
    expect([...nodes]).toEqual(expect.arrayContaining(['ask', 'send']));
    expect(events).not.toContain('error');
    expect(await client.threads.get(thread)).toMatchObject({ status: 'idle', values: { sent: true, answer: [answer] } });
    expect((await inbox()).find((one) => one.id === thread)).toMatchObject({ status: 'idle' });
  });

  test('Agent Inbox ignores in the background, and marks another thread as resolved', async () => {
    const ignored = await asked();
    const run = await client.runs.create(ignored, 'review', { command: { resume: [{ type: 'ignore', args: null }] } });
    await client.runs.join(ignored, run.run_id);
    await expect.poll(async () => (await client.threads.get(ignored)).status).toBe('idle');
    const resolved = await asked();
    await client.threads.updateState(resolved, { values: null, asNode: '__end__' });
    expect((await client.threads.getState(resolved)).next).toEqual([]);
    if (kind === 'governor') expect((await inbox('interrupted')).map((one) => one.id)).not.toContain(resolved);
  });

  /** What `useStream` sends for `submit`, with the options of Agent Chat UI. */
  async function submit(thread: string, graph: string, input: unknown, options: Record<string, unknown>) {
    const parts: { id?: string; event: string; data: unknown }[] = [];
    let created = '';
    for await (const part of client.runs.stream(thread, graph, {
      input: input as Record<string, unknown>, // undefined is left out, as there
      streamMode: ['values', 'updates', 'messages-tuple', 'custom'],
      onRunCreated: (run) => {
        created = run.run_id;
        expect(run.thread_id).toBe(thread);
      },
      ...options,
    }))
      parts.push(part);
    expect(parts[0]).toMatchObject({ event: 'metadata', data: { run_id: created } });
    return parts;
  }
  const CHAT = { streamSubgraphs: true, streamResumable: true, onDisconnect: 'continue' };

  test('Agent Chat UI chats, reads the history, and answers a message again', async () => {
    const { thread_id: thread } = await client.threads.create();
    const human = { id: '5b0a6e0c-6d5f-4d7f-9d4c-1d1f0c3a0001', type: 'human', content: [{ type: 'text', text: 'Hello' }] };
    const parts = await submit(thread, 'chat', { messages: [human] }, CHAT);
    const last = Object(parts.findLast((part) => part.event === 'values')?.data)['messages'];
    expect(last).toMatchObject([
      { type: 'human', id: human.id },
      { type: 'ai', content: 'Hi!' },
    ]);
    expect(parts.some((part) => part.event === 'messages' || part.event.startsWith('messages|'))).toBe(true);
    const history = await client.threads.getHistory(thread, { limit: 10 });
    expect(history[0]?.values).toEqual({ messages: last });
    const before = history.find((one) => one.next[0] === 'answer')?.checkpoint;
    expect(before?.checkpoint_id).toEqual(expect.any(String));
    await submit(thread, 'chat', undefined, {
      ...CHAT,
      checkpoint: { checkpoint_id: before?.checkpoint_id, checkpoint_ns: '', checkpoint_map: null },
    });
    const branches = await client.threads.getHistory(thread, { limit: 10 });
    expect(branches.filter((one) => one.parent_checkpoint?.checkpoint_id === before?.checkpoint_id)).toHaveLength(2);
    const listed = await client.threads.search({ metadata: { graph_id: 'chat' }, limit: 100 });
    expect(listed.find((one) => one.thread_id === thread)).toMatchObject({
      status: 'idle',
      values: { messages: [{ type: 'human' }, { type: 'ai' }] },
    });
  });

  test.each([
    { type: 'approve' },
    { type: 'reject', message: 'No' },
    { type: 'edit', edited_action: { name: 'send_mail', args: { text: 'Changed' } } },
  ])('Agent Chat UI decides with $type', async (decision) => {
    const { thread_id: thread } = await client.threads.create();
    const asks = await submit(thread, 'review', { draft: 'Hello' }, CHAT);
    const question = Object(asks.findLast((part) => part.event === 'values' && '__interrupt__' in Object(part.data))?.data)[
      '__interrupt__'
    ];
    // Its own test of the shape (`isAgentInboxInterruptSchema`).
    expect(question[0].value).toMatchObject({
      action_requests: [{ name: 'send_mail', args: { text: 'Hello' } }],
      review_configs: [{ action_name: 'send_mail', allowed_decisions: expect.any(Array) }],
    });
    await submit(thread, 'review', {}, { onDisconnect: 'cancel', command: { resume: { decisions: [decision] } } });
    expect(await client.threads.get(thread)).toMatchObject({ status: 'idle', values: { sent: true, answer: { decisions: [decision] } } });
  });

  test('Agent Chat UI marks a thread as resolved by a jump to the end', async () => {
    const thread = await asked();
    await submit(thread, 'review', {}, { onDisconnect: 'cancel', command: { goto: '__end__' } });
    expect((await client.threads.getState(thread)).values).not.toMatchObject({ sent: true });
  });
});
