/** What the tests of this room stand on: a loopback endpoint, true stores in a temporary home, and a clock that stands still. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openStores } from '../../checkpoints/stores.ts';
import type { ModelConfig } from '../../domain/config.ts';
import type { ChatModel, ChatRequest, Clock } from '../../domain/ports.ts';

import { chatDialect } from '../../models/dialects/chat.ts';
import { dialectOf } from '../../models/dialects/quirks.ts';
import { createEndpointModel } from '../../models/endpoint.ts';
import { createTransport } from '../../models/wire/transport.ts';

export interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

type Handler = (response: ServerResponse, seen: Seen, index: number) => void;

/** An HTTP server on loopback whose answers a test writes itself. */
export async function serve(handler: Handler) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
      seen.push(one);
      handler(response, one, seen.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  return {
    url: `http://127.0.0.1:${port}/v1`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** A chat completion as an endpoint sends it. */
export function completion(message: Record<string, unknown> = {}, more: Record<string, unknown> = {}, finish = 'stop') {
  return {
    id: 'completion-1',
    object: 'chat.completion',
    created: 1,
    model: 'test-model',
    choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', content: 'hello', ...message } }],
    usage: { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60 },
    ...more,
  };
}

export function modelConfig(more: Partial<ModelConfig> = {}): ModelConfig {
  return { provider: 'openai', model: 'test-model', timeout: 5000, ...more };
}

/** A chat model of that endpoint, as the registry makes it. */
export function endpointModel(baseUrl: string, more: Partial<ModelConfig> = {}, secret: string | undefined = 'none'): ChatModel {
  const config = modelConfig(more);
  const dialect = chatDialect(dialectOf(config, baseUrl));
  return createEndpointModel(config, { dialect, baseUrl, secret, transport: createTransport({}) }, { contextTokens: 8192 });
}

export const HEADERS = {
  'x-governor-thread': 'thread-1',
  'x-governor-role': 'lead',
  'x-governor-agent': 'lead',
  'x-governor-attempt': '1',
  'x-governor-call': '1',
};

export function chatRequest(more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    messages: [
      { role: 'system', content: 'You build.' },
      { role: 'user', content: 'Goal: add a sum.' },
    ],
    tools: [],
    maxOutputTokens: 1000,
    headers: HEADERS,
    ...more,
  };
}

export function stillClock(): Clock & { at: number } {
  const clock = { at: 1_000, now: () => clock.at, monotonic: () => clock.at };
  return clock;
}

/** The stores of a fresh home with one thread whose lease is held. */
export async function trueStores() {
  const home = mkdtempSync(join(tmpdir(), 'governor-models-'));
  const clock = stillClock();
  const stores = await openStores({ home, clock });
  const threadId = '00000000-0000-4000-8000-000000000001';
  await stores.runs.create(threadId, { goal: 'g', repo: '/r', base: 'b', starter: 's', pipelineVersion: 1, configDigest: 'c' });
  const fence = await stores.runs.acquire(threadId);
  return {
    ...stores,
    clock,
    fence,
    threadId,
    totals: async (account = 'run') => {
      const { settled, reserved } = await stores.ledger.totals(threadId, account);
      return { settled, reserved };
    },
    records: async (action: string) => (await stores.audit.read({ threadId })).filter((record) => record.action === action),
    actions: async () => (await stores.audit.read({ threadId })).map((record) => record.action),
    /** The recorded answer of the only call, as it lies in the journal, and another in its place. */
    rawResult: async () => rawResult(home),
    rewriteResult: async (result: string) => rewriteResult(home, result),
    dispose: () => {
      stores.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function rawResult(home: string): string {
  const database = new Sqlite(join(home, 'governor.sqlite'));
  const result = String(database.prepare('SELECT result FROM effects').pluck().get());
  database.close();
  return result;
}

function rewriteResult(home: string, result: string): void {
  const database = new Sqlite(join(home, 'governor.sqlite'));
  database.prepare('UPDATE effects SET result = ?').run(result);
  database.close();
}
