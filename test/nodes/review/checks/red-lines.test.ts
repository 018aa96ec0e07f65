/** Red lines are judged on the difference of trees. */
import { describe, expect, test } from 'vitest';
import { redLines } from '../../../../nodes/review/checks/red-lines.ts';
import { review } from './review.ts';

const MONEY = { protect: [{ id: 'money', paths: ['payments/**'], reason: 'moves money' }] };
const RATE = 'export const rate = 1;\nexport const other = 2;\n';

describe('red lines', () => {
  const lines = async (what: Parameters<typeof review>[1]) =>
    (await review(redLines, { config: MONEY, ...what })).redLines.map((line) => `${line.rule_id} ${line.paths.join(' ')}`);
  const base = { 'payments/rate.js': RATE };

  test('renames count on both sides, deletions, modes and links count, whatever the case', async () => {
    expect(await lines({ base, candidate: { 'payments/rate.js': null, 'x.js': RATE } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base: { 'x.js': RATE }, candidate: { 'x.js': null, ...base } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': null } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': { run: RATE } } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'payments/rate.js': { link: '../x' } } })).toEqual(['money payments/rate.js']);
    expect(await lines({ base, candidate: { 'Payments/RATE.js': 'x' } })).toEqual(['money Payments/RATE.js']);
  });

  test('a folder by its name, and names with brackets, are protected; only a request of an earlier version knows alternatives', async () => {
    const config = (paths: string[], more: object = {}) => ({ ...more, protect: [{ id: 'money', paths, reason: 'r' }] });
    const candidate = { 'app/(admin)/[id]/a.js': 'x', 'pay/a.js': 'x' };
    for (const path of ['app/(admin)/', 'APP/(Admin)', 'app/(admin)/[id]/**'])
      expect(await lines({ base: {}, candidate, config: config([path], { patterns: 2 }) })).toEqual(['money app/(admin)/[id]/a.js']);
    expect(await lines({ base: {}, candidate, config: config(['pay/{a,b}.js']) })).toEqual(['money pay/a.js']);
    expect(await lines({ base: {}, candidate, config: config(['pay/{a,b}.js'], { patterns: 2 }) })).toEqual([]);
  });

  test('a protected folder that becomes a file is told', async () => {
    expect(await lines({ base, candidate: { 'payments/rate.js': null, payments: 'x' } })).toEqual(['money payments payments/rate.js']);
  });

  test('the rules that govern agents are behind a red line without being configured', async () => {
    expect(await lines({ base: {}, candidate: { 'governor.yaml': 'version: 1\n' } })).toEqual(['governor governor.yaml']);
    expect(await lines({ base: {}, candidate: { 'src/a.js': 'x' } })).toEqual([]);
  });
});
