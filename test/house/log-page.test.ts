/** `docs/log.md` and the schema of the log's events say the same. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { logEventSchema } from '../../domain/log.ts';

const page = readFileSync(new URL('../../docs/log.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('\n## Events'), page.indexOf('\n## Live'));
const namesIn = (cell: string): string[] => [...cell.matchAll(/`([a-z_-]+)`/g)].map((match) => match[1] ?? '');
const rows = [...section.matchAll(/^\| (`.*?) \| (.*?) \|/gm)].map(([, first = '', second = '']) => ({
  names: namesIn(first),
  fields: namesIn(second),
}));

const SHARED = ['seq', 'at', 'stage', 'attempt', 'agent', 'step'];

it('every type of event stands in both, with its fields', () => {
  const types = logEventSchema.options.map((option) => {
    const { type, ...fields } = option.shape;
    return [[...type.values].join(), Object.keys(fields).filter((name) => !SHARED.includes(name))];
  });
  const last = rows.findLastIndex(({ names }) => names[0] === 'type');
  const listed = rows.slice(last + 1).map(({ names, fields }) => [names.join(), fields]);
  expect(listed).toEqual(types);
});

it('every field that all events have stands in both', () => {
  const last = rows.findLastIndex(({ names }) => names[0] === 'type');
  expect(rows.slice(0, last).flatMap(({ names }) => names)).toEqual(['type', ...SHARED]);
});
