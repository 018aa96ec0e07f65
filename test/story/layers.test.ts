/** Every approval says what stood between commands and the machine: to people, to programs, and in its file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { gateText } from '../../cli/print.ts';
import { openOperations } from '../../runtime/operations.ts';
import { approve, makeWorld, start, type World } from './world.ts';

let world: World;
afterEach(() => world.dispose());

test('at the plan gate and at the release gate: the card, the result, the record and the file', async () => {
  world = makeWorld({ config: { plan: { approval: 'always' } } });
  const operations = await world.open();
  let waiting = await start(world, operations);
  for (const gate of ['plan', 'release'] as const) {
    const view = await operations.gate(waiting.thread_id);
    const words = String(view?.row.shown['sandbox']);
    expect(words).toMatch(/^bwrap: mounts, processes, network, .*system-calls/);
    expect(waiting.waiting).toMatchObject({ gate, sandbox: words });
    expect(view === undefined ? '' : gateText(view, 'd')).toContain(`commands run in ${words}`);
    waiting = await approve(operations, waiting.thread_id);
    const number = gate === 'plan' ? 1 : 2;
    expect(world.dossier(waiting.thread_id, `40-approval.${number}.json`)).toMatchObject({
      body: { gate, sandbox: words.replace('bwrap: ', '').split(', ') },
    });
  }
  await operations.close();
});

test('where nothing stands there, that is what every place says', async () => {
  world = makeWorld();
  mkdirSync(world.home, { recursive: true });
  writeFileSync(join(world.home, 'operator.yaml'), 'sandbox: { allowUnsafe: true }\n');
  const operations = await openOperations({ home: world.home, env: { PATH: process.env['PATH'] ?? '', GOVERNOR_SANDBOX: 'unsafe' } });
  const waiting = await start(world, operations);
  expect(waiting.waiting?.sandbox).toBe('NO SANDBOX: growth-quota');
  const view = await operations.gate(waiting.thread_id);
  expect(view === undefined ? '' : gateText(view, 'd')).toContain('commands run in NO SANDBOX');
  await operations.close();
});
