/** `governor tell` on a command line: what it prints, where its words are seen again, and what it refuses. */
import { afterEach, expect, test } from 'vitest';
import { governor } from '../../story/command.ts';
import { makeWorld, type World } from '../../story/world.ts';

let world: World | undefined;
afterEach(() => world?.dispose());

test('words at a gate are kept and told so; `show` and `audit` name who said what and that nobody has heard it', async () => {
  world = makeWorld();
  const run = await governor(world, ['run', 'Add a product function', '--repo', world.repo, '--script', world.script, '--json']);
  const thread = String(run.result.thread_id);
  const told = await governor(world, ['tell', thread, 'approve, and use integers']);
  expect(told.code).toBe(0);
  expect(told.output).toMatch(/^said \S+ local:\S+ to who speaks next \(not heard yet\): approve, and use integers\n$/);
  expect(told.errors).toContain('no agent is at work: it is kept, and who speaks next hears it; it approves nothing');
  const shown = await governor(world, ['show', thread]);
  expect(shown.output).toContain('(not heard yet): approve, and use integers');
  expect(shown.output).toContain('waits at the release gate');
  const json = await governor(world, ['show', thread, '--json']);
  expect(json.result).toMatchObject({ status: 'waiting', told: [{ text: 'approve, and use integers', to: [], heard: [] }] });
  expect((await governor(world, ['audit', thread])).output).toMatch(/words-told local:\S+: approve, and use integers/);
  await governor(world, ['approve', thread, '--subject', String(run.result.waiting?.subject)]);
  expect((await governor(world, ['show', thread])).output).toContain('(nobody heard it, and nobody will): approve, and use integers');
});

test('a name that is not at work, an empty message and an ended run are usage errors that say why', async () => {
  world = makeWorld();
  const run = await governor(world, ['run', 'Add a product function', '--repo', world.repo, '--script', world.script, '--json']);
  const thread = String(run.result.thread_id);
  expect(await governor(world, ['tell', thread, 'x', '--agent', 'w1.2'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('--agent "w1.2": no such agent is at work'),
  });
  expect(await governor(world, ['tell', thread, ' '])).toMatchObject({ code: 2, errors: expect.stringContaining('the message is empty') });
  const subject = String(run.result.waiting?.subject);
  expect((await governor(world, ['approve', thread, '--subject', subject, '--json'])).result.status).toBe('released');
  expect(await governor(world, ['tell', thread, 'thanks'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('is released; no agent will speak in it again'),
  });
});
