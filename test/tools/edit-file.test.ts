/** Edits of a file: several at once, all or none; what matches but for blanks is told, what nearly matches is hinted at. */
import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { editFile } from '../../tools/edit-file.ts';
import { createRedactor } from '../../tools/redact.ts';
import { makeToolWorld, type ToolWorld } from './tool-context.ts';

let world: ToolWorld;
beforeEach(() => {
  world = makeToolWorld();
});
afterEach(() => world.dispose());

const place = (path: string): string => join(world.folder, 'tree', path);
const put = (content: string | Buffer): void => writeFileSync(place('a.txt'), content);
const text = (): string => readFileSync(place('a.txt'), 'utf8');
const edit = (input: object): Promise<string> => editFile.execute({ path: 'a.txt', ...input }, world.context);
const replace = (old_text: string, new_text: string, more: object = {}): Promise<string> => edit({ old_text, new_text, ...more });

describe('one edit', () => {
  test('must match exactly once, and is told where else it does', async () => {
    put('one\ntwo\nx two two\n');
    await expect(replace('two', 'x')).rejects.toThrow(
      'a.txt: old_text occurs 3 times, at lines 2, 3 and 3; it must occur exactly once: add lines around it, or set replace_all',
    );
    await expect(replace('three', 'x')).rejects.toThrow('a.txt: old_text occurs 0 times; it must occur exactly once.');
    expect(await replace('one', '$& kept')).toBe('edited a.txt');
    expect(text()).toBe('$& kept\ntwo\nx two two\n');
  });

  test('replaces all where it is asked to', async () => {
    put('aa\r\na b\nb\n');
    expect(await replace('a', 'c\nd', { replace_all: true })).toBe('edited a.txt');
    expect(text()).toBe('c\r\ndc\r\nd\r\nc\nd b\nb\n');
  });

  test('of several lines matches a file with CRLF, and leaves CRLF', async () => {
    put('one\r\ntwo\r\nthree\r\n');
    expect(await replace('one\ntwo\n', 'ONE\nand\nTWO\n')).toBe('edited a.txt');
    expect(text()).toBe('ONE\r\nand\r\nTWO\r\nthree\r\n');
  });

  test.each<[string, Buffer, Buffer]>([
    ['Latin-1', Buffer.from('caf\xe9 x \xff\n', 'latin1'), Buffer.from('caf\xe9 y\xfc \xff\n', 'latin1')],
    ['UTF-16LE', Buffer.from('\ufeffcafé x\r\n', 'utf16le'), Buffer.from('\ufeffcafé yü\r\n', 'utf16le')],
    ['UTF-8 without a newline at the end', Buffer.from('\ufeffcafé x'), Buffer.from('\ufeffcafé yü')],
  ])('of a file in %s changes its own bytes alone', async (_title, before, after) => {
    put(before);
    await replace('x', 'yü');
    expect(readFileSync(place('a.txt'))).toEqual(after);
  });

  test('with a character that the encoding does not have is refused, and nothing is written', async () => {
    const before = Buffer.from('caf\xe9\n', 'latin1');
    put(before);
    await expect(replace('caf', '☃')).rejects.toThrow(
      'a.txt: its encoding is Latin-1, which does not have "☃" (U+2603); nothing was written',
    );
    expect(readFileSync(place('a.txt'))).toEqual(before);
  });

  test('that would go over very many lines very often is refused; in few lines, or once, it is made', async () => {
    put(`${'x\n'.repeat(50_000)}${'a\n'.repeat(900)}`);
    await expect(replace('a', 'b', { replace_all: true })).rejects.toThrow(
      'a.txt: old_text occurs 900 times in 50900 lines; replace it by a command',
    );
    expect(await replace('a\n'.repeat(900), 'b\n')).toBe('edited a.txt');
    put('\n'.repeat(100_001));
    await expect(replace('a', 'b')).rejects.toThrow('a.txt: 100001 lines; a file that is edited may have 100000: change it by a command');
    put('a\n'.repeat(1000));
    expect(await replace('a', 'b', { replace_all: true })).toBe('edited a.txt');
  });

  test('of thousands of equal lines is looked for no longer than of others', async () => {
    put('a\n'.repeat(100_000));
    await expect(replace(`${' a\n'.repeat(20_000)}b`, 'c')).rejects.toThrow('old_text occurs 0 times');
    put(`${'a\n'.repeat(90_000)}b\n`);
    expect(await replace(`${' a\n'.repeat(3)} b`, ' c')).toContain('matched lines 89998 to 90001 only without regard to indentation');
  });

  test('that would change nothing says so', async () => {
    put('a\r\nb\n');
    await expect(replace('a\r\nb', 'a\nb')).rejects.toThrow('the same but for line endings, which stay as the file has them');
    await expect(replace('a', 'a')).rejects.toThrow('a.txt: old_text and new_text are the same');
  });

  test('of a binary file, a link or no file is refused', async () => {
    put(Buffer.from([0, 1, 2]));
    await expect(replace('a', 'b')).rejects.toThrow('a.txt: is binary, 3 bytes; edit_file changes text');
    symlinkSync('../outside', place('link'));
    linkSync(join(world.folder, 'outside'), place('hard'));
    for (const path of ['link', 'hard']) await expect(replace('secret', 'x', { path })).rejects.toMatchObject({ code: 'PATH_DENIED' });
    await expect(replace('a', 'b', { path: 'no.txt' })).rejects.toThrow('no.txt: there is no such file');
  });
});

