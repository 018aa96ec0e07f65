/** Answers that models should not give, through the real loop: whatever is told in return, the endpoint's own validator takes the history. */
import { afterEach, expect, test, vi } from 'vitest';
import type { DialectName } from '../dialects/server.ts';
import { startOver } from './endpoint.ts';
import { billedBy, expectNoRefusal, modelAt, nameOf, type Scene, stands, strictConfig, turnsOf } from './strict.ts';
import { approve, critic, HAPPY, PRODUCT, PRODUCT_TEST, planReply, submit, tool, write } from './world.ts';

const stand = stands();
afterEach(async () => {
  vi.restoreAllMocks();
  await stand.close();
});

const at = (call: number) => ({ role: 'lead', attempt: 1, call }) as const;
const ODD: readonly Scene[] = [
  planReply(),
  { ...write(1, 1, 'src/product.js', PRODUCT), fault: { name: 'length' } },
  { ...at(2), text: 'I am done, I think.' },
  tool('lead', 1, 3, 'open_browser', { url: 'https://example.test' }),
  { ...at(4), fault: { name: 'empty-answer' } },
  { ...write(1, 5, 'src/product.js', PRODUCT), text: 'The file.', fault: { name: 'bad-tool-name' } },
  { ...at(6), tools: [tool('lead', 1, 6, 'read_file', { path: 'src/product.js' }), submit(1, 6)].flatMap((one) => one.tools ?? []) },
  tool('lead', 1, 7, 'write_file', 'no JSON at all'),
  write(1, 8, 'test/product.test.js', PRODUCT_TEST),
  submit(1, 9),
  critic(1),
];

/** The same with a true name for its tool. */
function named(scene: Scene): Scene {
  const { fault, ...rest } = scene;
  return fault?.name === 'bad-tool-name' ? rest : scene;
}

test.each<DialectName>(['mistral', 'vllm', 'anthropic', 'openai-responses', 'gemini'])(
  '%s takes the history after every answer that cannot be used',
  async (name) => {
    // Gemini writes no such names, and its signature is bound to the call as it was.
    const scenes = name === 'gemini' ? ODD.map(named) : ODD;
    const server = await stand.serve(name, { turns: turnsOf(scenes) });
    const here = await stand.over(server, strictConfig(modelAt(name, server), server));
    const waiting = await startOver(here.world, here.operations);
    expectNoRefusal(server.requests);
    expect(waiting).toMatchObject({ status: 'waiting', reason: null });
    expect(server.requests.map(nameOf)).toEqual([
      'planner 1.1',
      ...Array.from({ length: 9 }, (_none, index) => `lead 1.${index + 1}`),
      'critic 1.1',
    ]);
    const last = server.requests.findLast((one) => nameOf(one) === 'lead 1.9')?.raw ?? '';
    for (const told of ['was cut at the output limit', 'Only tool calls count here', 'open_browser', 'must be the only call'])
      expect(last).toContain(told);
    expect(last).not.toContain('<|channel|>');
    expect((await approve(here.operations, waiting.thread_id)).status).toBe('released');
    expect(here.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  },
);

test.each<DialectName>(['mistral', 'vllm', 'anthropic'])('%s takes the switch to lean right after results of tools', async (name) => {
  const model = await stand.serve(name, { turns: turnsOf(HAPPY) });
  const lean = await stand.serve(name, { turns: turnsOf(HAPPY) });
  const config = strictConfig(modelAt(name, model), model, {
    models: { lean: modelAt(name, lean) },
    // Four of six calls: the lead is told before its third.
    limits: { modelCalls: 6, leanAt: 0.5 },
  });
  const here = await stand.over(model, config);
  const waiting = await startOver(here.world, here.operations);
  expectNoRefusal([...model.requests, ...lean.requests]);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  const answered = [...model.requests, ...lean.requests].map(nameOf);
  expect(new Set(answered)).toEqual(new Set(['planner 1.1', 'lead 1.1', 'lead 1.2', 'lead 1.3', 'lead 1.4', 'critic 1.1']));
  expect(answered).toHaveLength(6);
  expect(lean.requests[0]?.raw).toContain('The run is now lean:');
  expect(lean.requests.length).toBeGreaterThan(1);
  expect(waiting.spend.cost_micro_usd).toBeGreaterThanOrEqual(Math.floor(billedBy([...model.requests, ...lean.requests])));
});
