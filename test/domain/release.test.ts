/** `release` of a configuration: one target, and the options of that target. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../domain/config.ts';
import { ignoredOptions, othersOptionProblem, othersOptions, releaseSchema } from '../../domain/release.ts';

const COMMON = { branch: 'main', approval: 'always', approvalValid: 86_400_000, rollback: 'auto', author: 'Governor <governor@localhost>' };
const parsed = (release: unknown) => configSchema.parse(release === undefined ? { version: 1 } : { version: 1, release }).release;
const problems = (release: unknown): string[] =>
  (releaseSchema.safeParse(release).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

/** Each configuration that 0.1.0 took, with what it meant. */
test.each([
  ['nothing', undefined, { ...COMMON, target: 'merge' }],
  ['no target', { branch: 'trunk' }, { ...COMMON, target: 'merge', branch: 'trunk' }],
  ['merge', { target: 'merge', verify: ['true'] }, { ...COMMON, target: 'merge', verify: ['true'] }],
  ['push', { target: 'push' }, { ...COMMON, target: 'push', remote: 'origin' }],
  [
    'push to a remote',
    { target: 'push', remote: 'upstream', approvalValid: '1h' },
    { ...COMMON, target: 'push', remote: 'upstream', approvalValid: 3_600_000 },
  ],
  ['merge with a remote, which does nothing', { remote: 'upstream' }, { ...COMMON, target: 'merge' }],
  ['merge with a command, which does nothing', { target: 'merge', command: 'ship' }, { ...COMMON, target: 'merge' }],
  ['push with a command, which does nothing', { target: 'push', command: 'ship' }, { ...COMMON, target: 'push', remote: 'origin' }],
])('%s parses to what it meant', (_what, written, meant) => {
  expect(parsed(written)).toEqual(meant);
});

test('an option that does nothing is told with key, value and what to do, and one that does something is not', () => {
  expect(ignoredOptions({ branch: 'main', remote: 'upstream', command: 'ship' })).toEqual([
    'release.remote: "upstream" does nothing with release.target merge; remove it, or set release.target: push',
    'release.command: "ship" does nothing with release.target merge; remove it',
  ]);
  expect(ignoredOptions({ target: 'push', branch: 'main', remote: 'upstream' })).toEqual([]);
  expect(ignoredOptions(undefined)).toEqual([]);
});

test('an option of another target is refused with key, rule, value and what to do; its own is not', () => {
  const targets = { merge: z.object({ branch: z.string() }), file: z.object({ branch: z.string(), path: z.string() }) };
  const written = { target: 'merge', branch: 'main', path: '/srv/current', unknown: 1 };
  const others = othersOptions(written, targets);
  expect(others).toEqual([{ option: 'path', owners: ['file'] }]);
  expect(others.map((other) => othersOptionProblem(written, other))).toEqual([
    '"/srv/current" is an option of release.target file, and release.target is merge; remove it, or set release.target: file',
  ]);
  expect(othersOptions({ ...written, target: 'file' }, targets)).toEqual([]);
});

test.each([
  ['a key that no target has', { target: 'push', channel: 'beta' }, ': Unrecognized key: "channel"'],
  ['a target to come', { target: 'pull-request' }, 'target: "pull-request" is not supported yet; use merge or push'],
  ['no target at all', { target: 'ftp' }, 'target: "ftp" is no target; use merge or push'],
  ['a name that every object has', { target: 'constructor' }, 'target: "constructor" is no target; use merge or push'],
  ['a remote without a value, though merge does nothing with it', { remote: null }, 'remote: Invalid input'],
  ['a remote of another kind', { target: 'merge', remote: 5 }, 'remote: Invalid input'],
  ['a command that is no name', { target: 'push', command: 'BAD' }, 'command: use lower-case letters'],
  ['a wrong value of its own option', { target: 'push', remote: '-x' }, 'remote: Invalid string'],
])('%s is refused', (_what, written, problem) => {
  expect(problems(written)).toEqual([expect.stringContaining(problem)]);
});
