/** The models that a role names instead of its own: each is asked in its turn, and what was decided stands after a crash. */
import { afterEach, expect, test } from 'vitest';
import type { Operations } from '../../runtime/operations.ts';
import { type Endpoint, endpointConfig, openEndpoint, startOver } from './endpoint.ts';
import { HAPPY, makeWorld, type World } from './world.ts';

let world: World | undefined;
let operations: Operations | undefined;
const open: Endpoint[] = [];
afterEach(async () => {
  await operations?.close();
  await Promise.all(open.splice(0).map((one) => one.close()));
  world?.dispose();
  operations = undefined;
  world = undefined;
});

/** The same model at so many endpoints: the usual way to use it. */
async function begin(count: number) {
  for (let nth = 0; nth < count; nth += 1) open.push(await openEndpoint(HAPPY));
  const [first, ...others] = open;
  const { models, ...config } = endpointConfig(first?.baseUrl ?? '');
  const fallback = others.map(({ baseUrl }) => ({ ...models.lead, baseUrl }));
  world = makeWorld({
    config: { ...config, limits: { maxOutputTokens: 1024 }, models: { ...models, lead: { ...models.lead, fallback } } },
  });
  operations = await world.open();
  return { world, operations };
}

const asked = (): number[] => open.map((one) => one.count('lead'));
const refuses = (endpoint: Endpoint | undefined, status = 403): void => {
  if (endpoint !== undefined) endpoint.fault = ({ role }) => (role === 'lead' ? { status } : undefined);
};

test('each endpoint of one model is asked in its turn, and the first that answers does so to the end', async () => {
  const at = await begin(4);
  refuses(open[0]);
  refuses(open[1]);
  const waiting = await startOver(at.world, at.operations);
  expect(waiting).toMatchObject({ status: 'waiting', reason: null });
  expect(asked()).toEqual([1, 1, 4, 0]);
  const passed = (await at.operations.audit(waiting.thread_id)).filter((record) => record.action === 'model-fallback');
  expect(passed.map((record) => record.facts?.['why'])).toEqual(['PROVIDER_REFUSED', 'PROVIDER_REFUSED']);
});

test('where none answers the run stops, and a resume asks the last again', async () => {
  const at = await begin(3);
  for (const one of open) refuses(one);
  const stopped = await startOver(at.world, at.operations);
  expect(stopped.reason).toMatchObject({ code: 'PROVIDER_REFUSED', resumable: true });
  expect(asked()).toEqual([1, 1, 1]);
  for (const one of open) one.fault = () => undefined;
  expect(await at.operations.resume(stopped.thread_id)).toMatchObject({ status: 'waiting', reason: null });
  expect(asked()).toEqual([1, 1, 5]);
  const bodies = open[2]?.seen.filter((one) => one.role === 'lead').map((one) => one.body);
  expect(bodies?.[1]).toEqual(bodies?.[0]);
});
