/** What a gate tells clients to send is what the server takes; what it takes itself is the name of a record. */
import { toJsonSchema } from '@langchain/core/utils/json_schema';
import { describe, expect, test } from 'vitest';
import { gateAnswer } from '../../../nodes/approve/gate-answer.ts';
import { parseAnswer } from '../../../server/governed/answers.ts';

/** A value for each member that a client may be told of. */
const FILLED: Readonly<Record<string, unknown>> = {
  decision: 'approved',
  comment: 'fine',
  subject: 'd'.repeat(64),
  edit: { summary: 'other' },
  add_usd: '2.50',
};

describe.each(['plan', 'release', 'budget'] as const)('the %s gate', (gate) => {
  test('an answer with every member that clients are told of is a decision', () => {
    const told = toJsonSchema(gateAnswer(gate, true)) as { properties: Record<string, unknown>; required: string[] }; // made by our own schema
    expect(told.required).toEqual(['decision']);
    const answer = Object.fromEntries(Object.keys(told.properties).map((name) => [name, FILLED[name]]));
    expect(parseAnswer(answer, { interruptId: 'a'.repeat(32), gate })).toMatchObject({ kind: 'decision', decision: 'approved' });
  });

  test.each([true, false])('it takes only the name of a record (guarded: %s)', (guarded) => {
    const schema = gateAnswer(gate, guarded);
    expect(schema.safeParse({ approval_id: 'a' }).success).toBe(true);
    for (const other of [{}, { approval_id: '' }, { decision: 'approved' }, { approval_id: 'a', decision: 'approved' }, 'a', true, null])
      expect(schema.safeParse(other).success, JSON.stringify(other)).toBe(false);
  });
});
