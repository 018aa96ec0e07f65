/** The model door on true stores and loopback endpoints: what is reserved, booked, retried, replayed and audited. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Account, ZERO } from '../../domain/budget.ts';
import { ProviderError, StopError } from '../../domain/errors.ts';
import type { ChatAnswer, ChatModel } from '../../domain/ports.ts';
import { rowOf } from '../../domain/transcript.ts';
import type { ModelAsk } from '../../models/door/model-ask.ts';
import { ANSWER, askOf, doorOver, fakeModel, INPUT, REQUEST } from './asks.ts';
import { completion, endpointModel, json, serve, trueStores } from './fakes.ts';

const WORST = { ...ZERO, costMicroUsd: INPUT + 4000, inputTokens: INPUT, outputTokens: 1000, modelCalls: 1 };

let stores: Awaited<ReturnType<typeof trueStores>>;
let waits: number[];
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  stores = await trueStores();
  waits = [];
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  stores.dispose();
});

function door(random = () => 0.5) {
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
  };
  return doorOver(stores, { random, sleep });
}

/** A model that does what the test says at each call. */
function model(...steps: (() => ChatAnswer | Promise<ChatAnswer>)[]): ChatModel & { limits: number[] } {
  const limits: number[] = [];
  const complete: ChatModel['complete'] = async (request) => {
    limits.push(request.maxOutputTokens);
    const step = steps[limits.length - 1];
    if (step === undefined) throw new Error('one call too many');
    return step();
  };
  return { ...fakeModel(complete, { contextTokens: 8192 }), limits };
}

const fails =
  (options: ConstructorParameters<typeof ProviderError>[1], message = 'fault') =>
  (): never => {
    throw new ProviderError(message, options);
  };
const busy = fails({ fault: 'overloaded', status: 503 });
const lost = fails({ fault: 'silent' });

const asking = (more: Partial<ModelAsk> = {}): ModelAsk => askOf(stores.fence, { model: model(() => ANSWER), ...more });

async function endpoint(handler: Parameters<typeof serve>[0], timeout = 5000) {
  const server = await serve(handler);
  closers.push(server.close);
  return { server, model: endpointModel(server.url, { timeout }) };
}

const stopOf = async (promise: Promise<unknown>): Promise<StopError> => {
  const thrown: unknown = await promise.catch((error: unknown) => error);
  if (!(thrown instanceof StopError)) throw new Error(`not a StopError: ${String(thrown)}`);
  return thrown;
};

describe('an answer', () => {
  it('is booked at its true cost, audited, and becomes the next row', async () => {
    let during: unknown;
    const asked = asking({
      model: model(async () => {
        during = await stores.totals();
        return { ...ANSWER, usage: { inputTokens: 40, outputTokens: 10, cachedInputTokens: 20 } };
      }),
    });
    const answer = await door().ask(asked);
    expect(during).toEqual({ settled: ZERO, reserved: WORST });
    const row = rowOf(null, 'lead', { role: 'assistant', content: 'ok', toolCalls: [] });
    expect(answer).toMatchObject({ kind: 'answer', replayed: false, row });
    expect(await stores.transcripts.chain(stores.threadId, row.id)).toEqual([row]);
    const settled = { ...ZERO, costMicroUsd: 20 + 2 + 40, inputTokens: 40, outputTokens: 10, modelCalls: 1 };
    expect(await stores.totals()).toEqual({ settled, reserved: ZERO });
    expect(await stores.actions()).toEqual(['model-call', 'model-answer']);
    expect((await stores.records('model-answer'))[0]).toMatchObject({
      actor: 'agent:lead',
      facts: { costMicroUsd: 62, finish: 'stop', canned: false },
    });
  });

  it('is heard as it comes, with who gives it', async () => {
    const heard: string[] = [];
    const told = doorOver(stores, {
      listen: ({ stage, attempt, agent, call }) => ({
        hear: (piece) => heard.push(`${stage} ${attempt} ${agent} ${call} ${piece}`),
        end: (text) => heard.push(`end ${text}`),
      }),
    });
    const writing: ChatModel = {
      ...model(),
      complete: async (_request, _signal, onText) => {
        onText?.('o');
        onText?.('k');
        return ANSWER;
      },
    };
    await told.ask(asking({ model: writing }));
    expect(heard).toEqual(['build 1 lead 1 o', 'build 1 lead 1 k', 'end ok']);
  });

  it('that is recorded is never asked for again', async () => {
    const call = { id: 'a', name: 'read_file', arguments: '{"path":' };
    const asked = asking({ model: model(() => ({ ...ANSWER, toolCalls: [call], finish: 'tool_calls' })) });
    const first = await door().ask(asked);
    const before = await stores.totals();
    const again = await door().ask({ ...asked, request: { ...REQUEST, maxOutputTokens: 500 } });
    expect(again).toEqual({ ...first, replayed: true });
    expect(await stores.totals()).toEqual(before);
    expect(await stores.actions()).toEqual(['model-call', 'model-answer', 'effect-differs']);
  });

  it.each([
    ['absent', undefined],
    ['zero', { inputTokens: 0, outputTokens: 0 }],
    ['negative', { inputTokens: -9, outputTokens: -1 }],
    ['broken', { inputTokens: 1.5, outputTokens: Number.NaN }],
  ])('with %s usage is booked at what was reserved', async (_name, usage) => {
    await door().ask(asking({ model: model(() => ({ ...ANSWER, text: 'é'.repeat(50), usage })) }));
    const { settled } = await stores.totals();
    expect(settled).toMatchObject({ inputTokens: INPUT, outputTokens: 1000, costMicroUsd: INPUT + 4000 });
  });

  it('with usage above the reservation is booked in full and is an event', async () => {
    await door().ask(asking({ model: model(() => ({ ...ANSWER, usage: { inputTokens: 900_000, outputTokens: 5000 } })) }));
    expect((await stores.totals()).settled).toMatchObject({ inputTokens: 900_000, costMicroUsd: 920_000 });
    expect(await stores.actions()).toEqual(['model-call', 'model-answer', 'usage-above-reservation']);
  });

  it('with absurd usage leaves the ledger a sum of whole numbers', async () => {
    await door().ask(asking({ model: model(() => ({ ...ANSWER, usage: { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 1 } })) }));
    const { settled } = await stores.totals();
    expect(Number.isSafeInteger(settled.costMicroUsd)).toBe(true);
    expect(await door().ask(asking({ ordinal: 2 }))).toMatchObject({ kind: 'refused' });
  });
});

