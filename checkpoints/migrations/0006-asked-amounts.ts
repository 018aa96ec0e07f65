/** A reservation keeps what was reserved, of which model and at which price, beside what it was settled to; older rows do not know. */
const amounts = ['cost', 'input_tokens', 'output_tokens', 'model_calls', 'tool_calls', 'agents'];

export const sql = [
  ...amounts.map((name) => `ALTER TABLE reservations ADD COLUMN asked_${name} INTEGER;`),
  'ALTER TABLE reservations ADD COLUMN model TEXT;',
  'ALTER TABLE reservations ADD COLUMN price TEXT;',
].join('\n');
