/** Calls on one line, arguments and results within their caps. */
import { expect, test } from 'vitest';
import { callLine, note, shownArguments, shownResult, words } from '../../../runtime/look/log-text.ts';
import { createRedactor } from '../../../tools/redact.ts';

const plain = (text: string): string => text;
const line = (tool: string, input: unknown): string => callLine(tool, JSON.stringify(input), plain);

test.each([
  ['read_file', { path: 'a.js' }, 'read_file a.js'],
  ['read_file', { path: 'a.js', start_line: 3 }, 'read_file a.js:3-'],
  ['read_file', { path: 'a.js', start_line: 3, end_line: 9 }, 'read_file a.js:3-9'],
  ['list_files', {}, 'list_files'],
  ['list_files', { path: 'src', glob: '*.js' }, 'list_files src *.js'],
  ['search_files', { pattern: 'sum\\(', path: 'src' }, 'search_files "sum\\\\(" src'],
  ['write_file', { path: 'a.js', content: 'one\ntwo\n' }, 'write_file a.js (2 lines)'],
  ['write_file', { path: 'a.js', content: '' }, 'write_file a.js (0 lines)'],
  ['edit_file', { path: 'a.js', old_text: 'x', new_text: 'y\nz\n\nw' }, 'edit_file a.js (+4 -1)'],
  ['edit_file', { path: 'a.js', old_text: 'x', new_text: '' }, 'edit_file a.js (+0 -1)'],
  [
    'edit_file',
    {
      path: 'a.js',
      edits: [
        { old_text: 'x', new_text: 'y\nz' },
        { old_text: 'p\nq', new_text: 'r' },
      ],
    },
    'edit_file a.js (+3 -3)',
  ],
  ['delete_file', { path: 'a.js' }, 'delete_file a.js'],
  [
    'apply_patch',
    { patch: '*** Begin Patch\n*** Update File: src/a.js\n@@\n-x\n+y\n+z\n*** Add File: b.js\n+b\n*** End Patch' },
    'apply_patch src/a.js, b.js (+3 -1)',
  ],
  ['run_command', { argv: ['npm', 'test', '--', 'a b'] }, "run_command npm test -- 'a b'"],
  ['run_command', { shell: 'ls |\n  wc' }, 'run_command ls | wc'],
  ['delegate', { tasks: [{ title: 'one' }, { title: 'two' }] }, 'delegate 2 task(s): one; two'],
  ['submit_review', { verdict: 'pass', findings: [] }, 'submit_review pass, 0 finding(s)'],
  ['unknown', { query: 'x' }, 'unknown x'],
  ['constructor', { path: 'x' }, 'constructor x'],
])('%s %j', (tool, input, expected) => {
  expect(line(tool, input)).toBe(expected);
});

test('a call whose arguments are no JSON, or of another form, still has its line', () => {
  expect(callLine('read_file', '{"path":', plain)).toBe('read_file');
  expect(line('run_command', { argv: 'ls' })).toBe('run_command');
  expect(line('delegate', { tasks: [null, 3] })).toBe('delegate 2 task(s): ;');
  expect(line('edit_file', [1])).toBe('edit_file (+0 -0)');
});

test('a long call is cut on its one line', () => {
  expect(line('run_command', { shell: `echo ${'x'.repeat(1000)}` })).toMatch(/^run_command echo x{283}\.\.\. \(717 more characters\)$/);
});

test('long texts, deep values and many members of arguments are cut', () => {
  const shown = shownArguments(
    JSON.stringify({ path: 'a', content: 'y'.repeat(700), list: Array.from({ length: 60 }, (_none, index) => index) }),
    plain,
  );
  expect(shown['content']).toBe(`${'y'.repeat(500)}... (200 more characters)`);
  expect(shown['list']).toHaveLength(51);
  let deep: unknown = 'end';
  for (let depth = 0; depth < 40; depth += 1) deep = { deep };
  expect(JSON.stringify(shownArguments(JSON.stringify(deep), plain))).toBe(`${'{"deep":'.repeat(6)}"..."${'}'.repeat(6)}`);
  const wide = Object.fromEntries(Array.from({ length: 50 }, (_none, index) => [`k${index}`, 'z'.repeat(500)]));
  expect(JSON.stringify(shownArguments(JSON.stringify(wide), plain)).length).toBeLessThan(1000);
  expect(shownArguments('no json', plain)).toEqual({ text: 'no json' });
});

test('a secret that a cut would part is masked before', () => {
  const redact = createRedactor(['very-secret-value']);
  expect(words(`${'x'.repeat(3990)}very-secret-value`, redact)).not.toContain('very');
  expect(note(`${'x'.repeat(990)}very-secret-value`, redact)).not.toContain('very');
  expect(JSON.stringify(shownArguments(JSON.stringify({ content: `${'x'.repeat(490)}very-secret-value` }), redact))).not.toContain('very');
  expect(
    shownResult('run_command', JSON.stringify({ exit_code: 0, stdout: `${'x'.repeat(290)}very-secret-value`, stderr: '' }), redact).text,
  ).not.toContain('very');
});

test('a result shows its ends; of a command also how it ended, even where the result itself was cut', () => {
  const lines = (count: number): string => Array.from({ length: count }, (_none, index) => `line ${index + 1}`).join('\n');
  expect(shownResult('read_file', lines(7), plain)).toEqual({ bytes: 48, text: lines(7) });
  expect(shownResult('read_file', lines(9), plain).text).toBe('line 1\nline 2\nline 3\nline 4\n(3 lines left out)\nline 8\nline 9');
  expect(shownResult('run_command', JSON.stringify({ exit_code: null, stdout: '', stderr: 'late' }), plain)).toMatchObject({
    exit_code: null,
    text: 'late',
  });
  expect(shownResult('run_command', `{"exit_code":1,"stdout":"x\n[9 bytes left out]\ny"`, plain)).toMatchObject({ exit_code: 1 });
  expect(shownResult('run_command', '{"error":"no"}', plain)).toEqual({ bytes: 14, text: 'no' });
  expect(shownResult('write_file', '{"refused":{"code":"PATH_DENIED","message":"not there"}}', plain).text).toBe('PATH_DENIED: not there');
  expect(shownResult('submit_plan', '{"accepted":true}', plain).text).toBe('');
  expect(shownResult('read_file', '{"name": "a package"}', plain).text).toBe('{"name": "a package"}');
});
