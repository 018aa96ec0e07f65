/** Writing a whole file: a new one as it is given, over another one in its encoding and line endings, and never half. */
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../../tools/redact.ts';
import { writeFile } from '../../tools/write-file.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const place = (path: string): string => join(world.folder, 'tree', path);
const write = (path: string, content: string): Promise<string> => writeFile.execute({ path, content }, world.context);
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

test('a new file is as it was given, in new folders', async () => {
  expect(await write('new/deep/a.txt', '\ufeffa\r\nb')).toBe('wrote new/deep/a.txt, 7 bytes');
  expect(readFileSync(place('new/deep/a.txt'))).toEqual(Buffer.from('\ufeffa\r\nb'));
});

describe('a file that is there', () => {
  test.each<[string, Buffer, string, Buffer]>([
    ['CRLF', Buffer.from('a\r\nb\r\n'), 'a\nx\nb\n', Buffer.from('a\r\nx\r\nb\r\n')],
    ['LF', Buffer.from('a\nb\n'), 'x\r\ny\r\n', Buffer.from('x\ny\n')],
    [
      'the endings of lines that stay, where they are mixed',
      Buffer.from('a\r\nb\nc\r\nd\n'),
      'a\nc\nx\nd\n',
      Buffer.from('a\r\nc\r\nx\r\nd\n'),
    ],
    ['a byte order mark', Buffer.from('\ufeffa\n'), 'b\n', Buffer.from('\ufeffb\n')],
    ['one byte order mark, also when another is given', Buffer.from('\ufeffa\n'), '\ufeffb\n', Buffer.from('\ufeffb\n')],
    ['Latin-1', Buffer.from('caf\xe9\n', 'latin1'), 'thé\n', Buffer.from('th\xe9\n', 'latin1')],
    ['UTF-16', utf16('\ufeffä\r\n'), 'ö\n☃', utf16('\ufeffö\r\n☃')],
    ['nothing, when it is empty', Buffer.from(''), 'a\r\nb', Buffer.from('a\r\nb')],
    ['nothing, when it is binary', Buffer.from([0, 1, 2]), 'a\n', Buffer.from('a\n')],
  ])('keeps %s', async (_title, before, content, after) => {
    writeFileSync(place('a.txt'), before);
    await write('a.txt', content);
    expect(readFileSync(place('a.txt'))).toEqual(after);
  });

  test('keeps its execute bit', async () => {
    chmodSync(place('src/a.js'), 0o755);
    await write('src/a.js', 'x\n');
    expect(statSync(place('src/a.js')).mode & 0o777).toBe(0o755);
  });
});

describe('is refused, and nothing is written, for', () => {
  test('a character that the encoding does not have', async () => {
    const before = Buffer.from('caf\xe9\n', 'latin1');
    writeFileSync(place('a.txt'), before);
    await expect(write('a.txt', 'café Ω\n')).rejects.toMatchObject({
      name: 'ToolFailure',
      message: expect.stringMatching(/^a\.txt: its encoding is Latin-1, which does not have "Ω" \(U\+03A9\); nothing was written\./),
    });
    await expect(write('new.txt', 'half \ud83d\n')).rejects.toThrow('UTF-8, which does not have half a character (U+D83D)');
    expect(readFileSync(place('a.txt'))).toEqual(before);
    expect(existsSync(place('new.txt'))).toBe(false);
  });

  test('a file that is too large', async () => {
    await expect(write('a.txt', 'x'.repeat(1024 * 1024 + 1))).rejects.toThrow('a.txt: 1048577 bytes; a file may have 1048576');
    expect(readdirSync(place('.'))).toEqual(['src']);
  });

  test('a link, and a way through one', async () => {
    symlinkSync('../outside', place('link'));
    symlinkSync('..', place('up'));
    linkSync(join(world.folder, 'outside'), place('hard'));
    for (const path of ['link', 'up/new', 'hard', '../outside', '.git/config'])
      await expect(write(path, 'x')).rejects.toMatchObject({ code: 'PATH_DENIED' });
    expect(readFileSync(join(world.folder, 'outside'), 'utf8')).toBe('secret of the host');
    expect(existsSync(join(world.folder, 'new'))).toBe(false);
  });

  test('a folder', async () => {
    mkdirSync(place('folder'));
    await expect(write('folder', 'x')).rejects.toThrow('folder: is a folder');
    await expect(write('.', 'x')).rejects.toThrow('path: names the folder itself');
  });
});

describe('the mask of a secret', () => {
  const SECRET = 'hunter2-hunter2';
  const write_ = (content: string): Promise<string> =>
    writeFile.execute({ path: 'config.js', content }, { ...world.context, redact: createRedactor([SECRET]) });
  const masked = (text: string): string => createRedactor([SECRET])(text);

  test('is not written where the secret stood: the file was read, changed and written back', async () => {
    const before = `export const key = '${SECRET}';\nexport const size = 1;\n`;
    writeFileSync(place('config.js'), before);
    await expect(write_(masked(before).replace('size = 1', 'size = 2'))).rejects.toMatchObject({
      name: 'ToolFailure',
      message: expect.stringMatching(/^config\.js: line 1 would put \[REDACTED\] where a secret stands; nothing was written\./),
    });
    expect(readFileSync(place('config.js'), 'utf8')).toBe(before);
  });

  test('is not written there in UTF-16 either, nor when an honest one goes at the same time', async () => {
    const before = `// keys are shown as [REDACTED]\nkey = '${SECRET}'\n`;
    writeFileSync(place('config.js'), utf16(before));
    await expect(write_(`// keys are not shown\nkey = '[REDACTED]'\n`)).rejects.toThrow('config.js: line 2 would put [REDACTED]');
  });

  test.each<[string, string | undefined, string]>([
    ['in a new document about it', undefined, 'Secrets are shown as [REDACTED].\n'],
    ['in a file that says it already', 'log: [REDACTED]\n', 'log: [REDACTED]\nmore: [REDACTED]\n'],
    ['beside a secret that stays', `key = '${SECRET}'\n`, `// shown as [REDACTED]\nkey = '${SECRET}'\n`],
  ])('may be written %s', async (_title, before, content) => {
    if (before !== undefined) writeFileSync(place('config.js'), before);
    await write_(content);
    expect(readFileSync(place('config.js'), 'utf8')).toBe(content);
  });

  test('is no matter to who takes a secret away', async () => {
    writeFileSync(place('config.js'), `key = '${SECRET}'\nlog: [REDACTED]\n`);
    await write_('key = process.env.KEY\nlog: [REDACTED]\n');
    expect(readFileSync(place('config.js'), 'utf8')).toBe('key = process.env.KEY\nlog: [REDACTED]\n');
  });
});
