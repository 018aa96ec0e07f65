/** The page on models says of every fault and every dialect what the tables say. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DIALECTS } from '../../domain/config.ts';
import { FAULTS, type FaultName, faultOf } from '../../domain/faults.ts';
import { PROVIDERS } from '../../models/provider.ts';

const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');

test('each fault has its row, with what is done, what is booked and how it ends', () => {
  const rows = page.split('\n').flatMap((line) => {
    const found = /^\| `([a-z-]+)`:[^|]*\| (\w+) \| ([^|]+) \| `(\w+)` \|$/.exec(line);
    return found === null ? [] : [found.slice(1, 5)];
  });
  const wanted = (Object.keys(FAULTS) as FaultName[]).map((name) => {
    const { next, billed, code } = faultOf(name);
    return [name, next, billed ? 'worst case' : 'no', code];
  });
  const sorted = (list: string[][]): string[] => list.map((row) => row.join(' ')).toSorted((one, other) => one.localeCompare(other));
  expect(sorted(rows)).toEqual(sorted(wanted));
});

test('each dialect, key and address is named', () => {
  for (const name of DIALECTS) expect(page).toContain(`\`${name}\``);
  for (const { keys, addresses } of Object.values(PROVIDERS)) for (const name of [...keys, ...addresses]) expect(page).toContain(name);
});
