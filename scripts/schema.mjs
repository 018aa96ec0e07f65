/** The JSON Schema of `governor.yaml` for editors, made from the same zod schema that the command parses with. */
import { z } from 'zod';

/** The text of `governor.schema.json`: what a person writes (input side), so durations are words and money is dollars. */
export function schemaText(configSchema) {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return `${JSON.stringify({ title: 'governor.yaml', ...schema }, null, 2)}\n`;
}
