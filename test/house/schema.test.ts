/** The schema that editors use says what a person writes. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const file = new URL('../../governor.schema.json', import.meta.url);

it('governor.schema.json describes what a person writes: durations as words, money as numbers, no key required twice', () => {
  const schema = JSON.parse(readFileSync(file, 'utf8'));
  const limits = schema.properties.limits.properties;
  expect(schema.required).toEqual(['version']);
  expect(schema.additionalProperties).toBe(false);
  expect(limits.machineTime).toMatchObject({ type: 'string', default: '60m' });
  expect(limits.costUsd).toMatchObject({ type: 'number' });
});

it('governor.schema.json has one shape of `release` for each target, with the options of that target alone', () => {
  const { release } = JSON.parse(readFileSync(file, 'utf8')).properties;
  const shapes: { properties: Record<string, { const?: string }>; additionalProperties: boolean; required?: string[] }[] = release.oneOf;
  expect(shapes.map(({ additionalProperties }) => additionalProperties)).toEqual(shapes.map(() => false));
  const named = (name: string) => shapes.find(({ properties }) => properties['target']?.const === name);
  expect([named('merge')?.required, named('push')?.required]).toEqual([undefined, ['target']]);
  expect([named('merge')?.properties['remote'], named('push')?.properties['remote']]).toEqual([undefined, expect.anything()]);
});
