/** The command tool: what a command is, what it may take, and what is told of it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../../tools/run.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const run = async (input: unknown, more: object = {}): Promise<unknown> =>
  JSON.parse(await runCommand.execute(input, { ...world.context, ...more }));

test('a list of arguments is a command, and its words are no shell', async () => {
  expect(await run({ argv: ['echo', '$HOME; exit 3'] })).toEqual({ exit_code: 0, stdout: '$HOME; exit 3\n', stderr: '', truncated: false });
});

test('a text is for the shell; a command that fails is told, not thrown', async () => {
  expect(await run({ shell: 'cat src/a.js | wc -l; echo no >&2; exit 3' })).toMatchObject({ exit_code: 3, stdout: '3\n', stderr: 'no\n' });
});

test('both ways at once, or neither, is refused by the schema', () => {
  for (const input of [{}, { argv: ['true'], shell: 'true' }, { argv: [] }, { shell: '' }, { argv: ['true'], network: true }])
    expect(runCommand.schema.safeParse(input).success).toBe(false);
  expect(runCommand.schema.safeParse({ argv: ['true'], timeout_seconds: 1 }).success).toBe(true);
});

test('the shorter of its own time and the run’s ends it', async () => {
  expect(await run({ argv: ['sleep', '20'] }, { commandTimeoutMs: 300 })).toMatchObject({ timed_out: true });
  expect(await run({ argv: ['sleep', '20'], timeout_seconds: 1 })).toMatchObject({ timed_out: true });
});

test('output above the cap is cut, and that is said', async () => {
  const said = await run({ shell: 'yes | head -c 5000' }, { outputBytes: 1000 });
  expect(said).toMatchObject({ truncated: true });
  expect(String(Object(said)['stdout']).length).toBeLessThan(2000);
});
