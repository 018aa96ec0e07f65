/** A model endpoint on the loopback that speaks one dialect and refuses what the real one refuses. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPrefixCache, inputTokens, type PrefixCache } from './count.ts';
import { DIALECTS } from './dialects.ts';
import { COMMON_ERRORS, faultApplies } from './faults.ts';
import { at, isObject, parse } from './json.ts';
import { answerOf } from './turns.ts';
import type {
  Answer,
  Billed,
  Context,
  Dialect,
  DialectName,
  DialectOptions,
  DialectServer,
  Fault,
  FaultName,
  Incoming,
  Recorded,
  Turn,
} from './types.ts';

export type { DialectName, DialectOptions, DialectServer, Fault, FaultName, Recorded, Turn, TurnCall } from './types.ts';

const WINDOW_TOKENS = 200_000;
const FIRST_BYTE_DELAY_MS = 1500;
/** Bytes written at once: events and letters are cut in the middle, as networks do. */
const SLICE_BYTES = 701;
const API_KEY = 'key-of-the-imitation-0123456789';
const NOTHING: Billed = { input: 0, cachedInput: 0, output: 0 };

interface Running {
  readonly dialect: Dialect;
  readonly context: Context;
  readonly requests: Recorded[];
  readonly cache: PrefixCache;
  readonly timers: Set<NodeJS.Timeout>;
  /** Turns in the order they are served, a fault's repetitions spelled out; `undefined` when a function gives them. */
  readonly queue: Turn[] | undefined;
  served: number;
}

export async function startDialect(name: DialectName, options: DialectOptions): Promise<DialectServer> {
  const dialect = DIALECTS[name];
  const context: Context = {
    options,
    model: options.model ?? dialect.defaultModel(options),
    apiKey: API_KEY,
    windowTokens: options.windowTokens ?? WINDOW_TOKENS,
    issued: new Map(),
  };
  const queue = typeof options.turns === 'function' ? undefined : spread(options.turns);
  const running: Running = { dialect, context, requests: [], cache: createPrefixCache(), timers: new Set(), queue, served: 0 };
  const server = createServer((request, response) => {
    serve(running, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(418);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    baseUrl: `${origin}${dialect.base(options)}`,
    apiKey: API_KEY,
    model: context.model,
    requests: running.requests,
    async close() {
      for (const timer of running.timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** `{ fault: { times: 2 } }` is two faulted turns. The turn that follows is the next of the list. */
function spread(turns: readonly Turn[]): Turn[] {
  return turns.flatMap((turn) => Array.from({ length: turn.fault?.times ?? 1 }, () => turn));
}

async function read(request: IncomingMessage): Promise<Incoming> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString('utf8');
  const body = parse(raw);
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://127.0.0.1'),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    raw,
    body: isObject(body) ? body : undefined,
  };
}

async function serve(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { dialect, context } = running;
  const incoming = await read(request);
  const streamed = dialect.streamed(incoming);
  const units = incoming.body === undefined ? [] : dialect.units(incoming.body);
  const input = inputTokens(units);
  const base = {
    path: incoming.url.pathname + incoming.url.search,
    headers: incoming.headers,
    body: incoming.body,
    raw: incoming.raw,
    streamed,
  };
  for (const offence of dialect.offences(incoming, context, input)) {
    const rule = dialect.rules[offence.rule];
    if (rule === undefined) continue;
    running.requests.push({ ...base, status: rule.status, rule: `${dialect.name}/${offence.rule}`, billed: NOTHING });
    sendJson(response, rule.status, rule.body(offence.detail));
    return;
  }
  running.served += 1;
  const nth = running.served;
  const recorded: Recorded = { ...base, status: 200, billed: NOTHING };
  const turn = takeTurn(running, nth, recorded);
  if (turn === undefined) {
    running.requests.push({ ...recorded, status: 418, rule: `${dialect.name}/no-turn` });
    sendJson(response, 418, { error: { message: `there is no turn for request ${nth}` } });
    return;
  }
  const fault = turn.fault;
  if (fault !== undefined && !faultApplies(dialect, fault.name)) throw new Error(`${dialect.name} has no fault ${fault.name}`);
  const answered = fault === undefined ? undefined : (dialect.errors[fault.name] ?? COMMON_ERRORS[fault.name]);
  if (fault !== undefined && answered !== undefined) {
    running.requests.push({ ...recorded, status: answered.status, fault: fault.name });
    send(response, answered.status, answered.headers ?? {}, answered.body);
    return;
  }
  const { cached, written } = running.cache.read(units, dialect.caching);
  const quiet = dialect.quiet?.(incoming.body ?? {}) === true;
  const answer = answerOf({ nth, dialect, context, request: incoming.body ?? {}, turn, input, cached, written, quiet });
  const billed = { input, cachedInput: cached, output: answer.counts.text + answer.counts.reasoning };
  running.requests.push({ ...recorded, billed, ...(fault === undefined ? {} : { fault: fault.name }) });
  await delay(running, fault);
  await transmit(running, response, answer, streamed, fault?.name);
}

function takeTurn(running: Running, nth: number, recorded: Recorded): Turn | undefined {
  const { turns } = running.context.options;
  return typeof turns === 'function' ? turns(nth, recorded) : running.queue?.[nth - 1];
}

async function delay(running: Running, fault: Fault | undefined): Promise<void> {
  if (fault?.name !== 'slow-first-byte') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, fault.delayMs ?? FIRST_BYTE_DELAY_MS);
    running.timers.add(timer);
  });
}

/** Writes the answer; `cut-half` ends the connection in its middle, `stall` says no more. */
async function transmit(
  running: Running,
  response: ServerResponse,
  answer: Answer,
  asked: boolean,
  fault: FaultName | undefined,
): Promise<void> {
  const { dialect } = running;
  const streams = fault === 'stream-although-false' ? true : fault === 'json-although-stream' ? false : asked;
  let events = streams ? dialect.stream(answer) : [];
  if (fault === 'error-in-stream' && streams) events = [...events.slice(0, Math.ceil(events.length / 2)), dialect.streamError ?? ''];
  const text = streams ? events.join('') : JSON.stringify(dialect.whole(answer));
  const bytes = Buffer.from(text);
  const broken = fault === 'cut-half' || fault === 'stall';
  const type = streams ? 'text/event-stream; charset=utf-8' : 'application/json';
  response.writeHead(200, {
    'content-type': type,
    ...(streams ? { 'cache-control': 'no-cache' } : { 'content-length': bytes.length }),
  });
  const end = broken ? Math.floor(bytes.length / 2) : bytes.length;
  for (let start = 0; start < end; start += SLICE_BYTES) {
    const slice = bytes.subarray(start, Math.min(end, start + SLICE_BYTES));
    await new Promise<void>((resolve) => response.write(slice, () => resolve()));
  }
  if (fault === 'cut-half') response.destroy();
  else if (fault !== 'stall') response.end();
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, {}, body);
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/html' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}

/** A value inside a recorded body. */
export function bodyAt(recorded: Recorded | undefined, ...path: readonly (string | number)[]): unknown {
  return at(recorded?.body, ...path);
}
