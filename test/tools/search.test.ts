/** The search tool: what is found and told, and what a pattern or a path cannot do. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { searchFiles } from '../../tools/search.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
  writeFileSync(join(world.folder, 'tree/b.md'), 'two\n');
});
afterEach(() => world.dispose());

const search = (input: object): Promise<string> => searchFiles.execute(input, world.context);

test('every line that matches is told with its file and number', async () => {
  const lines = (await search({ pattern: 'tw.$' })).trim().split('\n').toSorted();
  expect(lines).toEqual(['b.md:1:two', 'src/a.js:2:two', 'src/a.js:3:two']);
});

test('a path and a glob narrow it', async () => {
  expect((await search({ pattern: 'two', path: 'src' })).trim().split('\n')).toEqual(['src/a.js:2:two', 'src/a.js:3:two']);
  expect((await search({ pattern: 'two', glob: '*.md' })).trim()).toBe('b.md:1:two');
});

test('a glob is a pattern as everywhere: from the root or the folder, brackets are names, and one that names nothing is explained', async () => {
  mkdirSync(join(world.folder, 'tree/app/[slug]'), { recursive: true });
  writeFileSync(join(world.folder, 'tree/app/[slug]/page.js'), 'two\n');
  for (const glob of ['app', 'app/', 'app/[slug]/page.js', 'app/[slug]/*', '**/page.js', 'app/**'])
    expect([glob, (await search({ pattern: 'two', glob })).trim()]).toEqual([glob, 'app/[slug]/page.js:1:two']);
  expect((await search({ pattern: 'two', path: 'app', glob: '[slug]/*.js' })).trim()).toBe('app/[slug]/page.js:1:two');
  expect(await search({ pattern: 'two', glob: '*.js' })).toBe(
    '(no matches); glob "*.js" names files of the top folder: for any depth write "**/*.js"',
  );
  expect(await search({ pattern: 'two', glob: '**/*.{js,md}' })).toContain('list each path as a pattern of its own');
});

test('what stands in UTF-16 is found, and a line ends before CRLF', async () => {
  writeFileSync(join(world.folder, 'tree/wide.txt'), Buffer.from('\ufeffgrün ☃\r\nblau\r\n', 'utf16le'));
  writeFileSync(join(world.folder, 'tree/wider.txt'), Buffer.from('\ufeffgrün ☃\r\n', 'utf16le').swap16());
  writeFileSync(join(world.folder, 'tree/crlf.txt'), 'ein grün ☃\r\n');
  expect(await search({ pattern: 'grün ☃$' })).toBe('crlf.txt:1:ein grün ☃\nwide.txt:1:grün ☃\nwider.txt:1:grün ☃\n');
});

test('nothing found is said in words', async () => {
  expect(await search({ pattern: 'three' })).toBe('(no matches)');
});

test('a pattern that looks like an option is a pattern; one that is none is told as a mistake', async () => {
  expect(await search({ pattern: '--files' })).toBe('(no matches)');
  await expect(search({ pattern: '(' })).rejects.toMatchObject({ name: 'ToolFailure', message: expect.stringMatching(/^search_files: /) });
});

test('a path that leaves the tree is refused', async () => {
  for (const path of ['..', '../outside', '/etc', 'src/../..'])
    await expect(search({ pattern: 'secret', path })).rejects.toMatchObject({ code: 'PATH_DENIED' });
});

const BODY = ['MIIEpAIBAAKCAQEA1', 'vG7kq92xPz0wLmYtR', 'Qw83nnfTzX17sUeJk'];
const put = (path: string, text: string): void => writeFileSync(join(world.folder, 'tree', path), text);

test('a line in the middle of a key is masked, although it does not look like one by itself; lines around the key are not', async () => {
  const key = ['-----BEGIN PRIVATE KEY-----', ...BODY, '-----END PRIVATE KEY-----'];
  put('key: 7:x.txt', ['Qw8 before', ...key, 'Qw8 after', ''].join('\n'));
  expect(await search({ pattern: 'Qw8|vG7' })).toBe(
    'key: 7:x.txt:1:Qw8 before\nkey: 7:x.txt:4:[REDACTED]\nkey: 7:x.txt:5:[REDACTED]\nkey: 7:x.txt:7:Qw8 after\n',
  );
});

test('the same letters that are part of no key are told', async () => {
  put('plain.txt', `${BODY.join('\n')}\n`);
  expect(await search({ pattern: 'Qw8' })).toBe(`plain.txt:3:${BODY[2]}\n`);
});
