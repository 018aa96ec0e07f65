/** The diff tool: the whole difference or that of a path, within its bound. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { difference } from '../../tools/difference.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const diff = (input: object, patch: (path?: string) => string): Promise<string> =>
  difference.execute(input, { ...world.context, difference: async (path) => patch(path) });

test('a difference is shown as it is, of all or of one path in its plain form', async () => {
  expect(await diff({}, (path) => `all: ${path}`)).toBe('all: undefined');
  expect(await diff({ path: './src//a.js' }, (path) => `one: ${path}`)).toBe('one: src/a.js');
  expect(await diff({}, () => '')).toBe('(no difference)');
});

test('a long one is cut, and names every file that is in it', async () => {
  const patch = ['a.js', 'b.js'].map((name) => `diff --git a/${name} b/${name}\n${'+x\n'.repeat(20_000)}`).join('');
  const told = await diff({}, () => patch);
  expect(told.slice(-200)).toMatch(/\n\(\d+ bytes left out; give a path\. Changed: a\.js, b\.js\)$/);
  expect(Buffer.byteLength(told)).toBeLessThan(50 * 1024);
});

test('a path that leaves the tree is refused', async () => {
  await expect(diff({ path: '../x' }, () => 'never')).rejects.toMatchObject({ code: 'PATH_DENIED' });
});
