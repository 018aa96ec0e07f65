/** What the tests of authentication stand on: a real table of keys in a temporary home, and a clock that a test moves. */
import { openDatabase } from '../../../checkpoints/database.ts';
import { createKeys } from '../../../checkpoints/served/keys.ts';
import { sqliteSql } from '../../../checkpoints/sql/sqlite.ts';
import { type Operator, operatorSchema } from '../../../domain/config.ts';
import type { KeyRow } from '../../../domain/keys.ts';
import type { Person } from '../../../domain/policy.ts';
import { type Auth, type Authenticator, type AuthOptions, createAuthenticator } from '../../../server/auth/authenticator.ts';
import type { LocalUser } from '../../../server/auth/local-user.ts';
import type { Peer } from '../../../server/auth/peer.ts';
import { makeHome } from '../../checkpoints/home.ts';
import { issueKey } from '../issue-key.ts';

export const ADA: Person = { id: 'local:ada', roles: ['viewer', 'operator', 'approver', 'admin'], method: 'local', alone: true };
export const DAY_MS = 24 * 3600 * 1000;
export const URL_OF_SERVER = 'http://127.0.0.1:2024/threads/search';

export const operatorOf = (value: unknown): Operator => operatorSchema.parse(value);

export const requestWith = (headers: Record<string, string> = {}): Request =>
  new Request(URL_OF_SERVER, { method: 'POST', headers, body: '{}' });
export const bearer = (token: string): Request => requestWith({ authorization: `Bearer ${token}` });

/** Where these tests are not about the user of a connection. */
const anybody: LocalUser = { token: undefined, watch: () => undefined, refusal: async () => undefined, tell: () => undefined };

export const peerAt = (remoteAddress: string): Peer => ({ remoteAddress, remotePort: 40_000, localAddress: '127.0.0.1', localPort: 2024 });

export function makeAuthWorld() {
  const home = makeHome();
  const database = openDatabase(home.file);
  const keys = createKeys(sqliteSql(database), home.clock);
  const auth = (more: Partial<AuthOptions> = {}): Promise<Auth> =>
    createAuthenticator({
      host: '127.0.0.1',
      operator: undefined,
      person: ADA,
      keys,
      clock: home.clock,
      resolve: () => undefined,
      custom: undefined,
      openLocalUser: async () => anybody,
      ...more,
    });
  return {
    auth,
    clock: home.clock,
    folder: home.folder,
    keys,
    /** A key and its row. */
    issue: (more: Partial<KeyRow> = {}) => issueKey(keys, more),
    authenticator: (more: Partial<AuthOptions> = {}): Promise<Authenticator> => auth(more).then(({ authenticate }) => authenticate),
    dispose: () => {
      database.close();
      home.dispose();
    },
  };
}
export type AuthWorld = ReturnType<typeof makeAuthWorld>;
