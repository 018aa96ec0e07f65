/** The words and calls of agents over the real server with the official SDK, as they come: masked, stored before they are sent, resumable. */
import { Client } from '@langchain/langgraph-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openOperations } from '../../../runtime/operations.ts';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { HAPPY } from '../../story/world.ts';
import { startServer, type TestServer } from '../serving.ts';
import { all, frames, type Told } from '../sse.ts';

const SECRET = `ghp_${'a1B2c3'.repeat(6)}`;
const WORDS = `I write the function; the token ${SECRET} and the key ${KEY.OPENAI_API_KEY} stay here. `.repeat(3).trim();
const REPLIES = HAPPY.map((reply) =>
  reply.role === 'lead' && reply.call === 1
    ? { ...reply, text: WORDS }
    : reply.role === 'critic'
      ? { ...reply, text: 'It is good.' }
      : reply,
);
const MASKED = WORDS.replaceAll(SECRET, '[REDACTED]').replaceAll(KEY.OPENAI_API_KEY, '[REDACTED]');

let shop: Shop;
let server: TestServer;
let client: Client;
beforeEach(async () => {
  shop = await openShop({ replies: REPLIES });
  shop.endpoint.pieceCharacters = 7;
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  client = new Client({ apiUrl: server.url });
});
afterEach(async () => {
  await server.stop();
  await shop.close();
});

const input = { goal: GOAL, repo: 'shop' };
interface Custom {
  readonly type: string;
  readonly event: string;
  readonly agent: string;
  readonly step: number;
  readonly text?: string;
  readonly line?: string;
  readonly message_id?: string;
}
interface Message {
  readonly id: string;
  readonly type: string;
  readonly content: string;
  readonly tool_call_chunks?: readonly { readonly name: string; readonly args: string; readonly id: string }[];
  readonly tool_call_id?: string;
  readonly status?: string;
}
const customs = (told: readonly Pick<Told, 'event' | 'data'>[]) =>
  told.filter(({ event }) => event === 'custom').map(({ data }) => data as Custom); // our own events
const tuples = (told: readonly Pick<Told, 'event' | 'data'>[]) =>
  told.filter(({ event }) => event === 'messages').map(({ data }) => data as [Message, Record<string, unknown>]); // our own events
const textOf = (told: readonly Pick<Told, 'event' | 'data'>[], agent: string) =>
  customs(told)
    .filter((one) => one.event === 'text' && one.agent === agent)
    .map(({ text }) => text)
    .join('');

describe('a streamed goal', () => {
  test('tells words as they come, calls and results of every agent, and nothing that must not be told', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    const told = await all(client.runs.stream(thread_id, 'governor', { input, streamMode: ['custom', 'messages-tuple'] }));
    expect(new Set(told.map(({ event }) => event))).toEqual(new Set(['metadata', 'custom', 'messages']));
    expect(customs(told).every(({ type }) => type === 'governor/agent')).toBe(true);
    expect(textOf(told, 'lead')).toBe(MASKED);
    expect(textOf(told, 'critic')).toBe('It is good.');
    const lines = customs(told).filter(({ event }) => event === 'call');
    expect(lines.map(({ agent, step, line }) => [agent, step, line])).toEqual([
      ['planner', 1, 'submit_plan 1 item(s): add a product function'],
      ['lead', 1, 'write_file src/product.js (1 lines)'],
      ['lead', 2, 'write_file test/product.test.js (5 lines)'],
      ['lead', 3, 'run_command node --test'],
      ['lead', 4, 'submit_build done'],
      ['critic', 1, 'submit_review pass, 0 finding(s)'],
    ]);
    expect(customs(told).find(({ event, step }) => event === 'result' && step === 3)).toMatchObject({
      agent: 'lead',
      tool: 'run_command',
      exit_code: 0,
    });
    const everything = JSON.stringify(told);
    for (const secret of [SECRET, KEY.OPENAI_API_KEY, SECRET.slice(0, 12)]) expect(everything).not.toContain(secret);
    // No prompt: neither the contract of a role nor a brief.
    for (const prompt of ['You are', 'This is plan 1', 'The difference, as data']) expect(everything).not.toContain(prompt);
  });

  test('has messages in the form of LangGraph: pieces of one id add up to the words with their calls, and results answer them', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    const told = await all(client.runs.stream(thread_id, 'governor', { input, streamMode: ['messages-tuple'], streamSubgraphs: true }));
    const lead = tuples(told).filter(([, { agent }]) => agent === 'lead');
    const [first] = lead;
    expect(first?.[1]).toMatchObject({
      thread_id,
      langgraph_node: 'build',
      langgraph_step: 1,
      tags: ['governor', 'agent:lead'],
      attempt: 1,
    });
    const pieces = lead.filter(([{ id }]) => id === first?.[0].id).map(([message]) => message);
    expect(pieces.map(({ content }) => content).join('')).toBe(MASKED);
    const [call] = pieces.flatMap(({ tool_call_chunks: chunks }) => chunks ?? []);
    expect(call).toMatchObject({ name: 'write_file', args: expect.stringContaining('src/product.js') });
    expect(lead.find(([{ tool_call_id: id }]) => id === call?.id)?.[0]).toMatchObject({
      type: 'tool',
      status: 'success',
      content: expect.stringContaining('src/product.js'),
    });
  });

  test('has the older form of messages too, each partial as it has grown', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    const told = await all(client.runs.stream(thread_id, 'governor', { input, streamMode: ['messages'] }));
    const partials = told.filter(({ event }) => event === 'messages/partial').map(({ data }) => (data as [Message])[0]); // our own events
    const lead = partials.filter(({ content }) => content.startsWith('I write'));
    expect(lead.at(-1)?.content).toBe(MASKED);
    expect(new Set(lead.map(({ id }) => id)).size).toBe(1);
    expect(told.some(({ event }) => event === 'messages/complete')).toBe(true);
  });

  test('is the same for who joins it, from the start, after an event, or with other modes; ids are dense', async () => {
    const { thread_id } = await client.threads.create({ graphId: 'governor' });
    let release: () => void = () => undefined;
    const held = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    // The agent is in the middle of its words until somebody has read the first of them.
    shop.endpoint.beforePiece = async ({ role, call, sent }) => (role === 'lead' && call === 1 && sent.length >= 70 ? held : undefined);
    const run = await client.runs.create(thread_id, 'governor', { input, streamMode: ['values', 'custom', 'messages-tuple'] });
    let last = '';
    for await (const { event, data, id } of client.runs.joinStream(thread_id, run.run_id)) {
      last = String(id);
      if (event === 'custom' && (data as Custom).event === 'text') break; // our own event
    }
    release();
    const rest = await all(client.runs.joinStream(thread_id, run.run_id, { lastEventId: last }));
    const raw = await (
      await fetch(`${server.url}/threads/${thread_id}/runs/${run.run_id}/stream`, { headers: { 'last-event-id': '-1' } })
    ).text();
    const every = frames(raw);
    expect(every.map(({ id }) => id)).toEqual(every.map((_one, index) => index));
    expect(rest.map(({ id }) => Number(id))).toEqual(every.map(({ id }) => id).filter((id) => id > Number(last)));
    expect(textOf(every, 'lead')).toBe(MASKED);
    const custom = await all(client.runs.joinStream(thread_id, run.run_id, { streamMode: ['custom'] }));
    expect(new Set(custom.map(({ event }) => event))).toEqual(new Set(['metadata', 'custom']));
    expect(customs(custom)).toEqual(customs(every));
  });
});

