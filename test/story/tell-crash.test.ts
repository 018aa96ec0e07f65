/** A process that dies around a person's words asks the very same again; what is said later comes before the next request. */
import { afterEach, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { Stage, walk } from '../chaos/harness.ts';
import { type Endpoint, endpointConfig, openEndpoint } from './endpoint.ts';
import { critic, HAPPY, makeWorld, type Reply, submit, type World } from './world.ts';

let world: World | undefined;
let endpoint: Endpoint | undefined;
let person: Operations | undefined;
afterEach(async () => {
  await person?.close();
  await endpoint?.close();
  world?.dispose();
  person = undefined;
});

async function begin(replies: readonly Reply[]) {
  endpoint = await openEndpoint(replies);
  world = makeWorld({ config: { ...endpointConfig(endpoint.baseUrl), limits: { maxOutputTokens: 1024 } } });
  person = await world.open();
  const { threadId } = await person.create({ goal: 'Add a product function', repo: world.repo });
  return { world, endpoint, person, threadId };
}

const asked = (from: Endpoint) => from.seen.filter((one) => one.role === 'lead');
const textOf = (one: Endpoint['seen'][number]): string => JSON.stringify(one.body.messages);

const POINTS = [
  'start:told:plan:before',
  'start:told:plan:after',
  'finish:words-heard:before',
  'finish:words-heard:inside',
  'finish:words-heard:after',
  'model:planner:before',
  'model:planner:after',
] as const;

test('a process that dies around the hearing asks the very same again, and the words are heard once', { timeout: 240_000 }, async () => {
  // Without a command: what it prints holds times.
  const at = await begin([...HAPPY.slice(0, 3), submit(1, 3), critic(1)]);
  const { threadId } = at;
  await at.person.tell(threadId, { text: 'use integers' });
  await at.person.close();
  person = undefined;
  const tree = () => ({ tree: at.world.git('rev-parse', 'main^{tree}'), merges: at.world.git('rev-list', '--count', 'main') });
  const stage = new Stage(at.world, threadId, tree);
  const bodies = () =>
    new Map(at.endpoint.seen.map(({ role, headers, body }) => [`${role} ${headers['x-governor-call']}`, JSON.stringify(body)]));
  try {
    const { points, end } = await stage.undisturbed();
    expect(end.status).toBe('released');
    const whole = bodies();
    expect(whole.get('planner 1')).toContain('use integers');
    for (const point of POINTS) {
      expect(points, point).toContain(point);
      stage.reset();
      at.endpoint.seen.length = 0;
      const died = await walk(stage.world.home, threadId, { kill: { point, nth: 1 } });
      expect(died.result, point).toBeUndefined();
      await stage.finish();
      expect(bodies(), point).toEqual(whole);
      const again = await at.world.open();
      expect(await again.told(threadId), point).toMatchObject([{ heard: [{ agent: 'planner', attempt: 1 }] }]);
      await again.close();
    }
  } finally {
    stage.dispose();
  }
});

test('what is said after a request was made comes before the next one: a process that died in it asks the very same again', {
  timeout: 120_000,
}, async () => {
  const at = await begin(HAPPY);
  const { threadId } = at;
  const died = await walk(at.world.home, threadId, { kill: { point: 'model:lead:after', nth: 2 } });
  expect(died.result).toBeUndefined();
  await at.person.tell(threadId, { text: 'use integers' });
  expect(await at.person.resume(threadId)).toMatchObject({ status: 'waiting', reason: null });
  const lead = asked(at.endpoint).map((one) => [one.headers['x-governor-call'], textOf(one).includes('use integers')]);
  expect(lead).toEqual([
    ['1', false],
    ['2', false],
    ['2', false],
    ['3', true],
    ['4', true],
  ]);
  const [, second, again] = asked(at.endpoint);
  expect(again?.body).toEqual(second?.body);
});
