/** Usage reports through the model door: what the next count stands on, what cannot be true, and what is booked then. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatAnswer, ChatModel } from '../../domain/ports.ts';
import { countInputBound } from '../../models/count.ts';
import type { ModelAsk } from '../../models/door/model-ask.ts';
import { ANSWER, askOf, doorOver, fakeModel, INPUT, PRICE, REQUEST } from './asks.ts';
import { trueStores } from './fakes.ts';

let stores: Awaited<ReturnType<typeof trueStores>>;
beforeEach(async () => {
  stores = await trueStores();
});
afterEach(() => stores.dispose());

const door = () => doorOver(stores);
/** A model that answers this at every call. */
const model = (answer: () => ChatAnswer): ChatModel => fakeModel(async () => answer(), { contextTokens: 8192 });
const asking = (more: Partial<ModelAsk> = {}): ModelAsk => askOf(stores.fence, { model: model(() => ANSWER), ...more });

describe('a report', () => {
  const LONG: ModelAsk['request'] = {
    ...REQUEST,
    messages: [...REQUEST.messages, { role: 'user', content: 'The file says this and that. '.repeat(300) }],
  };
  const BYTES = countInputBound(LONG);
  const ADDED = { role: 'user', content: 'And now that the work is done, hand it over.' } as const;
  const saying = (usage: ChatAnswer['usage'], more: Partial<ChatAnswer> = {}) => model(() => ({ ...ANSWER, usage, ...more }));
  /** So many calls of one agent, each of which extends the one before. */
  async function talk(models: readonly ChatModel[], more: Partial<ModelAsk> = {}) {
    let messages = LONG.messages;
    let previous: ModelAsk['previous'] = null;
    const bounds = [];
    for (const [index, asked] of models.entries()) {
      const ordinal = index + 1;
      const ask: ModelAsk = asking({ ...more, ordinal, call: ordinal, model: asked, previous, request: { ...LONG, messages } });
      bounds.push(await door().bound(ask));
      const answer = await door().ask(ask);
      if (answer.kind !== 'answer') throw new Error('refused');
      previous = { parent: ask.parent, ordinal };
      messages = [...messages, answer.row.message, ADDED];
    }
    const reserved = (await stores.ledger.calls(stores.threadId)).map((call) => call.reserved?.inputTokens);
    return { bounds, reserved, distrusted: await stores.records('usage-distrusted') };
  }
  const HONEST = [saying({ inputTokens: 2400, outputTokens: 10 }), saying({ inputTokens: 2430, outputTokens: 10 })];
  const LAST = saying({ inputTokens: 2460, outputTokens: 10 });

  it('is what the next bound stands on, and the bound is the very number that is reserved', async () => {
    const { bounds, reserved, distrusted } = await talk([...HONEST, LAST]);
    expect(bounds.map(({ how }) => how)).toEqual(['bytes', 'reported', 'reported']);
    expect(bounds.map(({ tokens }) => tokens)).toEqual(reserved);
    expect(reserved[0]).toBe(BYTES);
    expect(reserved[1]).toBeLessThan(2400 + 10 + 300);
    expect(distrusted).toEqual([]);
    expect((await stores.records('model-call')).map((record) => record.facts?.['counted'])).toEqual(['bytes', 'reported', 'reported']);
  });

  it.each<[string, ChatAnswer['usage'], { input?: 'estimate'; output?: 'estimate' }, object]>([
    ['vanishes', undefined, { input: 'estimate', output: 'estimate' }, { of: 'input', reported: null }],
    ['has no input', { outputTokens: 10 }, { input: 'estimate' }, { of: 'input', reported: null }],
    ['is zero', { inputTokens: 0, outputTokens: 10 }, { input: 'estimate' }, { of: 'input', reported: 0 }],
    ['is negative', { inputTokens: 2460, outputTokens: -3 }, { output: 'estimate' }, { of: 'output', reported: -3, least: 1 }],
    ['is no whole number', { inputTokens: 2460.5, outputTokens: 10 }, { input: 'estimate' }, { of: 'input', reported: 2460.5 }],
    ['shrinks', { inputTokens: 2429, outputTokens: 10 }, { input: 'estimate' }, { of: 'input', reported: 2429, least: 2430 }],
    [
      'has parts above the whole',
      { inputTokens: 2460, outputTokens: 10, cachedInputTokens: 2461 },
      { input: 'estimate' },
      { of: 'cache', reported: 2461 },
    ],
  ])('that %s is replaced where it cannot be true, told once, and bytes count from then on', async (_title, usage, replaced, lie) => {
    const { bounds, distrusted } = await talk([...HONEST, saying(usage), LAST, saying(usage)]);
    expect(bounds.map(({ how }) => how)).toEqual(['bytes', 'reported', 'reported', 'bytes', 'bytes']);
    expect(distrusted.map((record) => record.facts)).toMatchObject([
      { call: 3, role: 'lead', lies: [lie, ...(usage === undefined ? [{}] : [])] },
    ]);
    const call = (await stores.ledger.calls(stores.threadId))[2];
    expect(call?.settled).toMatchObject({
      inputTokens: replaced.input === 'estimate' ? call?.reserved?.inputTokens : 2460,
      outputTokens: replaced.output === 'estimate' ? 1000 : 10,
    });
  });

  it('below what the longest tokens could hold is replaced at the first call; just above it is believed, but nothing stands on it', async () => {
    const content = (LONG.messages.at(-1)?.content.length ?? 0) + 26;
    const floor = Math.floor(content / 128);
    const low = await talk([saying({ inputTokens: floor - 1, outputTokens: 10 }), LAST]);
    expect(low.distrusted).toHaveLength(1);
    expect((await stores.totals()).settled.inputTokens).toBe(BYTES + 2460);
    const edge = await talk([saying({ inputTokens: floor, outputTokens: 10 }), saying({ inputTokens: 2430, outputTokens: 10 }), LAST], {
      agent: 'w1.1',
    });
    expect(edge.bounds.map(({ how }) => how)).toEqual(['bytes', 'bytes', 'reported']);
    expect(edge.distrusted).toHaveLength(1);
  });

  it('of an answer that is larger than its output tokens could hold is replaced; one that is just not is booked', async () => {
    const text = 'x'.repeat(1280);
    await door().ask(asking({ model: saying({ inputTokens: 40, outputTokens: 9 }, { text }) }));
    expect((await stores.totals()).settled.outputTokens).toBe(1000);
    expect((await stores.records('usage-distrusted'))[0]?.facts).toMatchObject({ lies: [{ of: 'output', reported: 9, least: 10 }] });
    await door().ask(asking({ ordinal: 2, model: saying({ inputTokens: 40, outputTokens: 10 }, { text }) }));
    expect((await stores.totals()).settled.outputTokens).toBe(1010);
  });

  it('that does not grow is booked, but the next count stands on bytes until it grows again', async () => {
    const large = { ...ANSWER, text: 'a word '.repeat(300), usage: { inputTokens: 2430, outputTokens: 700 } };
    const { bounds, distrusted } = await talk([model(() => large), saying({ inputTokens: 2430, outputTokens: 10 }), LAST, LAST]);
    expect(bounds.map(({ how }) => how)).toEqual(['bytes', 'reported', 'bytes', 'reported']);
    expect(distrusted).toEqual([]);
  });

  it('above what was reserved is booked in full, and bytes count from then on: the report before it was too low', async () => {
    const { bounds } = await talk([
      ...HONEST,
      saying({ inputTokens: 4000, outputTokens: 10 }),
      saying({ inputTokens: 4030, outputTokens: 10 }),
    ]);
    expect(bounds.map(({ how }) => how)).toEqual(['bytes', 'reported', 'reported', 'bytes']);
    expect((await stores.ledger.calls(stores.threadId))[2]?.settled?.inputTokens).toBe(4000);
    expect(await stores.records('usage-above-reservation')).toHaveLength(1);
  });

  it('that lied to one agent leaves the others their count', async () => {
    await talk([saying(undefined), LAST]);
    const other = await talk([...HONEST, LAST], { agent: 'w1.1' });
    expect(other.bounds.map(({ how }) => how)).toEqual(['bytes', 'reported', 'reported']);
  });

  it('in the journal of an earlier version is read and not stood on; what was changed there is told', async () => {
    const first = asking({ request: LONG, model: saying({ inputTokens: 2400, outputTokens: 10 }) });
    const answer = await door().ask(first);
    if (answer.kind !== 'answer') throw new Error('refused');
    const next = asking({
      ordinal: 2,
      previous: { parent: null, ordinal: 1 },
      request: { ...LONG, messages: [...LONG.messages, answer.row.message, ADDED] },
    });
    expect((await door().bound(next)).how).toBe('reported');
    const stored = JSON.parse(await stores.rawResult()) as { counted?: unknown };
    await stores.rewriteResult(JSON.stringify({ ...stored, counted: undefined }));
    expect((await door().bound(next)).how).toBe('bytes');
    expect(await door().ask(first)).toMatchObject({ kind: 'answer', replayed: true });
    await stores.rewriteResult(JSON.stringify({ ...stored, counted: { believed: true } }));
    await expect(door().bound(next)).rejects.toMatchObject({ code: 'STATE_TAMPERED' });
  });
});

