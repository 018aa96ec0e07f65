/** What a request says of who sends it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { credentialOf } from '../../../cli/afar/credential.ts';
import { deviceGrant } from '../../../cli/afar/device-grant.ts';
import { discover } from '../../../cli/afar/issuer.ts';
import { openSignIns, type SignIns } from '../../../cli/afar/sign-ins.ts';
import { type DeviceProvider, openDeviceProvider } from '../../fakes/device-provider.ts';

const server = 'https://governor.example.com';
let home: string;
let nowMs: number;
let provider: DeviceProvider;
let signIns: SignIns;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'governor-user-'));
  nowMs = 1_700_000_000_000;
  provider = await openDeviceProvider({ now: () => nowMs, tokenSeconds: 300 });
  signIns = openSignIns({ HOME: home }, undefined);
});
afterEach(async () => {
  await provider.close();
  rmSync(home, { recursive: true, force: true });
});

const open = (env: Record<string, string> = {}) =>
  credentialOf({ server, env, signIns, time: { now: () => nowMs }, loginCommand: 'governor login' });

async function signedIn(): Promise<string> {
  provider.decide('confirmed');
  const wait = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  const time = { now: () => nowMs, wait };
  const issuer = await discover(provider.issuer);
  const {
    token,
    expiresAt,
    refreshToken = '',
  } = await deviceGrant(issuer, { clientId: provider.clientId, scope: 'openid' }, { time, say: () => undefined });
  const renewal = { refreshToken, tokenEndpoint: issuer.tokenEndpoint, clientId: provider.clientId };
  await signIns.write({ kind: 'oidc', server, issuer: provider.issuer, token, expiresAt, renewal });
  return token;
}

test('GOVERNOR_TOKEN goes before a sign-in; one that no header can carry is refused without being shown', async () => {
  await signIns.write({ kind: 'key', server, token: 'gvk_kept' });
  expect(await (await open()).token()).toBe('gvk_kept');
  const fixed = await open({ GOVERNOR_TOKEN: 'gvk_ci\n' });
  expect([fixed.from, await fixed.token(), await fixed.renewed()]).toEqual(['GOVERNOR_TOKEN', 'gvk_ci', undefined]);
  await expect(open({ GOVERNOR_TOKEN: 'gvk_a\r\nx-evil: 1' })).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.not.stringContaining('gvk_a'),
  });
});

test('a token is used until its time is nearly over, and then renewed and kept', async () => {
  const first = await signedIn();
  expect(await (await open()).token()).toBe(first);
  nowMs += 269_000;
  expect(await (await open()).token()).toBe(first);
  nowMs += 2000;
  const second = await (await open()).token();
  expect(second).not.toBe(first);
  expect(await (await open()).token()).toBe(second);
  expect(await signIns.read(server)).toMatchObject({ token: second, renewal: { refreshToken: 'refresh-2' } });
});

test('ten commands at once renew it once: the provider takes a refresh token once, and none of them is signed out', async () => {
  await signedIn();
  nowMs += 600_000;
  const credentials = await Promise.all(Array.from({ length: 10 }, () => open()));
  const tokens = await Promise.all(credentials.map((credential) => credential.token()));
  expect(new Set(tokens).size).toBe(1);
  expect(provider.asked.filter(({ body }) => body.includes('refresh_token='))).toHaveLength(1);
});

test('a session that ended is told with the mend', async () => {
  await signedIn();
  provider.revoke();
  nowMs += 600_000;
  await expect((await open()).token()).rejects.toMatchObject({
    message: `server ${server}: your sign-in at ${provider.issuer} has ended; run: governor login`,
  });
});
