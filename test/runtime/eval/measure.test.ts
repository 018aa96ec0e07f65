/** What a run took is counted from its audit records. */
import { expect, test } from 'vitest';
import type { AuditRecord } from '../../../domain/audit.ts';
import { countOf } from '../../../runtime/eval/measure.ts';

const record = (action: string, facts: Record<string, unknown> = {}): AuditRecord => ({
  threadId: 't',
  action,
  actor: 'agent:lead',
  facts,
  seq: 1,
  number: 1,
  at: '2026-01-01T00:00:00Z',
  previous: '',
  hash: '',
});
const usage = (inputTokens: number, cachedInputTokens: number, outputTokens: number) => ({
  usage: { inputTokens, cachedInputTokens, outputTokens },
});

test('steps are answers; errors are what failed, was invalid or refused; tokens are those that were booked', () => {
  const records = [
    record('model-call'),
    record('model-answer', usage(100, 0, 10)),
    record('tool-call'),
    record('tool-result', { outcome: 'ok' }),
    record('tool-result', { outcome: 'error' }),
    record('tool-result', { outcome: 'invalid' }),
    record('tool-result', { outcome: 'handed-over' }),
    record('tool-refused', { outcome: 'refused' }),
    record('model-answer', usage(300, 200, 20)),
    record('stage-end'),
  ];
  expect(countOf(records)).toEqual({
    steps: 2,
    tool_calls: 5,
    tool_errors: 3,
    input_tokens: 400,
    cached_input_tokens: 200,
    output_tokens: 30,
  });
});
