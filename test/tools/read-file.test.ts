/** Reading a file: numbered lines of any common encoding, notebooks as cells, images by their size, and nothing outside. */
import { linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFile } from '../../tools/read-file.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const put = (path: string, content: string | Buffer): void => writeFileSync(join(world.folder, 'tree', path), content);
const read = (path: string, more: object = {}): Promise<string> => readFile.execute({ path, ...more }, world.context);

test('the lines are numbered, and it says how to go on', async () => {
  expect(await read('src/a.js')).toBe('1\tone\n2\ttwo\n3\ttwo');
  expect(await read('src/a.js', { start_line: 2, end_line: 2 })).toBe('2\ttwo\n(lines 2 to 2 of 3; go on with start_line 3)');
  expect(await read('src/a.js', { start_line: 9 })).toBe('src/a.js: has 3 lines');
});

test('a reading is cut at 2000 lines and at 48 KiB', async () => {
  put('long.txt', 'x\n'.repeat(2001));
  expect(await read('long.txt')).toMatch(/2000\tx\n\(lines 1 to 2000 of 2001; go on with start_line 2001\)$/);
  put('wide.txt', `${'x'.repeat(1000)}\n`.repeat(100));
  expect(Buffer.byteLength(await read('wide.txt'))).toBeLessThan(49 * 1024);
});

describe('a file', () => {
  test.each<[string, Buffer, string]>([
    ['in UTF-16LE', Buffer.from('\ufeffä\r\n☃\r\n', 'utf16le'), '1\tä\n2\t☃\n(UTF-16LE; CRLF line endings; edits keep this)'],
    [
      'in UTF-16BE without a mark',
      Buffer.from('ä\nb\n', 'utf16le').swap16(),
      '1\tä\n2\tb\n(UTF-16BE without a byte order mark; edits keep this)',
    ],
    ['in Latin-1', Buffer.from('caf\xe9\n', 'latin1'), '1\tcafé\n(Latin-1; edits keep this)'],
    ['with a mark', Buffer.from('\ufeffa\n'), '1\ta\n(UTF-8 with a byte order mark; edits keep this)'],
    [
      'with mixed endings',
      Buffer.from('a\r\nb\nc'),
      '1\ta\n2\tb\n3\tc\n(mixed line endings: 1 CRLF, 1 LF, no newline at the end; edits keep this)',
    ],
  ])('%s is shown as text, and what is kept is said', async (_title, bytes, shown) => {
    put('a.txt', bytes);
    expect(await read('a.txt')).toBe(shown);
  });

  test('that is binary is not shown', async () => {
    put('a.bin', Buffer.from([0, 1, 2, 3]));
    expect(await read('a.bin')).toBe('a.bin: is binary, 4 bytes');
  });

  test('that is an image is told with its size', async () => {
    const png = Buffer.alloc(33);
    png.write('\x89PNG\r\n\x1a\n', 'latin1');
    png.writeUInt32BE(640, 16);
    png.writeUInt32BE(480, 20);
    put('a.png', png);
    expect(await read('a.png')).toBe('a.png: PNG image, 640 x 480 pixels, 33 bytes; the picture itself cannot be shown to you');
  });
});

test('of a key of several lines no part is shown, wherever the reading begins', async () => {
  const body = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj'];
  put('key.txt', ['before', '-----BEGIN PRIVATE KEY-----', ...body, '-----END PRIVATE KEY-----', 'after', ''].join('\n'));
  expect(await read('key.txt')).toBe('1\tbefore\n2\t[REDACTED]\n3\t[REDACTED]\n4\t[REDACTED]\n5\t[REDACTED]\n6\tafter');
  expect(await read('key.txt', { start_line: 3, end_line: 3 })).toContain('3\t[REDACTED]\n');
});

test('a notebook is shown as its cells, and as JSON where lines are asked for', async () => {
  const json = JSON.stringify({ cells: [{ cell_type: 'code', source: ['a = 1\n', 'a'], outputs: [] }], nbformat: 4 });
  put('a.ipynb', `${json}\n`);
  expect(await read('a.ipynb')).toBe(
    '[cell 1, code]\na = 1\na\n(a.ipynb: the cells of a notebook; edit_file changes its JSON, which start_line shows)',
  );
  expect(await read('a.ipynb', { start_line: 1 })).toBe(`1\t${json}`);
  put('b.ipynb', '{"cells": 1}\n');
  expect(await read('b.ipynb')).toBe('1\t{"cells": 1}');
});

test('a link, a hard link and a way out are refused', async () => {
  symlinkSync('../outside', join(world.folder, 'tree/link'));
  symlinkSync('..', join(world.folder, 'tree/up'));
  linkSync(join(world.folder, 'outside'), join(world.folder, 'tree/hard'));
  for (const path of ['link', 'up/outside', 'hard', '../outside', '/etc/passwd'])
    await expect(read(path)).rejects.toMatchObject({ code: 'PATH_DENIED' });
  await expect(read('no')).rejects.toThrow('no: there is no such file');
});

test('a file of more than 8 MiB is not read into memory, and the answer says how to look at it; one of 8 MiB is read', async () => {
  const size = 8 * 1024 * 1024;
  put('large.txt', Buffer.alloc(size + 1, '\n'));
  await expect(read('large.txt')).rejects.toThrow(
    `large.txt: ${size + 1} bytes; a file that tools read may have ${size}: look at a part of it by a command, such as head, tail or sed`,
  );
  put('large.txt', Buffer.alloc(size, '0123456\n'));
  expect(await read('large.txt', { start_line: size / 8 })).toBe(`${size / 8}\t0123456`);
});
