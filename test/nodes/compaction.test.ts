/** What a compaction decides, and what its summary tells and does not. */
import { describe, expect, test } from 'vitest';
import { planCompaction, planCut } from '../../nodes/compaction.ts';
import { jsonBytes } from '../../nodes/cut.ts';
import { CLOSING_MARK, summaryOf } from '../../nodes/summary.ts';
import { BRIEF, bytesOf, chainOf, fitted, messagesOf, numbered, partsOf, read, step } from './rows.ts';

const many = (count: number, bytes: number) =>
  chainOf(
    Array.from({ length: count }, (_, index) => step(index + 1, [read(`src/${index}.js`, numbered(bytes))], `Found ${index + 1}.`)).flat(),
    chainOf([BRIEF]),
  );

describe('a compaction', () => {
  test('leaves half of the room to work in, keeps the newest steps as they were, and older ones with pointers', () => {
    const rows = chainOf([planCompaction(partsOf(many(40, 2000), 64_000))], many(40, 2000));
    const messages = messagesOf(rows);
    expect(bytesOf(messages)).toBeLessThanOrEqual(32_000);
    expect(bytesOf(messages)).toBeGreaterThan(20_000);
    const results = messages.filter((message) => message.role === 'tool').map((message) => message.content);
    const pointers = results.findIndex((content) => !content.startsWith('[governor:'));
    expect(pointers).toBeGreaterThan(0);
    expect(results.slice(pointers).every((content) => !content.startsWith('[governor:'))).toBe(true);
    expect(results.length - pointers).toBeGreaterThan(2);
  });

  test('of compactions, again and again, does not grow', () => {
    let rows = many(1, 10);
    const sizes: number[] = [];
    for (let number = 2; number < 600; number += 1) {
      rows = fitted(chainOf(step(number, [read(`src/${number}.js`, numbered(1500))], `Found ${number}.`), rows), 32_000);
      const newest = rows.at(-1)?.message;
      if (newest?.role === 'compaction') sizes.push(jsonBytes(newest.content));
    }
    expect(sizes.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32_000 / 8);
    expect(sizes.at(-1)).toBeGreaterThan(1000);
    expect(messagesOf(rows)[1]?.content).toMatch(/\(\d+ older ones are left out\)/);
  });

  test('does not come where cutting the newest results leaves them half of the room', () => {
    const rows = chainOf(step(9, [read('big', numbered(60_000))]), many(3, 2000));
    const over = bytesOf(messagesOf(rows)) - 50_000;
    expect(planCut(partsOf(rows, 50_000), over)).toMatchObject({ kept: null });
    const full = chainOf(step(9, [read('big', numbered(60_000))]), many(16, 2000));
    expect(planCut(partsOf(full, 50_000), bytesOf(messagesOf(full)) - 50_000)).toBeUndefined();
  });
});

describe('the summary', () => {
  const command = (code: number) => ({
    name: 'run_command',
    input: { argv: ['npm', 'test'] },
    result: JSON.stringify({ exit_code: code, stdout: '' }),
  });
  const write = (path: string, result = `wrote ${path}, 3 bytes`) => ({ name: 'write_file', input: { path, content: 'abc' }, result });

  test('names what was read and changed, commands with their exit codes, notes and the own words', () => {
    const rows = chainOf([
      ...step(1, [read('src/a.js', 'text', { start_line: 5, end_line: 9 })], 'The bug is in a.js.'),
      ...step(2, [write('src/a.js'), command(1)]),
      { role: 'user', content: 'You are not getting anywhere: stop.' },
      ...step(3, [{ name: 'edit_file', input: { path: 'src/a.js' }, result: 'edited src/a.js' }, command(0)]),
    ]);
    const text = summaryOf(rows, 8000);
    expect(text).toContain('3 earlier steps of yours are left out here, with 5 results');
    expect(text).toContain('- src/a.js: wrote, edited');
    expect(text).toContain('- src/a.js: 5-9');
    expect(text).toContain('- npm test: exit_code 1\n- npm test: exit_code 0');
    expect(text).toContain('- The bug is in a.js.');
    expect(text).toContain('- You are not getting anywhere: stop.');
  });

  test('tells the files of a patch, and takes nothing from what a check said under it', () => {
    const result =
      'patched\nchanged src/a.js\nadded src/b.js\nmoved c.js to d.js\n\nThe edit stands. The quick check "lint" (lint) ended with exit code 1:\nchanged nothing.js';
    const call = { name: 'apply_patch', input: { input: '*** Begin Patch' }, result };
    const text = summaryOf(chainOf(step(1, [call])), 8000);
    expect(text).toContain('- src/a.js: changed\n- src/b.js: added\n- c.js to d.js: moved');
    expect(text).not.toContain('nothing.js: changed');
  });

  test('does not claim a change that was refused or failed', () => {
    const refused = '{"refused":{"code":"OUT_OF_SCOPE","message":"src/b.js: this task may write src/a.js alone"}}';
    const text = summaryOf(chainOf(step(1, [write('src/b.js', refused), write('src/c.js', '{"error":"no room"}')])), 8000);
    expect(text).not.toContain('Files you changed');
    expect(text).toContain('- write_file src/b.js: {"refused"');
  });

  test('keeps what the agent says when it is asked to, word for word, and other words as one line', () => {
    const said = 'Found:\n  1. a.js adds instead of multiplying\n  2. keep "sum"';
    const rows = chainOf([
      ...step(1, [read('a', 'one')], 'Line one.\nLine two.'),
      { role: 'user', content: `${CLOSING_MARK} say what you found out.` },
      ...step(2, [read('b', 'two')], said),
    ]);
    expect(summaryOf(rows, 8000)).toContain(said);
    expect(summaryOf(rows, 8000)).toContain('- Line one. Line two.');
    expect(summaryOf(rows, 8000)).not.toContain(CLOSING_MARK);
  });

  test('fits whatever it may take, drops the oldest first and counts them', () => {
    const rows = chainOf(
      Array.from({ length: 300 }, (_, index) =>
        step(index, [command(index), write(`src/${index}.js`)], `Word ${index}: ${'größe '.repeat(40)}`),
      ).flat(),
    );
    for (const most of [0, 100, 200, 700, 2000, 16_000]) {
      const text = summaryOf(rows, most);
      expect(text === '' ? 0 : jsonBytes(text)).toBeLessThanOrEqual(Math.max(most, 0));
    }
    const text = summaryOf(rows, 4000);
    expect(text).toContain('- npm test: exit_code 299');
    expect(text).not.toContain('exit_code 1\n');
    expect(text).toMatch(/\(\d+ older ones are left out\)/);
  });
});
