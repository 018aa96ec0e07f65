/** Calls of tools that there are not: an honest model is told what does it here; one that does nothing else is stopped. */
import { afterEach, expect, test } from 'vitest';
import { endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { critic, HAPPY, makeWorld, PRODUCT, PRODUCT_TEST, planReply, start, submit, tool, type World, write } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

const stranger = (call: number, name: string, input: unknown = {}) => ({
  role: 'lead' as const,
  attempt: 1,
  call,
  tools: [{ name, arguments: input }],
});

test('three calls of a tool that there is not do not end the run, and each is answered with the tools there are', async () => {
  const endpoint = await openEndpoint([
    planReply(),
    stranger(1, 'bash', { command: 'ls' }),
    stranger(2, 'bash', { command: 'cat src/sum.js' }),
    stranger(3, 'str_replace', { path: 'src/sum.js' }),
    write(1, 4, 'src/product.js', PRODUCT),
    write(1, 5, 'test/product.test.js', PRODUCT_TEST),
    submit(1, 6),
    critic(1),
  ]);
  try {
    world = makeWorld({ config: endpointConfig(endpoint.baseUrl) });
    const operations = await world.open();
    expect(await startOver(world, operations)).toMatchObject({ reason: null, waiting: { gate: 'release' } });
    await operations.close();
    const heard = JSON.stringify(endpoint.seen.find((one) => one.role === 'lead' && one.headers['x-governor-call'] === '4')?.body.messages);
    expect(heard).toContain('Here run_command does that');
    expect(heard).toContain('Here edit_file does that');
    expect(heard).toContain('submit_build');
  } finally {
    await endpoint.close();
  }
});

test('a model that calls nothing but tools that there are not is stopped, also when each call is another', async () => {
  for (const replies of [
    [planReply(), { ...stranger(1, 'bash', { command: 'ls' }), repeat: true }],
    [planReply(), ...Array.from({ length: 40 }, (_none, index) => stranger(index + 1, 'bash', { command: `ls ${index}` }))],
  ]) {
    world?.dispose();
    world = makeWorld({ replies });
    const operations = await world.open();
    const stopped = await start(world, operations);
    expect(stopped.reason).toMatchObject({ code: 'NO_PROGRESS', resumable: true });
    expect(stopped.spend.model_calls).toBeLessThan(30);
    await operations.close();
  }
});

test('an invalid hand-over is still counted: the third in a row ends the run', async () => {
  world = makeWorld({ replies: [...HAPPY.slice(0, 1), { ...tool('lead', 1, 1, 'submit_build', { words: 1 }), repeat: true }] });
  const operations = await world.open();
  const stopped = await start(world, operations);
  expect(stopped.reason?.code).toBe('CONTRACT_VIOLATION');
  expect(stopped.spend.model_calls).toBe(4);
  await operations.close();
});
