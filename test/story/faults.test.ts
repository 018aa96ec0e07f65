/** An endpoint fails in the middle of a run: what is waited for, what stops it, and that a resume goes on with all that was paid. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DialectName, DialectServer, FaultName } from '../dialects/server.ts';
import { startOver } from './endpoint.ts';
import { billedBy, expectNoRefusal, modelAt, nameOf, type Stand, stands, strictConfig, turnsOf } from './strict.ts';
import { approve, HAPPY, PRODUCT, tool } from './world.ts';

/** What was to be waited for, in ms; nothing really waits. */
const waits: number[] = vi.hoisted(() => []);
vi.mock('../../models/sleep.ts', () => ({
  sleep: async (ms: number) => {
    waits.push(ms);
  },
}));

const stand = stands();
beforeEach(() => {
  waits.length = 0;
});
afterEach(() => stand.close());

/** The lead's third call: two files are written by then. */
const MIDDLE = 'lead 1.3';
const NAMES = ['planner 1.1', 'lead 1.1', 'lead 1.2', MIDDLE, 'lead 1.4', 'critic 1.1'];

/** `times`: how often the middle call fails before its endpoint is well again. */
async function begin(name: DialectName, fault: FaultName, times: number, more: object = {}) {
  const down = { times };
  const faultOf = (asked: string) => {
    if (asked !== MIDDLE || down.times === 0) return undefined;
    down.times -= 1;
    return { name: fault };
  };
  const server = await stand.serve(name, { turns: turnsOf(HAPPY, faultOf) });
  const at = await stand.over(server, strictConfig(modelAt(name, server, more), server));
  return { ...at, down };
}

/** Answered once each, in order; nothing was turned away; it is released at a cost that covers the endpoint's own. */
async function expectReleased(at: Stand, threadId: string): Promise<void> {
  const done = await approve(at.operations, threadId);
  expect(done).toMatchObject({ status: 'released', reason: null });
  expect(at.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  expectNoRefusal(at.server.requests);
  expect(at.server.requests.filter((one) => one.fault === undefined).map(nameOf)).toEqual(NAMES);
  expect(done.spend.cost_micro_usd).toBeGreaterThanOrEqual(Math.floor(billedBy(at.server.requests)));
}

const errorsOf = async (at: Stand, threadId: string) =>
  (await at.operations.audit(threadId)).flatMap(({ action, facts }) => (action === 'model-error' ? [facts] : []));

describe('goes on by itself', () => {
  test.each([
    ['gemini', 'rate-limited-body', 'rate-limited', 15_000],
    ['openai-responses', 'rate-limited-body', 'rate-limited', 20_000],
    ['groq', 'tool-use-failed', 'malformed-call', undefined],
    ['anthropic', 'cut-half', 'cut', undefined],
    ['openrouter', 'error-in-stream', 'interrupted', undefined],
    ['vllm', 'stall', 'silent', undefined],
  ] as const)('%s, %s once: asked the very same again', async (name, fault, ours, waitMs) => {
    const at = await begin(name, fault, 1, fault === 'stall' ? { timeout: '1s' } : {});
    const waiting = await startOver(at.world, at.operations);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    const [failed, again] = at.server.requests.filter((one) => nameOf(one) === MIDDLE);
    expect(failed?.fault).toBe(fault);
    expect(again?.raw).toBe(failed?.raw);
    if (waitMs !== undefined) expect(waits).toEqual([expect.toSatisfy((ms: number) => ms >= waitMs && ms < waitMs + 1000)]);
    expect(await errorsOf(at, waiting.thread_id)).toMatchObject([{ fault: ours, tries: 1, call: 3 }]);
    await expectReleased(at, waiting.thread_id);
  });
});

describe('stops', () => {
  test.each([
    ['openai-chat', 'unauthorized', 'PROVIDER_REFUSED', 1],
    ['deepseek', 'payment', 'PROVIDER_REFUSED', 1],
    ['groq', 'tool-use-failed', 'PROVIDER_REFUSED', 5],
    ['mistral', 'context-exceeded', 'CONTEXT_EXCEEDED', 1],
    ['azure', 'content-filter', 'PROVIDER_REFUSED', 1],
    ['anthropic', 'cut-half', 'PROVIDER_UNAVAILABLE', 5],
  ] as const)('%s, %s for good: %s, resumable; when it is mended the same run goes on', async (name, fault, code, tries) => {
    const at = await begin(name, fault, Number.POSITIVE_INFINITY);
    const stopped = await startOver(at.world, at.operations);
    expect(stopped).toMatchObject({ status: 'stopped', reason: { code, resumable: true } });
    expect(at.server.requests.filter((one) => one.fault !== undefined).map(nameOf)).toEqual(Array.from({ length: tries }, () => MIDDLE));
    if (fault === 'tool-use-failed' || fault === 'context-exceeded') expect(stopped.reason?.next).toContain('--model');
    at.down.times = 0;
    const waiting = await at.operations.resume(stopped.thread_id);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null, thread_id: stopped.thread_id });
    const [failed, ...more] = at.server.requests.filter((one) => nameOf(one) === MIDDLE);
    // What was refused by the model itself would be refused again.
    if (fault === 'content-filter') expect(more.at(-1)?.raw).toContain('Do something else than before');
    else expect(more.map((one) => one.raw)).toEqual(Array.from({ length: tries }, () => failed?.raw));
    await expectReleased(at, stopped.thread_id);
  });
});

