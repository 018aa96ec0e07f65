/** What the tests of this room stand on: a loopback endpoint, an in-memory ledger with journal, and a clock that stands still. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuditEntry } from '../../domain/audit.ts';
import { type Account, type Amounts, type CapName, type Refusal, tokensOf, ZERO } from '../../domain/budget.ts';
import type { ModelConfig } from '../../domain/config.ts';
import type { Audit, ChatRequest, Clock, EffectStart, Effects, Fence, Reservation, TranscriptRow } from '../../domain/ports.ts';

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

export const FENCE: Fence = { threadId: 'thread-1', epoch: 1 };

export function stillClock(): Clock & { at: number } {
  const clock = { at: 1_000, now: () => clock.at, monotonic: () => clock.at };
  return clock;
}

interface Journal {
  state: 'started' | 'done' | 'failed';
  tries: number;
  requestHash: string;
  result: string;
  reserve: Reservation | undefined;
}

const plus = (one: Amounts, other: Amounts, sign = 1): Amounts => ({
  costMicroUsd: one.costMicroUsd + sign * other.costMicroUsd,
  inputTokens: one.inputTokens + sign * other.inputTokens,
  outputTokens: one.outputTokens + sign * other.outputTokens,
  modelCalls: one.modelCalls + sign * other.modelCalls,
  toolCalls: one.toolCalls + sign * other.toolCalls,
  agents: one.agents + sign * other.agents,
});

const valueOf = (amounts: Amounts, cap: CapName): number => (cap === 'tokens' ? tokensOf(amounts) : amounts[cap]);

/** Effects and Audit of `domain/ports.ts` in memory, for tests of the door alone. */
export function memoryEffects() {
  const journal = new Map<string, Journal>();
  const settled = new Map<string, Amounts>();
  const reserved = new Map<string, Amounts>();
  const audit: AuditEntry[] = [];
  const rows: TranscriptRow[] = [];
  const add = (book: Map<string, Amounts>, accounts: readonly Account[], amounts: Amounts, sign = 1): void => {
    for (const { id } of accounts) book.set(id, plus(book.get(id) ?? ZERO, amounts, sign));
  };
  const settle = (entry: Journal, actual: Amounts): void => {
    if (entry.reserve === undefined) return;
    add(reserved, entry.reserve.accounts, entry.reserve.amounts, -1);
    add(settled, entry.reserve.accounts, actual);
  };
  const refusalOf = ({ accounts, amounts }: Reservation): Refusal | undefined => {
    for (const { id, caps } of accounts) {
      const total = plus(settled.get(id) ?? ZERO, reserved.get(id) ?? ZERO);
      for (const cap of ['costMicroUsd', 'tokens', 'modelCalls'] as const) {
        const limit = caps[cap];
        const used = valueOf(total, cap);
        const asked = valueOf(amounts, cap);
        if (limit !== undefined && used + asked > limit) return { account: id, cap, limit, used, asked };
      }
    }
    return undefined;
  };
  const entryOf = (key: string): Journal => {
    const entry = journal.get(key);
    if (entry?.state !== 'started') throw new Error(`effect ${key} is not started`);
    return entry;
  };
  const effects: Effects = {
    start: async (_fence, effect, options): Promise<EffectStart> => {
      const before = journal.get(effect.key);
      if (before?.state === 'done')
        return {
          kind: 'done',
          result: before.result,
          before: null,
          after: null,
          requestDiffers: before.requestHash !== effect.requestHash,
        };
      const orphaned = before?.state === 'started';
      if (before !== undefined && orphaned) settle(before, before.reserve?.amounts ?? ZERO);
      const refusal = options.reserve && refusalOf(options.reserve);
      if (refusal !== undefined) {
        if (before !== undefined) before.state = 'failed';
        audit.push({ threadId: 'thread-1', action: 'budget-refused', actor: 'governor', code: 'BUDGET_REFUSED', facts: { ...refusal } });
        return { kind: 'refused', refusal };
      }
      if (options.reserve !== undefined) add(reserved, options.reserve.accounts, options.reserve.amounts);
      const tries = (before?.tries ?? 0) + 1;
      journal.set(effect.key, { state: 'started', tries, requestHash: effect.requestHash, result: '', reserve: options.reserve });
      if (options.audit !== undefined) audit.push(options.audit);
      return orphaned ? { kind: 'interrupted', tries, before: null } : { kind: 'go', tries };
    },
    finish: async (_fence, key, outcome) => {
      const entry = entryOf(key);
      settle(entry, outcome.actual ?? ZERO);
      entry.state = 'done';
      entry.result = outcome.result;
      for (const row of outcome.rows ?? []) if (!rows.some((known) => known.id === row.id)) rows.push(row);
      audit.push(...(outcome.audit ?? []));
    },
    fail: async (_fence, key, outcome) => {
      const entry = entryOf(key);
      settle(entry, outcome.actual);
      entry.state = 'failed';
      audit.push(...(outcome.audit ?? []));
    },
    peek: async (key) => {
      const entry = journal.get(key);
      return entry && { state: entry.state, result: entry.state === 'done' ? entry.result : null, before: null };
    },
  };
  const trail: Audit = {
    append: async (entry) => {
      audit.push(entry);
    },
    read: async () => [],
    verify: async () => ({ kind: 'whole', records: audit.length, head: '' }),
  };
  return {
    effects,
    trail,
    audit,
    rows,
    settled: (account = 'run') => settled.get(account) ?? ZERO,
    reserved: (account = 'run') => reserved.get(account) ?? ZERO,
    actions: () => audit.map((entry) => entry.action),
  };
}
