/** Reading patches: both formats, what models add to them, and what is refused with its line. */
import { describe, expect, test } from 'vitest';
import { parsePatch } from '../../../tools/patch/parse.ts';

const envelope = (...lines: string[]): string => ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
const hunksOf = (text: string) => parsePatch(text).flatMap((change) => (change.kind === 'update' ? change.hunks : []));

describe('the format of *** Begin Patch', () => {
  test('is read with headers, context and the end of the file', () => {
    expect(
      parsePatch(
        envelope('*** Update File: a.py', '@@ class A:', '@@     def b(self):', ' x', '-y', '+z', '', '@@', '-last', '*** End of File', ''),
      ),
    ).toEqual([
      {
        kind: 'update',
        path: 'a.py',
        moveTo: undefined,
        hunks: [
          {
            headers: ['class A:', '    def b(self):'],
            start: undefined,
            atEnd: false,
            old: ['x', 'y'],
            next: ['x', 'z'],
            isEnded: undefined,
          },
          { headers: [], start: undefined, atEnd: true, old: ['last'], next: [], isEnded: undefined },
        ],
      },
    ]);
  });

  test('is read without a first @@, with CRLF, with ranges, and inside of a fence or a here-document', () => {
    expect(hunksOf(envelope('*** Update File: a', '-x', '+y'))).toMatchObject([{ old: ['x'], next: ['y'] }]);
    expect(hunksOf(envelope('*** Update File: a', '-x', '+y').replaceAll('\n', '\r\n'))).toMatchObject([{ old: ['x'], next: ['y'] }]);
    expect(hunksOf(envelope('*** Update File: a', '@@ -7,2 +7,2 @@ def f', '-x', '+y'))).toMatchObject([{ start: 7, headers: [] }]);
    for (const [before, after] of [
      ['```\n', '\n```'],
      ["apply_patch <<'EOF'\n", '\nEOF\n'],
    ])
      expect(parsePatch(`${before}${envelope('*** Delete File: a')}${after}`)).toEqual([{ kind: 'delete', path: 'a' }]);
  });

  test('reads an empty line inside of a hunk as an empty line of the file', () => {
    expect(hunksOf(envelope('*** Update File: a', '@@', ' x', '', '-y'))).toMatchObject([{ old: ['x', '', 'y'], next: ['x', ''] }]);
  });

  test.each<[string, string, string]>([
    ['no end', '*** Begin Patch\n*** Add File: a\n+x', 'the patch has no line "*** End Patch"; it may have been cut off'],
    ['a line before the first file', envelope('hello', '*** Delete File: a'), 'line 2 of the patch is "hello"; a file begins with'],
    ['an added line without +', envelope('*** Add File: a', 'x'), 'line 3 of the patch is "x"; every line of an added file begins with +'],
    ['lines of a deleted file', envelope('*** Delete File: a', '-x'), 'line 3 of the patch is "-x"; nothing follows'],
    [
      'a line of a hunk without a sign',
      envelope('*** Update File: a', '@@', 'x'),
      'line 4 of the patch is "x"; a line of a hunk begins with',
    ],
    ['another *** line in a hunk', envelope('*** Update File: a', '@@', '-x', '*** Rename: b'), 'line 5 of the patch is "*** Rename: b"'],
    ['an update without a hunk', envelope('*** Update File: a'), 'a: the update has no hunk'],
    ['nothing', envelope(), 'the patch changes no file'],
  ])('with %s is refused', (_title, text, message) => {
    expect(() => parsePatch(text)).toThrow(expect.objectContaining({ name: 'ToolFailure', message: expect.stringContaining(message) }));
  });
});

describe('a unified diff', () => {
  test('is read with renames, wrong counts, lines that look like heads, and ends without a newline', () => {
    const text = [
      'diff --git a/x.sql b/y.sql',
      'similarity index 90%',
      'rename from x.sql',
      'rename to y.sql',
      '--- a/x.sql\t2026-01-01',
      '+++ b/y.sql\t2026-01-02',
      '@@ -1,9 +1,9 @@ head',
      ' a',
      '--- a comment',
      '+b',
      '\\ No newline at end of file',
      'diff --git a/p b/q',
      'rename from p',
      'rename to q',
    ].join('\n');
    expect(parsePatch(text)).toEqual([
      {
        kind: 'update',
        path: 'x.sql',
        moveTo: 'y.sql',
        hunks: [{ headers: [], start: 1, atEnd: false, old: ['a', '-- a comment'], next: ['a', 'b'], isEnded: false }],
      },
      { kind: 'update', path: 'p', moveTo: 'q', hunks: [] },
    ]);
  });

  test('is read where removed and added lines look like the two lines of another file', () => {
    const sql = '--- a/x.sql\n+++ b/x.sql\n@@ -1,3 +1,3 @@\n--- one\n+++ two\n -- three\n@@ -9 +9 @@\n-a\n+b';
    expect(parsePatch(sql)).toMatchObject([
      {
        path: 'x.sql',
        hunks: [
          { old: ['-- one', '-- three'], next: ['++ two', '-- three'] },
          { old: ['a'], next: ['b'] },
        ],
      },
    ]);
  });

  test('is read of several files without a line of git between them, the last one deleted', () => {
    const text = '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-1\n+2\n--- a/z\n+++ /dev/null\n';
    expect(parsePatch(text)).toMatchObject([
      { kind: 'update', path: 'x', hunks: [{ old: ['1'], next: ['2'] }] },
      { kind: 'update', path: 'y', hunks: [{ old: ['1'], next: ['2'] }] },
      { kind: 'delete', path: 'z' },
    ]);
  });

  test('is read without prefixes, also in a folder a', () => {
    expect(parsePatch('--- a/x\n+++ a/x\n@@ -1 +1 @@\n-1\n+2')).toMatchObject([{ kind: 'update', path: 'a/x' }]);
    expect(parsePatch('--- x\n+++ x\n@@ -1 +1 @@\n-1\n\\ No newline at end of file\n+2')).toMatchObject([
      { path: 'x', hunks: [{ isEnded: true }] },
    ]);
  });

  test.each<[string, string, string]>([
    ['a binary part', 'diff --git a/x b/x\nGIT binary patch\n', 'line 2 of the patch is "GIT binary patch"'],
    ['a change of mode', 'diff --git a/x b/x\nold mode 100644\nnew mode 100755\n', 'line 2 of the patch is "old mode 100644"'],
    ['a name in quotation marks', '--- "a/\\303"\n+++ "b/\\303"\n@@ -1 +1 @@\n-1\n+2', 'names in quotation marks are not read'],
    ['no hunk', '--- a/x\n+++ b/x\nhello\n', 'line 3 of the patch is "hello"; a hunk begins with'],
    ['only words', 'please change x', 'the patch changes no file'],
  ])('with %s is refused', (_title, text, message) => {
    expect(() => parsePatch(text)).toThrow(expect.objectContaining({ name: 'ToolFailure', message: expect.stringContaining(message) }));
  });
});