describe('another model', () => {
  const OTHER_PRICE = { input: 3, cachedInput: 1, output: 12 };

  /** The lead's own model at Anthropic, and behind it one at DeepSeek. `down` says which calls of the first and the second fail. */
  async function beginTwo(down: { first?: FaultName | undefined; second?: FaultName | undefined }) {
    const faultOf = (which: 'first' | 'second') => (asked: string) => {
      const fault = asked === MIDDLE ? down[which] : undefined;
      return fault === undefined ? undefined : { name: fault };
    };
    const first = await stand.serve('anthropic', { turns: turnsOf(HAPPY, faultOf('first')) });
    const second = await stand.serve('deepseek', { turns: turnsOf(HAPPY, faultOf('second')) });
    const model = modelAt('anthropic', first, { fallback: [modelAt('deepseek', second)] });
    const at = await stand.over(first, strictConfig(model, first, { prices: { [second.model]: OTHER_PRICE } }));
    return { ...at, second };
  }
  const answered = (requests: DialectServer['requests']) => requests.filter((one) => one.fault === undefined).map(nameOf);

  test('answers for the rest of the attempt at its own price when the first gave up; the next agent asks the first again', async () => {
    const at = await beginTwo({ first: 'overloaded' });
    const waiting = await startOver(at.world, at.operations);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(at.server.requests.map(nameOf)).toEqual([
      'planner 1.1',
      'lead 1.1',
      'lead 1.2',
      ...Array.from({ length: 5 }, () => MIDDLE),
      'critic 1.1',
    ]);
    expect(waits).toHaveLength(4);
    expect(at.second.requests.map(nameOf)).toEqual([MIDDLE, 'lead 1.4']);
    expectNoRefusal([...at.server.requests, ...at.second.requests]);
    // What the first had signed is nothing to the second; it is told who goes on.
    const [taken] = at.second.requests;
    expect(at.server.requests[3]?.raw).toContain('"signature"');
    expect(taken?.raw).not.toContain('signature');
    expect(taken?.raw).toContain(`Model 1 (${at.server.model}) does not answer. Model 2 (${at.second.model}) goes on from here.`);
    const passed = (await at.operations.audit(waiting.thread_id)).filter(({ action }) => action === 'model-fallback');
    expect(passed.map(({ facts }) => facts)).toMatchObject([{ role: 'lead', agent: 'lead', why: 'PROVIDER_UNAVAILABLE' }]);
    const billed = billedBy(at.server.requests) + billedBy(at.second.requests, OTHER_PRICE);
    expect(waiting.spend.cost_micro_usd).toBeGreaterThanOrEqual(Math.floor(billed));
    expect(waiting.spend.cost_micro_usd).toBeLessThanOrEqual(billed + NAMES.length);
    expect((await approve(at.operations, waiting.thread_id)).status).toBe('released');
  });

  test('that gives up too stops the run; when it is back a resume goes on with it', async () => {
    const down: Parameters<typeof beginTwo>[0] = { first: 'unauthorized', second: 'payment' };
    const at = await beginTwo(down);
    const stopped = await startOver(at.world, at.operations);
    expect(stopped.reason).toMatchObject({ code: 'PROVIDER_REFUSED', resumable: true });
    expect([at.server.requests.length, at.second.requests.length]).toEqual([4, 1]);
    down.second = undefined;
    const waiting = await at.operations.resume(stopped.thread_id);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(at.second.requests[1]?.raw).toBe(at.second.requests[0]?.raw);
    expect(answered(at.server.requests)).toEqual(['planner 1.1', 'lead 1.1', 'lead 1.2', 'critic 1.1']);
    expect(answered(at.second.requests)).toEqual([MIDDLE, 'lead 1.4']);
    expectNoRefusal([...at.server.requests, ...at.second.requests]);
    expect((await approve(at.operations, waiting.thread_id)).status).toBe('released');
  });

  test('that gives up too leaves the choice to a person, whose words are heard', async () => {
    const down: Parameters<typeof beginTwo>[0] = { first: 'unauthorized', second: 'content-filter' };
    const at = await beginTwo(down);
    const stopped = await startOver(at.world, at.operations);
    expect(stopped.reason).toMatchObject({ code: 'PROVIDER_REFUSED', resumable: true });
    down.first = undefined;
    const waiting = await at.operations.resume(stopped.thread_id, { words: { comment: 'it is a test', model: '' } });
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(at.server.requests.find((one) => nameOf(one) === 'lead 1.4')?.raw).toContain('it is a test');
    expectNoRefusal([...at.server.requests, ...at.second.requests]);
    expect((await approve(at.operations, waiting.thread_id)).status).toBe('released');
  });

  test('is not asked again what it answered, when a person cancels and brings words', async () => {
    const abort = new AbortController();
    const [plan, ...rest] = HAPPY;
    const scenes = [
      tool('planner', 1, 1, 'read_file', { path: 'src/sum.js' }),
      ...(plan === undefined ? [] : [{ ...plan, call: 2 }]),
      ...rest,
    ];
    const first = await stand.serve('anthropic', { turns: turnsOf(scenes, () => ({ name: 'unauthorized' })) });
    const second = await stand.serve('deepseek', {
      turns: turnsOf(scenes, (name) => {
        if (name === 'planner 1.2') abort.abort();
        return undefined;
      }),
    });
    const model = modelAt('anthropic', first, { fallback: [modelAt('deepseek', second)] });
    const at = await stand.over(first, strictConfig(model, first, { prices: { [second.model]: OTHER_PRICE } }));
    const { threadId } = await at.operations.create({ goal: 'Add a product function', repo: at.world.repo });
    expect((await at.operations.drive(threadId, { signal: abort.signal })).status).toBe('cancelled');
    const waiting = await at.operations.resume(threadId, { words: { comment: 'with a test', model: '' } });
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(second.requests.map(nameOf).filter((name) => name.startsWith('planner'))).toEqual(['planner 1.1', 'planner 1.2', 'planner 1.2']);
    expect(second.requests[2]?.raw).toContain('with a test');
  });
});
