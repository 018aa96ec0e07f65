/** The JSON Schemas that ship, made from the same zod schemas that the commands parse and print with. */
import { z } from 'zod';

/** The text of `governor.schema.json`: what a person writes (input side), so durations are words and money is dollars. */
export function schemaText(configSchema) {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return `${JSON.stringify({ title: 'governor.yaml', ...schema }, null, 2)}\n`;
}

/** The text of `governor-eval.schema.json`: what `governor eval --json` prints. */
export function reportCardSchemaText(reportCardSchema) {
  const schema = z.toJSONSchema(reportCardSchema, { io: 'output', reused: 'inline' });
  return `${JSON.stringify({ title: 'report card of governor eval', ...schema }, null, 2)}\n`;
}
