/** A builder that says it cannot go on stops the run with its words, and goes on where it stood when a person has answered. */
import { afterEach, expect, test } from 'vitest';
import { endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import {
  approve,
  critic,
  makeWorld,
  PRODUCT,
  PRODUCT_TEST,
  planReply,
  type Reply,
  start,
  submit,
  tool,
  type World,
  write,
} from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const blocked = (call: number): Reply => tool('lead', 1, call, 'submit_build', { status: 'blocked', summary: 'which rounding is meant?' });
const BEGUN: readonly Reply[] = [planReply(), write(1, 1, 'src/product.js', PRODUCT), blocked(2)];

test('it stops BUILDER_BLOCKED with what it said and the command to answer; with words it goes on from its files', async () => {
  const endpoint = await openEndpoint([...BEGUN, write(1, 3, 'test/product.test.js', PRODUCT_TEST), submit(1, 4), critic(1)]);
  try {
    world = makeWorld({ config: endpointConfig(endpoint.baseUrl) });
    const operations = await world.open();
    const stopped = await startOver(world, operations);
    expect(stopped).toMatchObject({ status: 'stopped', stage: 'build', reason: { code: 'BUILDER_BLOCKED', resumable: true } });
    const told = await operations.explain(stopped.thread_id);
    expect(told).toContain('which rounding is meant?');
    expect(told).toContain(`governor resume ${stopped.thread_id.slice(0, 8)} --comment "what to do instead"`);
    const calls = endpoint.seen.length;
    const waiting = await operations.resume(stopped.thread_id, { words: { comment: 'round nothing', model: '' } });
    expect(waiting).toMatchObject({ reason: null, waiting: { gate: 'release' }, attempt: 1 });
    // Nothing that was answered is asked again.
    expect(endpoint.seen.length).toBe(calls + 3);
    expect(JSON.stringify(endpoint.seen[calls]?.body.messages)).toContain('round nothing');
    expect((await approve(operations, stopped.thread_id)).status).toBe('released');
    expect(world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
    await operations.close();
  } finally {
    await endpoint.close();
  }
});

test('who is blocked again stops again, each time for a person', async () => {
  world = makeWorld({ replies: [...BEGUN, blocked(3)] });
  const operations = await world.open();
  const first = await start(world, operations);
  const second = await operations.resume(first.thread_id, { words: { comment: 'try', model: '' } });
  expect(second.reason?.code).toBe('BUILDER_BLOCKED');
  const third = await operations.resume(first.thread_id);
  expect(third.reason?.code).toBe('SCRIPT_MISS');
  await operations.close();
});
