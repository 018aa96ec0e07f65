/** What of a change lies outside its plan. */
import { expect, test } from 'vitest';
import type { Change } from '../../domain/handoff.ts';
import { planBodySchema } from '../../domain/handoff.ts';
import { pathsOutside } from '../../nodes/planned-paths.ts';

const plan = (...items: string[][]) =>
  planBodySchema.parse({ summary: 's', items: items.map((paths, index) => ({ id: `i${index}`, title: 't', goal: 'g', paths })) });
const change = (path: string, from?: string): Change => ({
  path,
  ...(from === undefined ? {} : { from }),
  status: from === undefined ? 'modified' : 'renamed',
  mode: '100644',
  old_mode: '100644',
  sha256: '',
});

test('a path that no item names is outside, also the place that a file was moved from', () => {
  const changes = [change('src/a.js'), change('docs/a.md'), change('src/b.js', 'lib/b.js'), change('.github/x.yml')];
  expect(pathsOutside(plan(['src/**'], ['docs/*.md']), changes)).toEqual(['lib/b.js', '.github/x.yml']);
});

test('an item without paths allows every path', () => {
  expect(pathsOutside(plan(['src/**'], []), [change('docs/a.md')])).toEqual([]);
});
