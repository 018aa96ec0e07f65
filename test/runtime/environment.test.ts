/** Where a home is and which database it has. */
import { expect, test } from 'vitest';
import { assertOwnDatabase, homeFolder } from '../../runtime/environment.ts';

test('the state folder counts only when it is absolute', () => {
  const HOME = '/home/ada';
  expect(homeFolder(undefined, { HOME, XDG_STATE_HOME: '/state' })).toBe('/state/governor');
  for (const XDG_STATE_HOME of ['', 'state', './state'])
    expect(homeFolder(undefined, { HOME, XDG_STATE_HOME })).toBe('/home/ada/.local/state/governor');
  expect(homeFolder('/flag', { HOME, GOVERNOR_HOME: '/variable' })).toBe('/flag');
});

test('a database that this home does not have is refused, and its password is not shown', () => {
  for (const url of [undefined, '', 'sqlite:/home/governor.sqlite'])
    expect(() => assertOwnDatabase('/home', { GOVERNOR_DATABASE_URL: url })).not.toThrow();
  for (const url of ['sqlite:/other.sqlite', 'postgres://ada:a@hidden@host/base', 'mysql:x']) {
    const attempt = (): void => assertOwnDatabase('/home', { GOVERNOR_DATABASE_URL: url });
    expect(attempt).toThrow(/^GOVERNOR_DATABASE_URL=.*: is not supported yet/);
    expect(attempt).not.toThrow('hidden');
  }
});