describe('a budget', () => {
  it('that cannot pay refuses before anything leaves the process', async () => {
    const asked = asking({ model: model(), accounts: [{ id: 'run', caps: { modelCalls: 0 } }] });
    expect(await door().ask(asked)).toMatchObject({ kind: 'refused', refusal: { cap: 'modelCalls', account: 'run' } });
    expect(await stores.actions()).toEqual(['budget-refused']);
  });

  it('lowers the output limit to what every account can pay', async () => {
    const accounts: Account[] = [
      { id: 'run', caps: { costMicroUsd: INPUT + 3200 } },
      { id: 'agent:build:1:lead', caps: { tokens: INPUT + 600 } },
    ];
    const made = model(() => ANSWER);
    expect(await door().ask(asking({ model: made, accounts }))).toMatchObject({ kind: 'answer' });
    expect(made.limits).toEqual([600]);
    expect((await stores.records('output-limit-lowered')).map((record) => record.facts)).toMatchObject([
      { cap: 'costMicroUsd', from: 1000, to: 800 },
      { cap: 'tokens', from: 800, to: 600 },
    ]);
  });

  it('that leaves fewer than 256 output tokens refuses', async () => {
    const accounts: Account[] = [{ id: 'run', caps: { tokens: INPUT + 255 } }];
    expect(await door().ask(asking({ model: model(), accounts }))).toMatchObject({ kind: 'refused', refusal: { cap: 'tokens' } });
    expect((await stores.totals()).reserved).toEqual(ZERO);
  });

  it('is never exceeded by calls at the same time', async () => {
    const accounts: Account[] = [{ id: 'run', caps: { costMicroUsd: 3 * WORST.costMicroUsd } }];
    const slow = (): Promise<ChatAnswer> => new Promise((resolve) => setTimeout(() => resolve(ANSWER), 20));
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((ordinal) => door().ask(asking({ ordinal, accounts, model: model(slow) }))));
    expect(answers.filter((answer) => answer.kind === 'answer')).toHaveLength(3);
  });
});