describe('several edits', () => {
  const abc = [
    { old_text: 'a', new_text: 'b' },
    { old_text: 'b\nb', new_text: 'c' },
  ];

  test('are made in order, each on what the one before it left', async () => {
    put('a\nb\n');
    expect(await edit({ edits: abc })).toBe('edited a.txt, 2 edits');
    expect(text()).toBe('c\n');
  });

  test('are made all or none, and the one that failed is named', async () => {
    put('a\nb\n');
    await expect(edit({ edits: [...abc, { old_text: 'zzz', new_text: '' }] })).rejects.toThrow(
      'a.txt: edit 3 of 3: old_text occurs 0 times',
    );
    expect(text()).toBe('a\nb\n');
  });

  test('and one edit are not given together, nor neither', async () => {
    for (const input of [
      {},
      { old_text: 'a' },
      { edits: abc, old_text: 'a', new_text: 'b' },
      { edits: [] },
      { edits: abc, replace_all: true },
    ])
      expect(editFile.schema.safeParse({ path: 'a.txt', ...input }).error?.issues[0]).toMatchObject({
        message: expect.stringMatching(/edits|>=1/),
      });
  });
});

describe('a match but for blanks', () => {
  test('at the ends of lines is made, told, and keeps the blanks of lines that stay', async () => {
    put('if (a) {  \n  go();\t\n}\n');
    expect(await replace('if (a) {\n  go();\n}', 'if (a) {\n  stop();\n}')).toBe(
      "edited a.txt\n(matched lines 1 to 3 only without regard to trailing blanks; the file's own was kept)",
    );
    expect(text()).toBe('if (a) {  \n  stop();\n}\n');
  });

  test.each<[string, string, string, string, string]>([
    [
      'more',
      '    if (a) {\n      go();\n    }\n',
      'if (a) {\n  go();\n  no();\n}',
      'if (a) {\n  go();\n    deep();\n}',
      '    if (a) {\n      go();\n        deep();\n    }\n',
    ],
    ['less', 'if (a) {\n  go();\n}\n', '    if (a) {\n      go();\n    }', '    if (b) {\n      go();\n    }', 'if (b) {\n  go();\n}\n'],
    [
      'tabs',
      '\tif (a) {\n\t\tgo();\n\t}\n',
      '    if (a) {\n        go();\n    }',
      '    if (a) {\n        go();\n            deep();\n    }',
      '\tif (a) {\n\t\tgo();\n\t\t\tdeep();\n\t}\n',
    ],
    [
      'blanks',
      '  if (a) {\n    go();\n  }\n',
      '\tif (a) {\n\t\tgo();\n\t}',
      '\tif (a) {\n\t\tgo();\n\t\tmore();\n\t}',
      '  if (a) {\n    go();\n    more();\n  }\n',
    ],
  ])('in the indentation, which is %s in the file, is made with that of the file', async (_title, before, old, next, after) => {
    put(before);
    const wanted = old.includes('no();') ? old.replace('  no();\n', '') : old;
    expect(await replace(wanted, next)).toContain('only without regard to indentation');
    expect(text()).toBe(after);
  });

  test('is not made where there are two of them', async () => {
    put('  go( );\n\n    go( );\n');
    await expect(replace('\tgo( );\n', '\tstop();\n')).rejects.toThrow(
      'a.txt: old_text occurs 0 times; but for indentation it is at lines 1 and 3: copy the lines exactly, with more around them',
    );
    expect(text()).toBe('  go( );\n\n    go( );\n');
  });

  test('is not made where the lines are shifted differently, nor for blanks alone', async () => {
    put('  a();\n        b();\n   \n');
    await expect(replace('a();\n  b();', 'c();')).rejects.toThrow('occurs 0 times');
    await expect(replace('  \n\n', '')).rejects.toThrow('occurs 0 times');
  });
});

describe('a near miss', () => {
  test('tells the nearest lines and what differs', async () => {
    put('function a() {\n  return 1;\n}\n\nfunction b() {\n  return 2;\n}\n');
    await expect(replace('function b() {\n  return 3;\n}', '')).rejects.toThrow(
      'Nearest: lines 5 to 7, with 2 of 3 lines the same but for blanks around them. Line 6 is "  return 2;"; the text has "  return 3;".',
    );
  });

  test('of one line tells the line that is most like it', async () => {
    put('const first = 1;\nconst secondValue = compute(2);\n');
    await expect(replace('const secondValue = compute(3);', '')).rejects.toThrow(
      'Nearest: line 2 is "const secondValue = compute(2);"; the text has "const secondValue = compute(3);".',
    );
  });

  test('with the line numbers of read_file says so', async () => {
    put('one\ntwo\n');
    await expect(replace('1\tone\n2\ttwo', 'x')).rejects.toThrow('Its lines begin with the line numbers of read_file');
  });

  test('of something else altogether claims nothing', async () => {
    put('one\ntwo\n');
    await expect(replace('zzzzzz', 'x')).rejects.toThrow(/^a\.txt: old_text occurs 0 times; it must occur exactly once\.$/);
  });
});

describe('the mask of a secret', () => {
  const redact = createRedactor(['hunter2-hunter2']);
  const masking = (old_text: string, new_text: string): Promise<string> =>
    editFile.execute({ path: 'a.txt', old_text, new_text }, { ...world.context, redact });

  test('is not put where the secret stood', async () => {
    put("key = 'hunter2-hunter2'\n");
    await expect(masking("key = 'hunter2-hunter2'", "key = '[REDACTED]' // the key")).rejects.toThrow('a.txt: line 1 would put [REDACTED]');
    expect(text()).toBe("key = 'hunter2-hunter2'\n");
  });

  test('may be put beside a secret that stays', async () => {
    put("key = 'hunter2-hunter2'\nsay()\n");
    await masking('say()', "say('[REDACTED]')");
    expect(text()).toBe("key = 'hunter2-hunter2'\nsay('[REDACTED]')\n");
  });
});
