/** Results that are cut in the middle, and results that are only told. */
import { describe, expect, test } from 'vitest';
import { cutResult, jsonBytes, LEAST_RESULT_BYTES, pointerOf, type Result } from '../../nodes/cut.ts';
import { dice } from '../dice.ts';
import { numbered } from './rows.ts';

const result = (toolName: string, content: string, input: object = {}): Result => ({
  toolName,
  content,
  call: { id: 'call_1', name: toolName, arguments: JSON.stringify(input) },
});

describe('a result that is cut', () => {
  test('takes at most the bytes it may, of whatever kind its text is', () => {
    const random = dice(7);
    const words = ['größe ', '保持', '🧮', '\\"\n', 'x'.repeat(300), '\t', '\n', '\u0001'];
    for (let round = 0; round < 200; round += 1) {
      const text = Array.from({ length: 1 + Math.floor(random() * 400) }, () => words[Math.floor(random() * words.length)]).join('');
      const most = LEAST_RESULT_BYTES + Math.floor(random() * 4000);
      const cut = cutResult(result(round % 2 === 0 ? 'read_file' : 'run_command', text), most);
      expect(jsonBytes(cut)).toBeLessThanOrEqual(Math.max(most, 0));
      // Half a character would become another one.
      expect(Buffer.from(cut).toString()).toBe(cut);
      if (cut !== text) expect(cut).toContain('[governor: cut here, ');
    }
  });

  test('that fits exactly is not cut', () => {
    const text = numbered(5000);
    expect(cutResult(result('read_file', text), jsonBytes(text))).toBe(text);
    expect(cutResult(result('read_file', text), jsonBytes(text) - 1)).not.toBe(text);
  });

  test('of a file keeps whole lines and names exactly the lines that are missing', () => {
    const text = numbered(40_000, 101);
    const cut = cutResult(result('read_file', text, { path: 'src/a.js' }), 10_000);
    const range = /start_line (\d+) and end_line (\d+)/.exec(cut);
    const shown = [...cut.matchAll(/^(\d+)\t/gm)].map((match) => Number(match[1]));
    const [first, last] = [Number(range?.[1]), Number(range?.[2])];
    expect(shown).toContain(first - 1);
    expect(shown).toContain(last + 1);
    expect(shown.some((number) => number >= first && number <= last)).toBe(false);
    for (const line of cut.split('\n').filter((one) => !one.startsWith('[governor:'))) expect(text.split('\n')).toContain(line);
  });

  test('of anything else says to ask for less', () => {
    expect(cutResult(result('search_files', 'hit\n'.repeat(9000), { pattern: 'hit' }), 1000)).toContain('ask for less at once');
  });

  test('of a file whose lines are too long for any cut on a border names the line', () => {
    expect(cutResult(result('read_file', `1\t${'x'.repeat(30_000)}`), 2000)).toContain('start_line 1 and end_line 1');
  });
});

describe('a pointer', () => {
  test('names the call, its size and the exit code', () => {
    const text = JSON.stringify({ exit_code: 1, stdout: 'x'.repeat(1000) });
    expect(pointerOf(result('run_command', text, { argv: ['npm', 'test'] }))).toBe(
      `[governor: the result of run_command npm test, exit_code 1 (${text.length} bytes) is left out to make room; call it again to see it as it is now]`,
    );
  });

  test('does not stand for a result that is shorter than itself', () => {
    expect(pointerOf(result('write_file', 'wrote src/a.js, 12 bytes'))).toBe('wrote src/a.js, 12 bytes');
  });
});
