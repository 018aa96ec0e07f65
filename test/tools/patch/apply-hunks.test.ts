/** Where hunks go: exactly one place, by their lines, headers, line numbers and order; otherwise nowhere, and it says why. */
import { describe, expect, test } from 'vitest';
import { applyHunks } from '../../../tools/patch/apply-hunks.ts';
import { parsePatch } from '../../../tools/patch/parse.ts';
import { linesOf, textOf } from '../../../tools/text/lines.ts';

function patched(text: string, ...body: string[]): { text: string; remarks: string[] } {
  const [change] = parsePatch(['*** Begin Patch', '*** Update File: f', ...body, '*** End Patch'].join('\n'));
  const { lines, remarks } = applyHunks('f', linesOf(text), change?.kind === 'update' ? change.hunks : []);
  return { text: textOf(lines), remarks };
}

const TWICE = 'class A\n  go\n  end\nclass B\n  go\n  end\n';

describe('a hunk', () => {
  test.each<[string, string, string[], string]>([
    ['goes where its lines are', 'a\nb\nc\n', ['@@', ' a', '-b', '+x', ' c'], 'a\nx\nc\n'],
    ['goes under its header', TWICE, ['@@ class B', '-  go', '+  stop'], 'class A\n  go\n  end\nclass B\n  stop\n  end\n'],
    [
      'goes under the innermost of its headers',
      `${TWICE}class C\n  go\n`,
      ['@@ class B', '@@   end', '-  go', '+  x'],
      `${TWICE}class C\n  x\n`,
    ],
    ['goes to the line that it names', TWICE, ['@@ -5,1 +5,1 @@', '-  go', '+  x'], 'class A\n  go\n  end\nclass B\n  x\n  end\n'],
    [
      'goes behind the hunk before it',
      TWICE,
      ['@@', '-class B', '+class C', '@@', '-  go', '+  x'],
      'class A\n  go\n  end\nclass C\n  x\n  end\n',
    ],
    ['goes to the end where it says so', 'a\nb\na\n', ['@@', '-a', '+x', '*** End of File'], 'a\nb\nx\n'],
    ['with new lines alone goes under its header', 'a\nb\n', ['@@ a', '+x'], 'a\nx\nb\n'],
    ['with new lines alone goes to the end', 'a\nb', ['@@', '+x'], 'a\nb\nx'],
    ['with new lines alone goes below the line that it names', 'a\nb\n', ['@@ -1,0 +2,1 @@', '+x'], 'a\nx\nb\n'],
    ['keeps line endings, each its own', 'a\r\nb\nc\r\n', ['@@', ' a', '-b', '+x', '+y', ' c'], 'a\r\nx\ny\nc\r\n'],
    ['takes the newline at the end away where it says so', 'a\nb\n', ['@@', ' a', '-b', '+x', '\\ No newline at end of file'], 'a\nx'],
    ['brings one where it says so', 'a\nb', ['@@', ' a', '-b', '\\ No newline at end of file', '+x'], 'a\nx\n'],
  ])('%s', (_title, text, body, expected) => {
    expect(patched(text, ...body)).toEqual({ text: expected, remarks: [] });
  });

  test('that fits but for blanks goes there, is told, and keeps the lines that stay', () => {
    expect(patched('if a:  \n\tgo\n\tend\n', '@@', ' if a:', '-    go', '+    stop', '     end')).toEqual({
      text: 'if a:  \n\tstop\n\tend\n',
      remarks: ["f: hunk 1 of 1 matched lines 1 to 3 only without regard to indentation; the file's own was kept"],
    });
  });

  test.each<[string, string, string[], string]>([
    [
      'two places',
      TWICE,
      ['@@', '-  go', '+  x'],
      'f: hunk 1 of 1: its lines occur 2 times, at lines 2 and 5; add lines around the change',
    ],
    ['two places but for blanks', ' go \n\n go \n', ['@@', '-go', '+x'], 'its lines occur 2 times, at lines 1 and 3'],
    ['two places under a header that is there twice', `${TWICE}${TWICE}`, ['@@ class A', '-  go', '+  x'], 'its lines occur 4 times'],
    [
      'no place',
      'aaaa\nbbbb\n',
      ['@@', ' aaaa', '-bbbc', '+x'],
      'Nearest: lines 1 to 2, with 1 of 2 lines the same but for blanks around them. Line 2 is "bbbb"; the text has "bbbc".',
    ],
    ['no place at the end', 'a\nb\n', ['@@', '-a', '+x', '*** End of File'], 'its lines are not in the file at its end'],
    ['a place above the hunk before it', 'a\nb\n', ['@@', '-b', '+x', '@@', '-a', '+y'], 'put the hunks in the order of the file'],
    ['new lines alone and a header that is not there', 'a\n', ['@@ zzz', '+x'], 'its header "zzz" is not in the file'],
    [
      'new lines alone and a header that is there twice',
      'a\na\n',
      ['@@ a', '+x'],
      'its header "a" is at lines 1 and 2; give lines around the change',
    ],
  ])('with %s goes nowhere', (_title, text, body, message) => {
    expect(() => patched(text, ...body)).toThrow(
      expect.objectContaining({ name: 'ToolFailure', message: expect.stringContaining(message) }),
    );
  });
});