describe('a fault', () => {
  it('that was not billed costs nothing and is tried again with a growing wait', async () => {
    await door().ask(asking({ model: model(busy, busy, busy, busy, () => ANSWER) }));
    expect(waits).toEqual([250, 500, 1000, 2000]);
    expect(await stores.totals()).toMatchObject({ settled: { modelCalls: 1, inputTokens: 40 }, reserved: ZERO });
  });

  it('that may have been billed is booked whole, and its retry is a new reservation', async () => {
    await door().ask(asking({ model: model(lost, () => ANSWER) }));
    expect((await stores.totals()).settled).toMatchObject({ inputTokens: INPUT + 40, outputTokens: 1010, modelCalls: 2 });
  });

  it('that ate the budget ends in a refusal, not in one more request', async () => {
    const made = model(lost);
    const accounts: Account[] = [{ id: 'run', caps: { costMicroUsd: WORST.costMicroUsd + 10 } }];
    expect(await door().ask(asking({ model: made, accounts }))).toMatchObject({ kind: 'refused', refusal: { cap: 'costMicroUsd' } });
    expect(made.limits).toHaveLength(1);
  });

  it('that stays ends after five tries, resumable, and a later start tries anew', async () => {
    const stop = await stopOf(door().ask(asking({ model: model(busy, busy, busy, busy, busy) })));
    expect(stop).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', facts: { tries: 5, status: 503 } });
    expect(waits).toHaveLength(4);
    expect(await stores.totals()).toEqual({ settled: ZERO, reserved: ZERO });
    expect(await door().ask(asking())).toMatchObject({ kind: 'answer', replayed: false });
  });

  it('that asks for a long wait ends at once', async () => {
    const far = fails({ fault: 'rate-limited', status: 429, retryAfterMs: 120_001 });
    const stop = await stopOf(door().ask(asking({ model: model(far) })));
    expect(stop).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', facts: { tries: 1, status: 429 } });
    expect(waits).toEqual([]);
  });

  it('of a script leaves nothing reserved', async () => {
    const miss = (): never => {
      throw new StopError('SCRIPT_MISS', 'no reply');
    };
    expect(await stopOf(door().ask(asking({ model: model(miss) })))).toMatchObject({ code: 'SCRIPT_MISS' });
    expect(await stores.totals()).toEqual({ settled: ZERO, reserved: ZERO });
  });

  it('by abort in flight is booked whole and gives the reason back', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const aborts = (): never => {
      controller.abort(reason);
      throw reason;
    };
    await expect(door().ask(asking({ model: model(aborts), signal: controller.signal }))).rejects.toBe(reason);
    expect(await stores.totals()).toEqual({ settled: WORST, reserved: ZERO });
  });

  it('by abort before the request costs nothing', async () => {
    const made = model();
    await expect(door().ask(asking({ model: made, signal: AbortSignal.abort(new Error('gone')) }))).rejects.toThrow('gone');
    expect(await stores.actions()).toEqual([]);
  });

  it('by death in flight is booked as spent at the next start', async () => {
    const died = door().ask(asking({ model: model(() => new Promise<never>(() => undefined)) }));
    await expect.poll(() => stores.actions()).toEqual(['model-call']);
    expect(await door().ask(asking())).toMatchObject({ kind: 'answer', replayed: false });
    expect((await stores.totals()).settled).toMatchObject({ inputTokens: INPUT + 40, modelCalls: 2 });
    expect(died).toBeInstanceOf(Promise);
  });
});

describe('an endpoint', () => {
  it('that asks to wait is waited for, and every try carries the same call number', async () => {
    const made = await endpoint((response, _seen, index) => {
      if (index === 0) json(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '7' });
      else json(response, 200, completion());
    });
    await door().ask(asking({ model: made.model, call: 3, agent: 'w1.2', role: 'worker', attempt: 2 }));
    expect(waits).toEqual([7000]);
    expect(made.server.seen).toHaveLength(2);
    for (const { headers } of made.server.seen)
      expect(headers).toMatchObject({
        'x-governor-thread': stores.threadId,
        'x-governor-role': 'worker',
        'x-governor-agent': 'w1.2',
        'x-governor-attempt': '2',
        'x-governor-call': '3',
      });
    expect((await stores.totals()).settled).toMatchObject({ inputTokens: 50, outputTokens: 10, modelCalls: 1 });
  });

  it.each([400, 401, 404])('that answers %i is asked once', async (status) => {
    const made = await endpoint((response) => json(response, status, { error: { message: 'no such thing' } }));
    const stop = await stopOf(door().ask(asking({ model: made.model })));
    expect(stop).toMatchObject({ code: 'PROVIDER_REFUSED', facts: { status, tries: 1 } });
    expect(stop.message).toContain('no such thing');
    expect(made.server.seen).toHaveLength(1);
    expect(await stores.totals()).toEqual({ settled: ZERO, reserved: ZERO });
  });

  it('that hangs once is booked once and asked again', async () => {
    const made = await endpoint((response, _seen, index) => {
      if (index > 0) json(response, 200, completion());
    }, 150);
    await door().ask(asking({ model: made.model }));
    expect(made.server.seen).toHaveLength(2);
    expect((await stores.totals()).settled).toMatchObject({ inputTokens: INPUT + 50, outputTokens: 1010, modelCalls: 2 });
  });

  it('that never has choices stops with all five tries booked', async () => {
    const made = await endpoint((response) => json(response, 200, { choices: [] }));
    expect(await stopOf(door().ask(asking({ model: made.model })))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', facts: { tries: 5 } });
    expect(made.server.seen).toHaveLength(5);
    expect((await stores.totals()).settled).toMatchObject({ costMicroUsd: 5 * WORST.costMicroUsd, modelCalls: 5 });
  });

  it('that cuts its answer at the limit says so', async () => {
    const made = await endpoint((response) => json(response, 200, completion({}, {}, 'length')));
    expect(await door().ask(asking({ model: made.model }))).toMatchObject({ answer: { finish: 'length' } });
  });
});
