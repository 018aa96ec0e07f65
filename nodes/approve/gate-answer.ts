/** What a gate is resumed with: the name of its record, which decides nothing. Anything else is refused, and the question stays. */
import { z } from 'zod';
import type { Gate } from '../../domain/handoff.ts';

const error = 'a gate is resumed with { "approval_id": "<record>" } and nothing else; a person decides with governor';
const resumed = z
  .strictObject({ approval_id: z.string({ error }).min(1, { error }) }, { error })
  .meta({ description: 'No decision: the record that a person decided with governor; without one the gate asks again.' });

const decision = { enum: ['approved', 'rejected'] };
const text = { type: 'string' };

/** What a person sends to Governor, which records it and resumes the gate itself; LangGraph shows it to clients as `response_schema`. */
const told = (more: Readonly<Record<string, object>>) =>
  resumed.meta({
    description: 'A rejection needs a comment. `subject` is the digest of what was shown.',
    properties: { decision, comment: text, subject: text, ...more },
    required: ['decision'],
  });

const TOLD: Readonly<Record<Gate, typeof resumed>> = {
  plan: told({ edit: { type: 'object', description: 'The plan as it shall be.' } }),
  release: told({ waive: { type: 'array', items: text, description: 'Ids of the open findings, each of which an approval must waive.' } }),
  budget: told({
    add_usd: { ...text, description: 'Dollars that may be spent more; an approval of more money needs it, one of a fan-out does not.' },
  }),
};

/** `guarded`: no client's answer reaches the graph, so clients are told what decides instead. */
export const gateAnswer = (gate: Gate, guarded: boolean): typeof resumed => (guarded ? TOLD[gate] : resumed);
