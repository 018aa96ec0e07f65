import { afterEach, expect, test } from 'vitest';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

test('a goal goes through every room to an approved merge, with every hand-over on disk', async () => {
  world = makeWorld();
  const operations = await world.open();
  const base = world.git('rev-parse', 'HEAD');
  const waiting = await start(world, operations);
  expect(waiting.reason).toBeNull();
  expect(waiting.status).toBe('waiting');
  expect(waiting.waiting?.gate).toBe('release');
  expect(world.git('rev-parse', 'main')).toBe(base);
  // The lead's first call is counted by its bytes, each later one stands on the report before it.
  const asked = (await operations.audit(waiting.thread_id)).filter((one) => one.action === 'model-call' && one.stage === 'build');
  expect(asked.map((one) => one.facts?.['counted'])).toEqual(['bytes', 'reported', 'reported', 'reported']);
  expect((await operations.gate(waiting.thread_id))?.sandbox).toMatch(/^bwrap: mounts, processes, network, .*system-calls, process-limits/);
  const released = await approve(operations, waiting.thread_id);
  expect(released.reason).toBeNull();
  expect(released.status).toBe('released');
  expect(world.read('src/product.js')).toContain('a * b');
  expect(world.git('status', '--porcelain')).toBe('');
  const files = (await operations.files(waiting.thread_id)).map((file) => file.path);
  for (const name of [
    'request.json',
    '10-plan.1.json',
    '10-plan.1.md',
    '20-build.1.json',
    '20-build.1.patch',
    '30-review.1.json',
    '30-review.1.md',
    'evidence/1/test.json',
    'evidence/1/test.log',
    '40-approval.1.json',
    '50-release.json',
    'ledger.json',
    'report.md',
  ])
    expect(files).toContain(name);
  expect(world.dossier(waiting.thread_id, '40-approval.1.json')).toMatchObject({
    body: { sandbox: expect.arrayContaining(['mounts', 'network', 'system-calls']) },
  });
  const doctor = (await operations.doctor(undefined)).lines.find(({ name }) => name === 'sandbox');
  expect(doctor).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/^bwrap \(mounts, .*system-calls.*\), \d+ of \d+ canaries held$/),
  });
  const message = world.git('log', '-1', '--format=%B', 'main');
  for (const trailer of [`Governor-Thread: ${waiting.thread_id}`, 'Approved-By: local:', 'Plan: ', 'Review: '])
    expect(message).toContain(trailer);
  expect((await operations.verifyAudit()).kind).toBe('whole');
  await operations.close();
});
