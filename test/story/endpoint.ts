/** An independent OpenAI-compatible endpoint on the loopback: it answers by the x-governor-* headers, counts, and can fail. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Operations } from '../../runtime/operations.ts';
import type { Reply, World } from './world.ts';

interface Seen {
  readonly at: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly role: string;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: unknown }[];
    readonly tools?: readonly unknown[];
    readonly max_tokens?: number;
    readonly max_completion_tokens?: number;
  };
  readonly status: number;
}

/** What happens instead of an answer, once. */
export type Fault = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'cut';

export interface Endpoint {
  readonly port: number;
  readonly baseUrl: string;
  readonly seen: Seen[];
  replies: readonly Reply[];
  /** Asked before each answer; the answer waits for it. */
  fault: (request: {
    readonly role: string;
    readonly agent: string | undefined;
    readonly call: number;
    readonly nth: number;
  }) => Fault | undefined | Promise<Fault | undefined>;
  /** Counts what it is sent, a token for so many bytes, and reports it; undefined: every call is told to be as large as the others. */
  bytesPerToken: number | undefined;
  /** Characters of text in each event of an answer that is streamed; undefined: an answer is one body. */
  pieceCharacters: number | undefined;
  /** Asked before each of these events; the stream waits for it, and ends there where it says so. */
  beforePiece: (piece: { readonly role: string; readonly call: number; readonly sent: string }) => Promise<'cut' | undefined>;
  count(role?: string): number;
  close(): Promise<void>;
}

const USAGE = { input: 1000, output: 100 };
/** Dollars per million tokens, so micro-dollars per token. */
const PRICE = { input: 2, output: 8 };
export const CALL_MICRO_USD = USAGE.input * PRICE.input + USAGE.output * PRICE.output;
const MODEL = 'gpt-5.4-mini';
export const HEADERS = ['thread', 'role', 'agent', 'attempt', 'call'].map((name) => `x-governor-${name}`);

export async function openEndpoint(replies: readonly Reply[], port = 0): Promise<Endpoint> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    answer(endpoint, request, response).catch((error: unknown) => response.writeHead(418).end(String(error)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const endpoint: Endpoint = {
    port: bound,
    baseUrl: `http://127.0.0.1:${bound}/v1`,
    seen,
    replies,
    fault: () => undefined,
    bytesPerToken: undefined,
    pieceCharacters: undefined,
    beforePiece: async () => undefined,
    count: (role) => seen.filter((one) => role === undefined || one.role === role).length,
    close: () => closeServer(server),
  };
  return endpoint;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function answer(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const role = headers['x-governor-role'] ?? '?';
  const agent = headers['x-governor-agent'];
  const attempt = Number(headers['x-governor-attempt']);
  const call = Number(headers['x-governor-call']);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const log = (status: number): void => {
    endpoint.seen.push({ at: performance.now(), path: request.url ?? '', headers, role, body, status });
  };
  const fault = await endpoint.fault({ role, agent, call, nth: endpoint.seen.length + 1 });
  const reply = endpoint.replies.find(
    (one) =>
      one.role === role && one.attempt === attempt && one.call === call && agent === (one.agent ?? (one.role === 'lead' ? 'lead' : '-')),
  );
  if (fault !== undefined && fault !== 'cut') {
    log(fault.status);
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
    response.end(JSON.stringify({ error: { message: `fault ${fault.status}` } }));
    return;
  }
  if (request.url !== '/v1/chat/completions' || reply === undefined) {
    log(400);
    response.writeHead(400).end(JSON.stringify({ error: { message: `no reply for ${role} ${agent} ${attempt} ${call}` } }));
    return;
  }
  log(fault === undefined ? 200 : 0);
  const whole = completion(reply, endpoint.bytesPerToken === undefined ? USAGE : countedBy(endpoint.bytesPerToken, body, reply));
  if (endpoint.pieceCharacters !== undefined && fault === undefined) return stream(endpoint, reply, whole, response);
  const text = JSON.stringify(whole);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  if (fault === undefined) response.end(text);
  else response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

/** The same answer as server-sent events: its text in pieces, then its calls, then its usage. */
async function stream(endpoint: Endpoint, reply: Reply, whole: ReturnType<typeof completion>, response: ServerResponse): Promise<void> {
  const { choices, usage, ...head } = whole;
  const [{ message, finish_reason }] = choices;
  const send = (rest: object): boolean =>
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], ...rest })}\n\n`);
  const delta = (one: object, finish: string | null = null): boolean =>
    send({ choices: [{ index: 0, delta: one, finish_reason: finish }] });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const text = message.content ?? '';
  const size = endpoint.pieceCharacters ?? text.length;
  for (let at = 0; at < text.length; at += size) {
    if ((await endpoint.beforePiece({ role: reply.role, call: reply.call, sent: text.slice(0, at) })) === 'cut') {
      response.destroy();
      return;
    }
    delta({ role: 'assistant', content: text.slice(at, at + size) });
  }
  delta({
    role: 'assistant',
    ...('tool_calls' in message ? { tool_calls: message.tool_calls?.map((call, index) => ({ index, ...call })) } : {}),
  });
  delta({}, finish_reason);
  send({ usage });
  response.end('data: [DONE]\n\n');
}

/** An honest count of a request and its answer. */
function countedBy(bytesPerToken: number, body: Seen['body'], reply: Reply): NonNullable<Reply['usage']> {
  const tokens = (value: unknown): number => Math.ceil(Buffer.byteLength(JSON.stringify(value)) / bytesPerToken);
  return { input: tokens([body.messages, body.tools]), output: tokens([reply.text ?? '', reply.tools ?? []]) };
}

function completion(reply: Reply, counted: NonNullable<Reply['usage']>) {
  const calls = (reply.tools ?? []).map((one, index) => ({
    id: `call_${reply.role}_${reply.attempt}_${reply.call}_${index}`,
    type: 'function',
    function: { name: one.name, arguments: JSON.stringify(one.arguments) },
  }));
  const usage = reply.usage ?? counted;
  return {
    id: `chatcmpl-${reply.role}-${reply.attempt}-${reply.call}`,
    object: 'chat.completion',
    created: 1,
    model: MODEL,
    choices: [
      {
        index: 0,
        finish_reason: reply.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
        message: { role: 'assistant', content: reply.text ?? null, ...(calls.length > 0 ? { tool_calls: calls } : {}) },
      },
    ] as const,
    usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output },
  };
}

/** The part of `governor.yaml` that sends every role to `baseUrl`. */
export function endpointConfig(baseUrl: string, lead: object = {}) {
  const model = { provider: 'openai', model: MODEL, baseUrl };
  return { models: { planner: model, lead: { ...model, ...lead }, critic: model }, prices: { [MODEL]: PRICE } };
}

/** Like `start` of world.ts, without any script. */
export async function startOver(world: World, operations: Operations, goal = 'Add a product function with a test') {
  const created = await operations.create({ goal, repo: world.repo });
  return operations.drive(created.threadId);
}
