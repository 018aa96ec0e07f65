/** Where a home is and which database it has. */
import { describe, expect, test } from 'vitest';
import { operatorSchema } from '../../domain/config.ts';
import { assertOwnDatabase, auditProof, homeFolder } from '../../runtime/environment.ts';

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

describe('what proves the audit trail', () => {
  const KEY = 'k'.repeat(32);
  const proof = (audit: object, env: Record<string, string> = {}) => auditProof('/home/ada/state', operatorSchema.parse({ audit }), env);

  test('is outside of the home: a key of enough characters, and a file to append to', () => {
    expect(proof({})).toEqual({});
    expect(proof({ key: 'secret://env/KEY', heads: '/var/log/heads' }, { KEY })).toEqual({ auditKey: KEY, auditHeads: '/var/log/heads' });
    expect(auditProof('/home/ada/state', undefined, {})).toEqual({});
  });

  test.each([
    [{ key: 'secret://env/KEY' }, {}, /audit\.key secret:\/\/env\/KEY: is not set; make one with: openssl rand -hex 32/],
    [{ key: 'secret://env/KEY' }, { KEY: 'short' }, /has 5 characters; 32 or more/],
    [{ key: 'secret://file/home/ada/state/key' }, {}, /must not lie in the home/],
    [{ key: 'secret://file/home/ada/x/../state/key' }, {}, /must not lie in the home/],
    [{ key: 'plain' }, {}, /write secret:\/\/env\/NAME/],
    [{ heads: '/home/ada/state/heads' }, {}, /audit\.heads .*outside of the home/],
    [{ heads: 'heads' }, {}, /audit\.heads "heads": must be an absolute path/],
  ])('%j is refused with the mend', (audit, env, words) => {
    expect(() => proof(audit, env)).toThrow(words);
  });
});
