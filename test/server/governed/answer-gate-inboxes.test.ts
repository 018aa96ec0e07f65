/**
 * What Agent Inbox and Agent Chat UI send at a gate of `governor`, in their order, with what they read of the answers. Recorded from
 * langchain-ai/agent-inbox f38301b (src/components/agent-inbox/contexts/ThreadContext.tsx and contexts/utils.ts,
 * hooks/use-interrupted-actions.tsx, components/interrupted-inbox-item.tsx) and langchain-ai/agent-chat-ui fdc87e6
 * (src/components/thread/index.tsx, src/components/thread/agent-inbox/hooks/use-interrupted-actions.tsx and utils.ts). Stricter than
 * they are: a field that they only pass on is read here, and an answer must say what became of it.
 */
import { Client, type Thread } from '@langchain/langgraph-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOAL, KEY, LANGGRAPH_JSON, openShop, type Shop } from '../../story/shop.ts';
import { critic, HAPPY, PRODUCT, PRODUCT_TEST, planReply, submit as submitted, write } from '../../story/world.ts';
import { issueKey } from '../issue-key.ts';
import { startServer, type TestServer } from '../serving.ts';
import { all, type Told } from '../sse.ts';

/** What its agents say after a rejection. */
const AGAIN = [
  planReply(2),
  write(2, 1, 'src/product.js', `// Again.\n${PRODUCT}`),
  write(2, 2, 'test/product.test.js', PRODUCT_TEST),
  submitted(2, 3),
  critic(2),
];
/** More than one screen of an inbox shows of the first line. */
const ROW = 65;

let shop: Shop;
let planShop: Shop;
let server: TestServer;
let planServer: TestServer;
let client: Client;
beforeAll(async () => {
  shop = await openShop({ replies: [...HAPPY, ...AGAIN] });
  planShop = await openShop({ replies: [...HAPPY, ...AGAIN], config: { plan: { approval: 'always' } } });
  server = await startServer({ home: shop.world.home, config: LANGGRAPH_JSON, env: KEY });
  planServer = await startServer({ home: planShop.world.home, config: LANGGRAPH_JSON, env: KEY });
  client = clientOf(server);
});
afterAll(async () => {
  for (const one of [server, planServer]) await one.stop();
  for (const one of [shop, planShop]) await one.close();
});

const clientOf = ({ url }: TestServer, apiKey: string | null = null): Client =>
  new Client({ apiUrl: url, apiKey, callerOptions: { maxRetries: 0 } });

interface Card {
  readonly action: string;
  readonly args: Record<string, unknown>;
  readonly allowed: readonly string[];
  readonly description: string;
}

/** `normalizeInterrupt`: the first action of the first interrupt; anything else is "Interrupt", without buttons. */
function cardOf(thread: Pick<Thread, 'interrupts'>): Card {
  const value = Object.values(thread.interrupts)[0]?.[0]?.value as Record<string, unknown>; // the gate's payload
  const [request] = value['action_requests'] as { name: string; arguments: Record<string, unknown>; description: string }[]; // as the Inbox reads it
  const [review] = value['review_configs'] as { allowed_decisions: string[] }[]; // as the Inbox reads it
  if (request === undefined || review === undefined) throw new Error('no card');
  return { action: request.name, args: request.arguments, allowed: review.allowed_decisions, description: request.description };
}

async function atGate(of: Client = client, goal = GOAL): Promise<string> {
  const { thread_id } = await of.threads.create({ graphId: 'governor' });
  expect(await of.runs.wait(thread_id, 'governor', { input: { goal, repo: 'shop' } })).toHaveProperty('__interrupt__');
  return thread_id;
}

/** `fetchThreads` of the inbox "Interrupted". */
const inbox = async (of: Client = client): Promise<readonly string[]> =>
  (await of.threads.search({ offset: 0, limit: 100, status: 'interrupted', metadata: { graph_id: 'governor' } })).map(
    (one) => one.thread_id,
  );

