import { expect, test } from 'vitest';
import { treeLines } from '../../cli/tree.ts';
import type { AuditRecord } from '../../domain/audit.ts';

const record = (seq: number, action: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  seq,
  threadId: 't',
  actor: 'governor',
  action,
  at: new Date(seq * 1000).toISOString(),
  previous: '',
  hash: '',
  ...more,
});

test('the tree shows each stage and attempt with its state, what runs now, and the cost', () => {
  const stage = { stage: 'build', attempt: 1 };
  const lines = treeLines(
    [
      record(1, 'stage-start', { stage: 'plan', attempt: 1 }),
      record(2, 'stage-end', { stage: 'plan', attempt: 1 }),
      record(3, 'model-call', { ...stage, facts: { model: 'm' } }),
      record(4, 'model-answer', { ...stage, facts: { costMicroUsd: 1500 } }),
      record(5, 'tool-call', { ...stage, facts: { tool: 'write_file', path: '"a\u001b[2J.js"' } }),
    ],
    6000,
  );
  expect(lines[0]).toMatch(/^\+ plan 1 +1\.0 s$/);
  expect(lines[1]).toContain('> build 1');
  expect(lines[1]).toContain('1 call(s) $0.0015');
  expect(lines[1]).toContain('write_file');
  expect(lines.join('\n')).not.toContain('\u001b');
});

test('a run that ended says how, and its open stage failed', () => {
  const lines = treeLines(
    [record(1, 'stage-start', { stage: 'plan', attempt: 1 }), record(2, 'run-end', { code: 'SCRIPT_MISS', facts: { status: 'stopped' } })],
    3000,
  );
  expect(lines).toEqual([expect.stringMatching(/^x plan 1/), '= stopped SCRIPT_MISS']);
});
