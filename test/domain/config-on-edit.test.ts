/** `checks[].onEdit`: what it takes, its default, and what is refused by name. */
import { expect, test } from 'vitest';
import { configSchema } from '../../domain/config.ts';

const parsed = (onEdit: unknown) => configSchema.safeParse({ version: 1, checks: [{ id: 'types', run: ['tsc'], onEdit }] });

test('a quick check is a command with a timeout of 30 s by default; a check needs none', () => {
  expect(parsed({ run: ['tsc', '--noEmit'] }).data?.checks[0]?.onEdit).toEqual({ run: ['tsc', '--noEmit'], timeout: 30_000 });
  expect(parsed({ run: ['tsc'], timeout: '2m' }).data?.checks[0]?.onEdit?.timeout).toBe(120_000);
  expect(parsed(undefined).data?.checks[0]?.onEdit).toBeUndefined();
});

test.each<[string, unknown, string]>([
  ['a shell text', { run: 'tsc --noEmit' }, 'checks.0.onEdit.run'],
  ['no command', { timeout: '5s' }, 'checks.0.onEdit.run'],
  ['a number as timeout', { run: ['tsc'], timeout: 5 }, 'checks.0.onEdit.timeout'],
  ['a key that there is not', { run: ['tsc'], blocks: true }, 'checks.0.onEdit'],
])('%s is refused, and the key is named', (_title, onEdit, path) => {
  expect(parsed(onEdit).error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
});
