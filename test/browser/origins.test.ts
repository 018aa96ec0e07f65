/** What Chromium lets a page do with the server's answers: a loopback page calls and reads, a foreign one does neither. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/serving.ts';
import { FOREIGN, openChromium, type WatchedPage, watchPage } from './chromium.ts';
import { openPageServer, type PageServer } from './page-server.ts';

let browser: Browser;
let pages: PageServer;
let server: TestServer;
let watched: WatchedPage | undefined;

beforeAll(async () => {
  [browser, pages, server] = await Promise.all([openChromium(), openPageServer(), startServer()]);
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
  await server?.stop();
});
afterEach(async () => watched?.close());

interface Answer {
  readonly status: number;
  readonly cors: string | undefined;
}

/** An empty page of this origin, and every answer that came over the wire for it, preflights too: more than the page itself may see. */
async function open(origin: string): Promise<{ page: Page; answers: Answer[] }> {
  watched = await watchPage(browser);
  const { page } = watched;
  await page.goto(`${origin}/empty`);
  const wire = await page.context().newCDPSession(page);
  await wire.send('Network.enable');
  const answers: Answer[] = [];
  wire.on('Network.responseReceivedExtraInfo', ({ statusCode, headers }) => {
    const cors = Object.entries(headers).find(([name]) => name.toLowerCase() === 'access-control-allow-origin')?.[1];
    answers.push({ status: statusCode, cors });
  });
  return { page, answers };
}

interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: string;
}

/** From within the page: what its script learns. */
const ask = (page: Page, { path, method = 'GET', type, body }: Ask) =>
  page.evaluate(
    async ([url, init]) => {
      try {
        const response = await fetch(url, init);
        return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
      } catch (error) {
        return String(error);
      }
    },
    [
      `${server.url}${path}`,
      { method, ...(type === undefined ? {} : { headers: { 'content-type': type } }), ...(body === undefined ? {} : { body }) },
    ] as const, // the two arguments
  );

const threads = async (): Promise<number> => server.client.threads.count({});
const RUN = JSON.stringify({ assistant_id: 'two', input: {}, if_not_exists: 'create' });

test.each(['127.0.0.1', 'localhost'])('a page of %s calls, and reads the headers that clients need', async (host) => {
  const { page } = await open(`http://${host}:${pages.port}`);
  expect(await ask(page, { path: '/ok' })).toMatchObject({ status: 200 });
  const made = await ask(page, { path: '/threads', method: 'POST', type: 'application/json', body: '{}' });
  expect(made).toMatchObject({ status: 200 });
  const { thread_id: thread } = JSON.parse(Object(made).text);
  const stream = await ask(page, { path: `/threads/${thread}/runs/stream`, method: 'POST', type: 'application/json', body: RUN });
  expect(stream).toMatchObject({
    status: 200,
    headers: {
      'content-location': expect.stringMatching(`^/threads/${thread}/runs/[0-9a-f-]{36}$`),
      location: expect.stringMatching(`^/threads/${thread}/runs/[0-9a-f-]{36}/stream$`),
    },
    text: expect.stringMatching(/^event: metadata\n/),
  });
  const listed = await ask(page, { path: '/threads/search', method: 'POST', type: 'text/plain', body: '{"limit":1}' });
  expect(listed).toMatchObject({ status: 200, headers: { 'x-pagination-total': expect.stringMatching(/^[1-9]/) } });
});

test('a foreign page is refused, learns nothing, and nothing happens', async () => {
  const before = await threads();
  const { page, answers } = await open(`http://${FOREIGN}:${pages.port}`);
  for (const [request, statuses] of [
    // A script may send these without asking first; the last form is what a page's own form can send, too.
    [{ path: '/threads', method: 'POST', type: 'text/plain', body: '{}' }, [403]],
    [{ path: '/runs/wait', method: 'POST', type: 'text/plain;charset=UTF-8', body: RUN }, [403]],
    [{ path: '/threads', method: 'POST', type: 'application/x-www-form-urlencoded', body: '{}' }, [403]],
    // Chromium asks first, and hears no.
    [{ path: '/threads', method: 'POST', type: 'application/json', body: '{}' }, [403]],
    [{ path: '/store/items', method: 'PUT', type: 'application/json', body: '{"namespace":["a"],"key":"b","value":{}}' }, [403]],
    // Reading changes nothing; the page may not see it.
    [{ path: '/info' }, [200]],
  ] as const) {
    answers.length = 0;
    expect(await ask(page, request)).toBe('TypeError: Failed to fetch');
    await expect.poll(() => answers).toEqual(statuses.map((status) => ({ status, cors: undefined })));
  }
  expect(await threads()).toBe(before);
});

test('a foreign page’s form, and a page without an origin, are refused', async () => {
  const before = await threads();
  const { page } = await open(`http://${FOREIGN}:${pages.port}`);
  const answered = page.waitForResponse(`${server.url}/threads`);
  await page.evaluate((url) => {
    const form = Object.assign(document.createElement('form'), { action: url, method: 'POST', enctype: 'text/plain' });
    form.append(Object.assign(document.createElement('input'), { name: '{"metadata":{"a":"', value: '"}}' }));
    document.body.append(form);
    form.submit();
  }, `${server.url}/threads`);
  expect((await answered).status()).toBe(403);
  await page.waitForURL(`${server.url}/threads`);
  await page.goto(`${pages.url}/empty`);
  const said = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        addEventListener('message', ({ data }) => resolve(data), { once: true });
        const frame = document.createElement('iframe');
        frame.sandbox.add('allow-scripts');
        frame.srcdoc = `<script>fetch(${JSON.stringify(url)}, { method: 'POST', body: '{}' }).then(String, String).then((told) => parent.postMessage(told, '*'))</script>`;
        document.body.append(frame);
      }),
    `${server.url}/threads`,
  );
  expect(said).toBe('TypeError: Failed to fetch');
  expect(await threads()).toBe(before);
});

test('a foreign name that leads to this server is refused', async () => {
  watched = await watchPage(browser);
  const rebound = `http://${FOREIGN}:${new URL(server.url).port}`;
  for (const path of ['/docs', '/openapi.json', '/threads']) {
    const answer = await watched.page.goto(`${rebound}${path}`);
    expect(answer?.status()).toBe(403);
    expect(await answer?.json()).toMatchObject({ detail: expect.stringContaining(`host "${FOREIGN}:`) });
  }
});
