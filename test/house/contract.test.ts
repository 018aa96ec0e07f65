/** `docs/contract.md` and the code say the same: reason codes, commands, tools, stages, the example configuration and its limits. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema, effectiveLimits } from '../../domain/config.ts';
import { REASONS } from '../../domain/reasons.ts';
import { ROLES, TOOL_NAMES, toolsOf } from '../../domain/roles.ts';
import { STAGES } from '../../domain/stages.ts';

const page = readFileSync(new URL('../../docs/contract.md', import.meta.url), 'utf8');

/** From a heading to the next of its rank or above. */
function section(heading: string): string {
  const start = page.indexOf(`\n## ${heading}`);
  expect(start, `no section "${heading}"`).toBeGreaterThan(0);
  const end = page.indexOf('\n## ', start + 4);
  return page.slice(start, end < 0 ? undefined : end);
}

const example = (): unknown => parse(/```yaml\n([\s\S]*?)```/.exec(section('Configuration'))?.[1] ?? '');

it('every reason code stands in both', () => {
  const listed = [...section('Reason codes').matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map((match) => match[1] ?? '');
  expect(listed.toSorted()).toEqual(Object.keys(REASONS).toSorted());
});

it('every command stands in both', () => {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const help = execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
  const known = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1] ?? '');
  const first = section('Commands')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ')[0] ?? '');
  const listed = first.flatMap((cell) => [...cell.matchAll(/`([a-z]+)[^`]*`/g)].map((match) => match[1] ?? ''));
  expect([...new Set(listed)].toSorted()).toEqual(known.filter((name) => name !== 'help').toSorted());
});

it('every tool stands in both, with the roles that may call it', () => {
  const rows = [...section('What a model sees').matchAll(/^\| `(\w+)` \| ([\w, ]+) \|/gm)];
  const listed = Object.fromEntries(rows.map(([, tool = '', roles = '']) => [tool, roles === 'all' ? [...ROLES] : roles.split(', ')]));
  expect(listed).toEqual(Object.fromEntries(TOOL_NAMES.map((tool) => [tool, ROLES.filter((role) => toolsOf(role).includes(tool))])));
});

it('every stage stands in both', () => {
  const listed = /`stage` is one of `([^`]+)`/.exec(section('What a model sees'))?.[1]?.split(/\s+/);
  expect(listed).toEqual([...STAGES]);
});

it('the example configuration parses, and names every limit with its default', () => {
  const { limits } = configSchema.parse(example());
  expect(effectiveLimits(limits, {})).toEqual(effectiveLimits(configSchema.parse({ version: 1 }).limits, {}));
  const written = Object.keys((example() as { limits: object }).limits); // parsed above
  expect(written.toSorted()).toEqual(Object.keys(limits).toSorted());
});