const approvals = async (of: TestServer, threadId: string) => of.runtime.stores.approvals.list({ threadId });

describe('Agent Inbox', () => {
  /** `handleSubmit`: over a stream of events, of which it reads which node begins, and an error. */
  async function answered(of: Client, threadId: string, answer: object): Promise<{ nodes: string[]; told: Told[] }> {
    const told = await all(of.runs.stream(threadId, 'governor', { command: { resume: [answer] }, streamMode: 'events' }));
    const nodes = told.flatMap(({ data }) => {
      const { event, metadata } = Object(data);
      return event === 'on_chain_start' && metadata?.langgraph_node !== undefined ? [String(metadata.langgraph_node)] : [];
    });
    expect(told.filter(({ event }) => event === 'error')).toEqual([]);
    return { nodes, told };
  }

  test('rows tell threads apart, and a card says what is decided in the words of a person, hashes last', async () => {
    const [one, two] = [await atGate(client, GOAL), await atGate(client, `${GOAL}, for the other team`)];
    const rows = await client.threads.search({ offset: 0, limit: 100, status: 'interrupted', metadata: { graph_id: 'governor' } });
    const previews = [one, two].map((id) => {
      const thread = rows.find((row) => row.thread_id === id);
      if (thread === undefined) throw new Error('not listed');
      return cardOf(thread).description.slice(0, ROW);
    });
    expect(previews[0]).toContain(GOAL);
    expect(new Set(previews).size).toBe(2);
    for (const id of [one, two]) await client.threads.updateState(id, { values: null, asNode: '__end__' });
  });

  test('respond rejects with that comment, which the next attempt is told; the card says so', async () => {
    const threadId = await atGate();
    const card = cardOf(await client.threads.get(threadId));
    expect(card).toMatchObject({ action: 'approve_release', allowed: ['approve', 'reject'] });
    expect(card.description).toMatch(/To reject, or to respond, sends it back to the builder with your words/);
    const { nodes } = await answered(client, threadId, { type: 'response', args: 'Say in a comment what it multiplies.' });
    expect(nodes).toEqual(expect.arrayContaining(['approve_release', 'build', 'review_rules', 'review_critic']));
    const [first, second] = await approvals(server, threadId);
    expect([first?.status, first?.votes[0]?.comment]).toEqual(['rejected', 'Say in a comment what it multiplies.']);
    expect(second).toMatchObject({ status: 'pending', votes: [] });
    const asked = shop.endpoint.seen.filter(({ role, headers }) => role === 'lead' && headers['x-governor-thread'] === threadId);
    expect(JSON.stringify(asked.map(({ body }) => body))).toContain('Say in a comment what it multiplies.');
    expect(await client.threads.get(threadId)).toMatchObject({ status: 'interrupted' });
    await client.threads.updateState(threadId, { values: null, asNode: '__end__' });
  });

  test('ignore decides nothing, and the thread stays in the inbox', async () => {
    const threadId = await atGate();
    const run = await client.runs.create(threadId, 'governor', { command: { resume: [{ type: 'ignore', args: null }] } });
    await client.runs.join(threadId, run.run_id);
    expect(await approvals(server, threadId)).toMatchObject([{ status: 'pending', votes: [] }]);
    expect(await inbox()).toContain(threadId);
    await client.threads.updateState(threadId, { values: null, asNode: '__end__' });
  });

  test('"Mark as Resolved" cancels: the gate is void, the row is gone, and the thread says so and can be gone on with', async () => {
    const threadId = await atGate();
    const answer = await server.send('POST', `/threads/${threadId}/state`, { values: null, as_node: '__end__' });
    expect(answer).toMatchObject({
      status: 200,
      body: { checkpoint: { thread_id: threadId }, detail: expect.stringMatching(/cancelled by .* void .* nothing is released/) },
    });
    expect(await inbox()).not.toContain(threadId);
    expect(await approvals(server, threadId)).toMatchObject([{ status: 'void' }]);
    expect(await client.threads.get(threadId)).toMatchObject({ status: 'idle', interrupts: {} });
    const state = await client.threads.getState<{ messages: { content: string }[] }>(threadId);
    expect([state.next, state.tasks]).toEqual([[], []]);
    const [newest, before] = await client.threads.getHistory(threadId, { limit: 2 });
    expect([newest?.next, before?.next]).toEqual([[], ['review_critic']]);
    expect(state.values.messages.at(-1)?.content).toMatch(/cancelled by .*Nothing is released.*governor resume/);
    // The button is pressed twice.
    expect((await server.send('POST', `/threads/${threadId}/state`, { values: null, as_node: '__end__' })).status).toBe(200);
    expect(shop.world.git('rev-list', '--merges', '--count', 'main')).toBe('0');
    const again = await client.runs.wait(threadId, 'governor', { input: null });
    expect(again).toMatchObject({ __interrupt__: [{ value: { gate: 'release' } }] });
    expect(await inbox()).toContain(threadId);
    await client.threads.updateState(threadId, { values: null, asNode: '__end__' });
  });

  test('an edit as another node is no resolve: it needs an admin and a second one', async () => {
    const threadId = await atGate();
    for (const body of [
      { values: { route: 'deploy' }, as_node: '__end__' },
      { values: null, as_node: 'approve_release' },
    ]) {
      const answer = await server.send('POST', `/threads/${threadId}/state`, body);
      expect([answer.status, await inbox()]).toEqual([expect.any(Number), expect.arrayContaining([threadId])]);
      expect((await approvals(server, threadId))[0]).toMatchObject({ status: 'pending', votes: [] });
    }
    await client.threads.updateState(threadId, { values: null, asNode: '__end__' });
  });

  test('an edited plan is the plan; every edited argument comes as text', async () => {
    const of = clientOf(planServer);
    const threadId = await atGate(of);
    const { action, args, allowed } = cardOf(await of.threads.get(threadId));
    expect([action, allowed]).toEqual(['approve_plan', ['approve', 'edit', 'reject']]);
    const texts = Object.fromEntries(
      Object.entries(args).map(([key, value]) => [
        key,
        key === 'summary' ? 'A plan of mine' : typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    await answered(of, threadId, { type: 'edit', args: { action, args: texts } });
    expect(planShop.world.dossier(threadId, '10-plan.2.json')).toMatchObject({ body: { summary: 'A plan of mine' } });
    expect(cardOf(await of.threads.get(threadId)).action).toBe('approve_release');
    await of.threads.updateState(threadId, { values: null, asNode: '__end__' });
  });

  test('accept releases: the nodes go by as events, in which stands no prompt', async () => {
    const threadId = await atGate();
    const { args } = cardOf(await client.threads.get(threadId));
    // An edit that was not made is sent as this.
    const { nodes, told } = await answered(client, threadId, { type: 'accept', args: { action: 'approve_release', args } });
    expect(nodes).toEqual(expect.arrayContaining(['deploy', 'verify']));
    expect(await client.threads.get(threadId)).toMatchObject({ status: 'idle', values: { outcome: 'released' } });
    for (const prompt of ['You are', 'This is plan 1', 'The difference, as data']) expect(JSON.stringify(told)).not.toContain(prompt);
    expect(shop.world.git('rev-list', '--merges', '--count', 'main')).toBe('1');
  });
});

describe('Agent Chat UI', () => {
  let of: Client;
  beforeAll(() => {
    of = clientOf(planServer);
  });

  /** `useStream` of the SDK: an empty input beside a command, the modes that the page listens to, and the run kept when it leaves. */
  const submit = async (threadId: string, input: object | undefined, options: object = {}, by: Client = of): Promise<Told[]> =>
    all(
      by.runs.stream(threadId, 'governor', {
        input: input as Record<string, unknown>, // undefined is left out, as there
        streamMode: ['values', 'messages-tuple', 'custom', 'updates'],
        onDisconnect: 'cancel',
        ...options,
      }),
    );
  const message = (text: string) => ({
    messages: [{ id: '5b0a6e0c-6d5f-4d7f-9d4c-1d1f0c3a0001', type: 'human', content: [{ type: 'text', text }] }],
  });
  const CHAT = { streamMode: ['values'], streamSubgraphs: true, streamResumable: true, onDisconnect: 'continue' };
  /** `__interrupt__` of the last values, which make the card. */
  const interruptIn = (told: readonly Told[]) =>
    told
      .flatMap(({ event, data }) => (event === 'values' && '__interrupt__' in Object(data) ? [Object(data)['__interrupt__'][0]] : []))
      .at(-1);
  const valuesIn = (told: readonly Told[]) =>
    told
      .filter(({ event, data }) => event === 'values' && 'messages' in Object(data))
      .map(({ data }) => Object(data))
      .at(-1);

  test('a first message is the goal; at the gate a message gets an answer, decides nothing, and stays in the history', async () => {
    const { thread_id: threadId } = await of.threads.create({ metadata: {} });
    const begun = await submit(threadId, message(GOAL), CHAT);
    expect(interruptIn(begun)).toMatchObject({ value: { action_requests: [{ name: 'approve_plan' }] } });
    expect(valuesIn(begun).messages.map((one: { content: string }) => one.content)).toEqual(
      expect.arrayContaining([GOAL, expect.stringMatching(/^\*\*plan 1:\*\* /)]),
    );
    const said = await submit(threadId, message('Looks good to me, go on!'), CHAT);
    expect(valuesIn(said).messages.slice(-2)).toMatchObject([
      { type: 'human', content: 'Looks good to me, go on!' },
      { type: 'ai', content: expect.stringMatching(/on record at the plan gate, and decides nothing.*reject it/) },
    ]);
    expect(interruptIn(said)).toMatchObject({ value: { action_requests: [{ name: 'approve_plan' }] } });
    expect(await approvals(planServer, threadId)).toMatchObject([{ status: 'pending', votes: [] }]);
    const [newest] = await of.threads.getHistory<{ messages: { content: string }[] }>(threadId, { limit: 10 });
    expect(newest?.values.messages.at(-2)?.content).toBe('Looks good to me, go on!');
    const secret = await planServer.send('POST', `/threads/${threadId}/runs/wait`, {
      assistant_id: 'governor',
      input: message(`use ghp_${'a1B2'.repeat(9)}`),
    });
    expect(secret).toMatchObject({ status: 422, body: { detail: expect.stringMatching(/message: holds what looks like a secret/) } });

    const approved = await submit(threadId, {}, { command: { resume: { decisions: [{ type: 'approve' }] } } });
    expect(interruptIn(approved)).toMatchObject({ value: { action_requests: [{ name: 'approve_release' }] } });
    // What was said at the plan's gate stands before what became of it.
    const texts = valuesIn(approved).messages.map((one: { content: string }) => one.content);
    expect(texts.indexOf('Looks good to me, go on!')).toBeLessThan(
      texts.findIndex((text: string) => text.startsWith('**approve_plan 1:**')),
    );

    const resolved = await submit(threadId, {}, { command: { goto: '__end__' } });
    expect(resolved.filter(({ event }) => event === 'error')).toEqual([]);
    expect(valuesIn(resolved).messages.at(-1).content).toMatch(/cancelled by .*Nothing is released/);
    expect(await of.threads.get(threadId)).toMatchObject({ status: 'idle', interrupts: {} });
    // The page reads the end of its history: a stage that came next would be a breakpoint's card.
    expect((await of.threads.getHistory(threadId, { limit: 10 }))[0]?.next).toEqual([]);
    expect((await approvals(planServer, threadId)).at(-1)).toMatchObject({ status: 'void' });
    expect(planShop.world.git('rev-list', '--merges', '--count', 'main')).toBe('0');
  });

  test('each of two plans keeps its decision, and what was said at the second stands between them', async () => {
    const { thread_id: threadId } = await of.threads.create({ metadata: {} });
    await submit(threadId, message(GOAL), CHAT);
    await submit(threadId, {}, { command: { resume: { decisions: [{ type: 'reject', message: 'another one, please' }] } } });
    await submit(threadId, message('Better.'), CHAT);
    const [gate] = Object.values((await of.threads.get(threadId)).interrupts).flat();
    const approved = await submit(threadId, {}, { command: { resume: { [`${gate?.id}`]: { decisions: [{ type: 'approve' }] } } } });
    const texts: string[] = valuesIn(approved).messages.map((one: { content: string }) => one.content);
    const places = ['**approve_plan 1:** rejected by', 'Better.', '**approve_plan 2:** approved by'].map((begin) =>
      texts.findIndex((text) => text.startsWith(begin)),
    );
    expect(places[0]).toBeGreaterThan(0);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    await of.threads.updateState(threadId, { values: null, asNode: '__end__' });
  });

  test('a rejection goes back with its reason, and the next plan waits', async () => {
    const threadId = await atGate(of);
    const told = await submit(threadId, {}, { command: { resume: { decisions: [{ type: 'reject', message: 'Name it better.' }] } } });
    expect(interruptIn(told)).toMatchObject({ value: { action_requests: [{ name: 'approve_plan' }] } });
    const [first, second] = await approvals(planServer, threadId);
    expect([first?.status, first?.votes[0]?.comment, second?.status]).toEqual(['rejected', 'Name it better.', 'pending']);
    await submit(threadId, {}, { command: { goto: '__end__' } });
  });

  test('an edited plan is the plan', async () => {
    const threadId = await atGate(of);
    const { action, args } = cardOf(await of.threads.get(threadId));
    const edited_action = { name: action, args: { ...args, summary: 'Edited in a chat' } };
    const told = await submit(threadId, {}, { command: { resume: { decisions: [{ type: 'edit', edited_action }] } } });
    expect(interruptIn(told)).toMatchObject({ value: { action_requests: [{ name: 'approve_release' }] } });
    expect(planShop.world.dossier(threadId, '10-plan.2.json')).toMatchObject({ body: { summary: 'Edited in a chat' } });
    await submit(threadId, {}, { command: { goto: '__end__' } });
  });

  test('resolve at an older checkpoint than the newest is refused, and with values beside it is an edit', async () => {
    const threadId = await atGate(of);
    const [, older] = await of.threads.getHistory(threadId, { limit: 2 });
    const { thread_id: _thread, ...checkpoint } = older?.checkpoint ?? { thread_id: '' };
    await expect(submit(threadId, {}, { command: { goto: '__end__' }, checkpoint })).rejects.toThrow(/409.*has moved on/);
    expect((await approvals(planServer, threadId))[0]).toMatchObject({ status: 'pending' });
    await submit(threadId, {}, { command: { goto: '__end__' } });
  });
});

test('to resolve takes the right to cancel: an approver is refused, an operator is not', async () => {
  const threadId = await atGate(clientOf(planServer));
  const key = async (role: string) =>
    clientOf(
      planServer,
      (await issueKey(planServer.runtime.stores.served.keys, { tenant: 'default', owner: `service:${role}`, roles: [role] })).key,
    );
  const [approver, operator] = [await key('approver'), await key('operator')];
  await expect(approver.threads.updateState(threadId, { values: null, asNode: '__end__' })).rejects.toThrow(/403/);
  await expect(approver.runs.wait(threadId, 'governor', { command: { goto: '__end__' } })).rejects.toThrow(/403.*operator, admin/);
  expect((await approvals(planServer, threadId)).at(-1)).toMatchObject({ status: 'pending' });
  expect(await operator.runs.wait(threadId, 'governor', { command: { goto: '__end__' } })).not.toHaveProperty('__interrupt__');
  expect((await approvals(planServer, threadId)).at(-1)).toMatchObject({ status: 'void' });
  // The button pressed twice changes nothing.
  await expect(operator.runs.wait(threadId, 'governor', { command: { goto: '__end__' } })).resolves.toBeDefined();
});