describe('a cache write', () => {
  const written = { ...PRICE, cacheWriteMicroUsdPerMillion: 1_250_000 };
  const ask = (usage: ChatAnswer['usage'], more: Partial<ModelAsk> = {}) =>
    door().ask(asking({ price: written, model: model(() => ({ ...ANSWER, usage })), ...more }));

  it('is reserved at the dearest price of input and booked at its own', async () => {
    await ask({ inputTokens: 100, outputTokens: 10, cachedInputTokens: 20, cacheWriteTokens: 60 });
    const [call] = await stores.ledger.calls(stores.threadId);
    expect(call?.reserved?.costMicroUsd).toBe(Math.ceil(INPUT * 1.25) + 4000);
    expect(call?.settled?.costMicroUsd).toBe(20 + 2 + 75 + 40);
    expect(call).toMatchObject({ model: 'test-model', price: written });
  });

  it('that is not told is booked as input; one that is no number as all that was not read from the cache', async () => {
    await ask({ inputTokens: 100, outputTokens: 10 });
    await ask({ inputTokens: 100, outputTokens: 10, cachedInputTokens: 20, cacheWriteTokens: Number.NaN }, { ordinal: 2 });
    await ask(undefined, { ordinal: 3 });
    const calls = await stores.ledger.calls(stores.threadId);
    expect(calls.map((call) => call.settled?.costMicroUsd)).toEqual([140, 2 + 100 + 40, calls[2]?.reserved?.costMicroUsd]);
  });

  it('may be missing from a damaged report: the input that is left of it gets no discount', async () => {
    await ask({ inputTokens: 100, cachedInputTokens: 50 });
    expect((await stores.ledger.calls(stores.threadId))[0]?.settled).toMatchObject({ inputTokens: 100, costMicroUsd: 125 + 4000 });
  });
});
