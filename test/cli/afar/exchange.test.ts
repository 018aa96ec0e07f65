/** The way to a server: what is sent where, what is tried again, and what a person is told. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Credential, firstQuestion, openExchange } from '../../../cli/afar/exchange.ts';
import { type Asked, openWeb, sendJson, type Web } from '../../fakes/web.ts';

const webs: Web[] = [];
afterEach(async () => {
  for (const web of webs.splice(0)) await web.close();
});
async function web(...given: Parameters<typeof openWeb>): Promise<Web> {
  const opened = await openWeb(...given);
  webs.push(opened);
  return opened;
}

const known = (token: string | undefined, renewed?: string): Credential => ({
  from: token === undefined ? undefined : 'login',
  token: async () => token,
  renewed: async () => renewed,
});
const to = (server: string, credential = known('t0ken')) => openExchange({ server, credential, loginCommand: 'governor login' });
const tokenOf = (asked: Asked | undefined): string | undefined => asked?.headers.authorization;

describe('a token', () => {
  test('goes with each question but the first, which anybody may answer', async () => {
    const there = await web((_asked, response) => sendJson(response, 200, {}));
    await firstQuestion({ server: there.url, credential: known('t0ken'), loginCommand: '' });
    await to(there.url).get('/governor/me');
    expect(there.asked.map(tokenOf)).toEqual([undefined, 'Bearer t0ken']);
  });

  test('does not go to another origin, by whatever redirect; nor does the request', async () => {
    const elsewhere = await web((_asked, response) => sendJson(response, 200, { stolen: true }));
    for (const status of [301, 302, 303, 307, 308]) {
      const there = await web((_asked, response) => response.writeHead(status, { location: `${elsewhere.url}/governor/me` }).end());
      await expect(to(there.url).get('/governor/me')).rejects.toMatchObject({
        name: 'UsageError',
        message: expect.stringContaining(`answered ${status} and leads to ${elsewhere.url}/governor/me; the token goes to no other place`),
      });
    }
    expect(elsewhere.asked).toEqual([]);
  });

  test('follows a redirect on its own origin, under the prefix of the server', async () => {
    const there = await web((asked, response) =>
      asked.path === '/team/governor/me'
        ? response.writeHead(308, { location: '/team/governor/me/' }).end()
        : sendJson(response, 200, { ok: 1 }),
    );
    expect((await to(`${there.url}/team`).get('/governor/me')).text).toBe('{"ok":1}');
    expect(there.asked.map(({ path }) => path)).toEqual(['/team/governor/me', '/team/governor/me/']);
    expect(there.asked.map(tokenOf)).toEqual(['Bearer t0ken', 'Bearer t0ken']);
  });

  test('that a server says back is not told, also where each question has another one, or it was renewed', async () => {
    const echo = await web((asked, response) => sendJson(response, 401, { detail: `you sent ${tokenOf(asked)}` }));
    let tokens = 0;
    const short: Credential = { from: 'login', token: async () => `secret-${++tokens}-token`, renewed: async () => 'renewed-token' };
    for (const ask of [() => to(echo.url, short).get('/x'), () => to(echo.url, short).open('/x', {}, AbortSignal.timeout(5000))])
      await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining('you sent Bearer [the token]') });
    const never: Credential = { ...short, renewed: async () => undefined };
    await expect(to(echo.url, never).get('/x')).rejects.toMatchObject({ message: expect.not.stringContaining('secret-') });
  });

  test('that is not taken is renewed once', async () => {
    const there = await web((asked, response) =>
      tokenOf(asked) === 'Bearer new' ? sendJson(response, 200, {}) : sendJson(response, 401, { detail: 'token refused: "exp"' }),
    );
    await to(there.url, known('old', 'new')).get('/governor/me');
    expect(there.asked.map(tokenOf)).toEqual(['Bearer old', 'Bearer new']);
    await expect(to(there.url, known('old', 'older')).get('/governor/me')).rejects.toMatchObject({
      message: expect.stringContaining('your sign-in is not taken any more (token refused: "exp"); run: governor login'),
    });
  });
});

describe('a request is sent again', () => {
  test('where the server asks for a wait, after that wait, a decision under the same key', async () => {
    const there = await web((_asked, response, before) =>
      before === 0 ? sendJson(response, 429, { detail: 'too many' }, { 'retry-after': '1' }) : sendJson(response, 200, {}),
    );
    const since = performance.now();
    await to(there.url).post('/governor/approvals/x', { decision: 'approved' });
    expect(performance.now() - since).toBeGreaterThanOrEqual(990);
    const [first, second] = there.asked;
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toMatchObject({ body: '{"decision":"approved"}', headers: { 'idempotency-key': first?.headers['idempotency-key'] } });
  });

  test('where the connection is cut, or a proxy has no server behind it; two decisions have two keys', async () => {
    const there = await web((_asked, response, before) => {
      if (before === 0) response.destroy();
      else if (before === 1) response.writeHead(502, { 'content-type': 'text/html' }).end('<html>bad gateway</html>');
      else sendJson(response, 200, {});
    });
    await to(there.url).post('/governor/approvals/x', {});
    await to(there.url).post('/governor/approvals/x', {});
    const sent = there.asked.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(sent.slice(0, 3)).size).toBe(1);
    expect(sent[3]).not.toBe(sent[0]);
  });

  test('not where another try would do the same: 403, 404, 409, 422 and a wait that is too long', async () => {
    for (const [status, headers] of [[403], [404], [409], [422], [429, { 'retry-after': '3600' }], [500]] as const) {
      const there = await web((_asked, response) => sendJson(response, status, { detail: `it is ${status}` }, headers));
      await expect(to(there.url).get('/x')).rejects.toMatchObject({
        name: 'UsageError',
        message: expect.stringContaining(`it is ${status}`),
      });
      expect(there.asked).toHaveLength(1);
    }
  });
});

describe('a person is told', () => {
  test('that nothing listens there, without a long wait', async () => {
    const gone = await web(() => undefined);
    await gone.close();
    const since = performance.now();
    await expect(firstQuestion({ server: gone.url, credential: known(undefined), loginCommand: '' })).rejects.toMatchObject({
      message: `server ${gone.url}: nothing listens there (ECONNREFUSED); start it with governor serve, or check the URL`,
    });
    expect(performance.now() - since).toBeLessThan(5000);
  });

  test('that an answer has no end, before it is all read', async () => {
    const there = await web((_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    await expect(to(there.url).get('/x')).rejects.toMatchObject({ message: expect.stringContaining('is longer than 67108864 bytes') });
  });
});
