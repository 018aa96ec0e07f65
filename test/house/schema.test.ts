/** The schema that editors use is the one that the command parses with. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configSchema } from '../../domain/config.ts';
import { schemaText } from '../../scripts/schema.mjs';

const file = new URL('../../governor.schema.json', import.meta.url);

it('governor.schema.json is current; `npm run build` writes it', () => {
  expect(readFileSync(file, 'utf8')).toBe(schemaText(configSchema));
});

it('governor.schema.json describes what a person writes: durations as words, money as numbers, no key required twice', () => {
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  const limits = schema.properties.limits.properties;
  expect(schema.required).toEqual(['version']);
  expect(schema.additionalProperties).toBe(false);
  expect(limits.machineTime).toMatchObject({ type: 'string', default: '60m' });
  expect(limits.costUsd).toMatchObject({ type: 'number' });
});
