/** Patches: several files at once or none, by the same rules as every other write. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyPatch } from '../../tools/apply-patch.ts';
import { createRedactor } from '../../tools/redact.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const place = (path: string): string => join(world.folder, 'tree', path);
const put = (path: string, content: string | Buffer): void => writeFileSync(place(path), content);
const text = (path: string): string => readFileSync(place(path), 'utf8');
const patch = (...lines: string[]): Promise<string> =>
  applyPatch.execute({ input: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') }, world.context);

test('files are changed, added, deleted and moved in one call', async () => {
  put('old.txt', 'a\nb\n');
  put('gone.txt', 'x\n');
  chmodSync(place('old.txt'), 0o755);
  expect(
    await patch(
      '*** Update File: src/a.js',
      '@@',
      '-one',
      '+ONE',
      ' two',
      '*** Add File: deep/new.txt',
      '+hello',
      '+',
      '*** Delete File: gone.txt',
      '*** Update File: old.txt',
      '*** Move to: new/place.txt',
      '@@',
      ' a',
      '-b',
      '+c',
    ),
  ).toBe('patched\nchanged src/a.js\nadded deep/new.txt\ndeleted gone.txt\nmoved old.txt to new/place.txt');
  expect(text('src/a.js')).toBe('ONE\ntwo\ntwo\n');
  expect(text('deep/new.txt')).toBe('hello\n\n');
  expect([existsSync(place('gone.txt')), existsSync(place('old.txt'))]).toEqual([false, false]);
  expect(text('new/place.txt')).toBe('a\nc\n');
  expect(statSync(place('new/place.txt')).mode & 0o777).toBe(0o755);
});

test('a unified diff is taken too', async () => {
  put('gone.txt', 'x\n');
  const input = [
    'diff --git a/src/a.js b/src/a.js',
    'index 111..222 100644',
    '--- a/src/a.js',
    '+++ b/src/a.js',
    '@@ -2,2 +2,2 @@',
    ' two',
    '-two',
    '+three',
    '--- /dev/null',
    '+++ b/new.txt',
    '@@ -0,0 +1 @@',
    '+hello',
    '--- a/gone.txt',
    '+++ /dev/null',
    '@@ -1 +0,0 @@',
    '-x',
    '',
  ].join('\n');
  expect(await applyPatch.execute({ input }, world.context)).toBe('patched\nchanged src/a.js\nadded new.txt\ndeleted gone.txt');
  expect([text('src/a.js'), text('new.txt'), existsSync(place('gone.txt'))]).toEqual(['one\ntwo\nthree\n', 'hello\n', false]);
});

test('a file keeps its encoding, its endings and its end', async () => {
  put('u.txt', Buffer.from('\ufeffä\r\nb\r\nc', 'utf16le'));
  await patch('*** Update File: u.txt', '@@', ' ä', '-b', '+ü', '+☃', ' c');
  expect(readFileSync(place('u.txt'))).toEqual(Buffer.from('\ufeffä\r\nü\r\n☃\r\nc', 'utf16le'));
});

describe('nothing at all is written when one file of the patch', () => {
  const good = ['*** Update File: src/a.js', '@@', '-one', '+ONE'];

  test.each<[string, string[], string]>([
    ['is not there', ['*** Update File: no.txt', '@@', '-a', '+b'], 'no.txt: there is no such file'],
    ['to delete is not there', ['*** Delete File: no.txt'], 'no.txt: there is no such file'],
    ['to add is there', ['*** Add File: b.txt', '+x'], 'b.txt: is there already; change it with *** Update File'],
    [
      'would be moved over another',
      ['*** Update File: c.txt', '*** Move to: b.txt'],
      'b.txt: is there already; c.txt cannot be moved over it',
    ],
    ['does not have the lines', ['*** Update File: b.txt', '@@', '-bb', '+x'], 'b.txt: hunk 1 of 1: its lines are not in the file'],
    ['cannot hold a character', ['*** Update File: c.txt', '@@', '-café', '+☃'], 'c.txt: its encoding is Latin-1, which does not have "☃"'],
    ['is binary', ['*** Update File: d.bin', '@@', '-a', '+b'], 'd.bin: is binary, 2 bytes; a patch changes text'],
  ])('%s', async (_title, bad, message) => {
    put('b.txt', 'b\n');
    put('c.txt', Buffer.from('caf\xe9\n', 'latin1'));
    put('d.bin', Buffer.from([0, 1]));
    await expect(patch(...good, ...bad)).rejects.toThrow(message);
    await expect(patch(...bad, ...good)).rejects.toThrow(message);
    expect(text('src/a.js')).toBe('one\ntwo\ntwo\n');
  });

  test('has a path out of the tree, or through a link', async () => {
    symlinkSync('..', place('up'));
    for (const path of ['../outside', '/etc/x', '.git/config', 'up/outside', 'a\u202eb'])
      for (const bad of [
        [`*** Delete File: ${path}`],
        [`*** Add File: ${path}`, '+x'],
        ['*** Update File: src/a.js', `*** Move to: ${path}`],
      ])
        await expect(patch(...good, ...bad)).rejects.toMatchObject({ code: 'PATH_DENIED' });
    expect(text('src/a.js')).toBe('one\ntwo\ntwo\n');
    expect(readFileSync(join(world.folder, 'outside'), 'utf8')).toBe('secret of the host');
  });

  test('cannot be written, after others were', async () => {
    put('b.txt', 'b\n');
    mkdirSync(place('folder.governor-tmp'));
    await expect(patch(...good, '*** Delete File: b.txt', '*** Add File: folder', '+x')).rejects.toMatchObject({ code: 'EEXIST' });
    expect([text('src/a.js'), text('b.txt')]).toEqual(['one\ntwo\ntwo\n', 'b\n']);
  });
});

test('the same file may be changed twice, and one that was deleted added again', async () => {
  put('c.txt', Buffer.from('caf\xe9\n', 'latin1'));
  await patch(
    '*** Update File: src/a.js',
    '@@',
    '-one',
    '+1',
    '*** Update File: src/a.js',
    '@@',
    '-1',
    '+ONE',
    '*** Delete File: c.txt',
    '*** Add File: c.txt',
    '+thé',
  );
  expect(text('src/a.js')).toBe('ONE\ntwo\ntwo\n');
  expect(readFileSync(place('c.txt'))).toEqual(Buffer.from('th\xe9\n', 'latin1'));
});

test('the mask is not put where a secret stood, and may stand beside it', async () => {
  put('k.js', "key = 'hunter2-hunter2'\n");
  const masking = (line: string): Promise<string> =>
    applyPatch.execute(
      { patch: `*** Begin Patch\n*** Update File: k.js\n@@\n-key = 'hunter2-hunter2'\n${line}\n*** End Patch` },
      { ...world.context, redact: createRedactor(['hunter2-hunter2']) },
    );
  await expect(masking("+key = '[REDACTED]'")).rejects.toThrow('k.js: line 1 would put [REDACTED] where a secret stands');
  expect(text('k.js')).toBe("key = 'hunter2-hunter2'\n");
  await masking("+// shown as [REDACTED]\n+key = 'hunter2-hunter2'");
  expect(text('k.js')).toBe("// shown as [REDACTED]\nkey = 'hunter2-hunter2'\n");
});

test('every path of a patch is told to the door; a patch that cannot be read has none and writes nothing', () => {
  const input = '*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** Add File: c\n+\n*** Delete File: d\n*** End Patch';
  expect(applyPatch.paths({ input })).toEqual(['a', 'b', 'c', 'd']);
  expect(applyPatch.paths({ patch: '--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b' })).toEqual(['x', 'y']);
  expect(applyPatch.paths({ input: '*** Begin Patch\n*** Add File: c\n' })).toEqual([]);
});
