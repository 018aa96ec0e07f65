/** A value that is given to a secret's name: the offence, and the line of honest code that looks most like it. */
import { expect, test } from 'vitest';
import { secretLiterals } from '../../tools/secret-literals.ts';

const KEY = 'k9Xz2mQ7vL4tR8wP';
const rules = (text: string): string[] => secretLiterals(text).map(({ rule, value }) => `${rule} ${value === KEY ? 'whole' : value}`);

test.each([
  [
    'an assignment of an environment file',
    `A=1\nDB_PASSWORD=${KEY}\n`,
    `DB_PASSWORD=\nDB_PASSWORD=change-me-please-1\nDB_PASSWORD=$DB_PASSWORD_2\n`,
  ],
  ['one with a comment and Windows endings', `export API_KEY=${KEY} # live\r\n`, 'export API_KEY=$(pass show api/key1)\r\n'],
  ['an entry of a manifest', `  - POSTGRES_PASSWORD: ${KEY}\n`, '  POSTGRES_PASSWORD: /run/secrets/postgres-password-1\n'],
  ['a settings file', 'password = k9Xz2mQ7-vL4tR8wP\n', 'password = settings.database.password1of2\n'],
  ['a client secret', `{ "client_secret": "${KEY}" }`, '{ "client_secret": "secret://env/CLIENT_1" }'],
  [
    'the end of a longer name',
    `const dbPassword = '${KEY}';`,
    "const resetPassword = 'reset-the-password-2';\nconst forgotPassword = '/auth/forgot-password1';",
  ],
  [
    'a header',
    `Authorization: Bearer ${KEY}abcd5678`,
    'Authorization: Bearer <the-token-of-the-session-1>\nAuthorization: Bearer your-token-goes-here-123',
  ],
  ['a name in quotes', `"password": "${KEY}"`, '"password": "Password is too short 12"'],
])('%s', (_what, offence, honest) => {
  expect(rules(offence).length).toBeGreaterThan(0);
  expect(rules(honest)).toEqual([]);
});

test.each([
  ["name: string;\npassword: string;\nconst apiKey = config.apiKey;\nconst secret = process.env['SECRET_1'];\n"],
  ['PASSWORD_HASH_ALGORITHM=argon2id-v19-m65536\nTOKEN_LIMIT_PER_MINUTE=k9Xz2mQ7vL4tR8wP\n'],
  ["expect(login({ password: 'wrong' })).toThrow();\nheaders.set('Authorization', 'Bearer ' + tokenOfTheSession1);\n"],
  ['API_KEY=0000000000000000\nSECRET=aaaaaaaaaaaaaaaa1\n'],
])('code and words about secrets are none: %j', (text) => {
  expect(rules(text)).toEqual([]);
});

test.each(['password', 'PASSWORD=a1-', 'Bearer ', 'api_key = "'])('a megabyte of %j is gone through once', (unit) => {
  const startedMs = performance.now();
  secretLiterals(unit.repeat(1_000_000 / unit.length));
  // With the square it is minutes.
  expect(performance.now() - startedMs).toBeLessThan(5000);
});