test('words of a request that failed are taken back, and the next try is another message', async () => {
  let seen: () => void = () => undefined;
  const held = new Promise<'cut'>((resolve) => {
    seen = () => resolve('cut');
  });
  let cuts = 0;
  shop.endpoint.beforePiece = async ({ role, call, sent }) => {
    if (role !== 'lead' || call !== 1 || sent.length < 70 || cuts > 0) return undefined;
    cuts += 1;
    return held;
  };
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const told: Told[] = [];
  for await (const event of client.runs.stream(thread_id, 'governor', { input, streamMode: ['custom', 'messages-tuple'] })) {
    told.push(event as Told); // as the client gives it
    if (textOf(told, 'lead') !== '') seen();
  }
  const lost = customs(told).find(({ event }) => event === 'text-lost');
  expect(lost).toMatchObject({ agent: 'lead', step: 1 });
  const words = customs(told).find(({ event, agent }) => event === 'words' && agent === 'lead');
  expect(words?.message_id).not.toBe(lost?.message_id);
  const pieces = tuples(told).filter(([{ id }]) => id === words?.message_id);
  expect(pieces.map(([{ content }]) => content).join('')).toBe(MASKED);
});

test('a run that only looks on while the command line works tells whole words and calls', async () => {
  const operations = await openOperations({ home: shop.world.home, env: { PATH: process.env['PATH'] ?? '', ...KEY } });
  const { thread_id } = await client.threads.create({ graphId: 'governor' });
  const waiting = await client.runs.wait(thread_id, 'governor', { input });
  expect(waiting).toMatchObject({ __interrupt__: [{ value: { gate: 'release' } }] });
  const gate = await operations.gate(thread_id);
  await operations.decide(thread_id, { decision: 'rejected', comment: 'use another name', subject: gate?.row.subject.digest ?? '' });
  shop.endpoint.replies = [
    ...REPLIES,
    ...REPLIES.filter(({ role }) => role === 'lead').map((reply) => ({ ...reply, attempt: 2 })),
    { ...REPLIES[5], role: 'critic' as const, attempt: 2, call: 1 },
  ];
  let release: () => void = () => undefined;
  const held = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  shop.endpoint.beforePiece = async ({ role, call, sent }) => (role === 'lead' && call === 1 && sent === '' ? held : undefined);
  const working = operations.drive(thread_id);
  await expect.poll(() => operations.isLive(thread_id)).toBe(true);
  const run = await client.runs.create(thread_id, 'governor', { input: null, streamMode: ['custom', 'messages-tuple'] });
  await expect.poll(async () => (await client.runs.get(thread_id, run.run_id)).status).toBe('running');
  await new Promise((wake) => setTimeout(wake, 300));
  release();
  await working;
  const told = await all(client.runs.joinStream(thread_id, run.run_id));
  expect(customs(told).find(({ event, agent }) => event === 'words' && agent === 'lead')?.text).toBe(MASKED);
  expect(tuples(told).map(([{ content }]) => content)).toContain(MASKED);
  expect(JSON.stringify(told)).not.toContain(SECRET.slice(0, 12));
  await operations.close();
});
