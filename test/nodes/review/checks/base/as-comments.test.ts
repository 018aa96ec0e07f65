/** What is new is found and read by a test of the base, and nothing of it runs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asComments } from '../../../../../nodes/review/checks/base/as-comments.ts';

function printedBy(program: string, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'governor-comments-'));
  try {
    writeFileSync(join(folder, name), text);
    return execFileSync(program, [join(folder, name)], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each([
  ['a.test.js', "test('export', () => {});\nconst a = `\n`;"],
  ['a.test.tsx', '/* export */ */'],
  ['test_a.py', '"""export\n"""'],
  ['a_spec.rb', '=begin\nexport\n=end'],
])('%s: all that it says is still there', (path, text) => {
  const comments = asComments(path, text) ?? '';
  for (const line of text.split('\n')) expect(comments).toContain(line);
  expect(comments.split('\n').every((line) => /^(?:\/\/|#)/.test(line))).toBe(true);
});

test.each(['\n', '\r', '\r\n', '\u2028', '\u2029'])('a line of JavaScript that ends with %j runs nothing', (end) => {
  expect(printedBy('node', 'a.js', `1;${end}console.log('ran')`)).toBe('ran\n');
  expect(printedBy('node', 'a.js', asComments('a.js', `1;${end}console.log('ran')`) ?? '')).toBe('');
});

test.each(['# coding: utf-7\n', '\n# coding: utf-7\n', '# \r'])('nor does one of Python whose comment ends elsewhere: %j', (head) => {
  expect(printedBy('python3', 'a.py', `${head}# +AAo-print("ran")\nprint("ran")\n`)).toMatch(/ran/);
  expect(printedBy('python3', 'a.py', asComments('a.py', `${head}# +AAo-print("ran")\nprint("ran")\n`) ?? '')).toBe('');
});

test('a file of Go stays one of its package, without what stands behind it', () => {
  expect(asComments('a_test.go', 'package money\n\nfunc init() {}')).toBe('package money\n// \n// func init() {}');
  expect(asComments('a_test.go', 'package money; func init() {}')).toBe('// package money; func init() {}');
});

test('another language has none', () => {
  expect(asComments('test/ATest.java', '// \\u000a')).toBeUndefined();
  expect(asComments('test/data.json', '{}')).toBeUndefined();
});
