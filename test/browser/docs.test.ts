/** The `/docs` page in real Chromium: whole without any other host, within its own policy, and its forms call the server. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server/serving.ts';
import { openChromium, type WatchedPage, watchPage } from './chromium.ts';

let browser: Browser;
let server: TestServer;
let watched: WatchedPage;

beforeAll(async () => {
  [browser, server] = await Promise.all([openChromium(), startServer()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  watched = await watchPage(browser);
});
afterEach(async () => {
  await watched.close();
});

/** Every test: nobody else was asked, and nothing was refused or complained about. */
function expectClean(): void {
  expect([...watched.asked]).toEqual([server.url]);
  expect(watched.complaints).toEqual([]);
}

interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string; readonly summary: string }>>>>;
}

test('lists every operation of the OpenAPI document, and finds some', async () => {
  const { page } = watched;
  await page.goto(`${server.url}/docs`);
  const operations = page.locator('details.operation');
  await operations.first().waitFor();
  const { body } = await server.send('GET', '/openapi.json');
  const { info, paths } = body as Document; // written by this server
  const told = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, summary }]) => `${operationId}: ${method.toUpperCase()} ${path} ${summary}`),
  );
  const shown = await operations.evaluateAll((all) =>
    all.map((one) => `${one.id}: ${[...one.querySelectorAll('summary > span')].map((part) => part.textContent).join(' ')}`),
  );
  expect(told.length).toBeGreaterThan(50);
  expect(shown.toSorted()).toEqual(told.toSorted());
  expect(await page.locator('#title').textContent()).toContain(info.version);
  await page.getByRole('searchbox').fill('/runs/stream');
  expect(await operations.filter({ visible: true }).locator('.path').allTextContents()).toEqual([
    '/threads/{thread_id}/runs/stream',
    '/runs/stream',
  ]);
  expectClean();
});

test('"Try it" asks the server: /ok, a query, a body, a stream', async () => {
  const { page } = watched;
  await page.goto(`${server.url}/docs`);
  const open = async (method: string, path: string) => {
    const one = page
      .locator('details.operation')
      .filter({ has: page.locator('.method', { hasText: new RegExp(`^${method}$`) }) })
      .filter({ has: page.getByText(path, { exact: true }) });
    await one.locator('summary').click();
    return one;
  };
  const send = async (one: Awaited<ReturnType<typeof open>>, status: RegExp) => {
    await one.getByRole('button', { name: 'Send' }).click();
    await one.locator('output', { hasText: status }).waitFor();
    await one.getByRole('button', { name: 'Send' }).and(page.locator(':enabled')).waitFor();
    return (await one.locator('pre[aria-label=Answer]').textContent()) ?? '';
  };
  const ok = await open('GET', '/ok');
  expect(JSON.parse(await send(ok, /^200 /))).toEqual({ ok: true });

  const threads = await open('POST', '/threads');
  await threads.getByLabel('body (JSON)').fill('{"metadata":{"from":"docs"}}');
  const thread = JSON.parse(await send(threads, /^200 /));
  expect(await server.client.threads.get(thread.thread_id)).toMatchObject({ metadata: { from: 'docs' } });

  const stream = await open('POST', '/threads/{thread_id}/runs/stream');
  await stream.getByLabel('thread_id').fill(thread.thread_id);
  await stream.getByLabel('body (JSON)').fill('{"assistant_id":"two","input":{}}');
  const events = await send(stream, /^200 /);
  expect(events).toMatch(/^location: \/threads\/.*\/stream\ncontent-location: /);
  expect(events).toContain('event: metadata\n');
  expectClean();

  const missing = await open('GET', '/threads/{thread_id}');
  await missing.getByLabel('thread_id').fill('00000000-0000-4000-8000-000000000000');
  expect(await send(missing, /^404 /)).toContain('"detail"');
});

test('a link to one operation opens it', async () => {
  const { body } = await server.send('GET', '/openapi.json');
  const id = (body as Document).paths['/info']?.['get']?.operationId; // written by this server
  await watched.page.goto(`${server.url}/docs#${id}`);
  await watched.page.locator(`details#${id}[open]`).getByText('Answer 200').waitFor();
  expectClean();
});

test('the link of a server that is not told who connects brings its token, which leaves the address bar', async () => {
  const untold = await startServer({ findTable: async () => undefined });
  const { page } = watched;
  await page.goto(untold.serving.link ?? 'about:blank');
  await page.locator('details.operation').first().waitFor();
  expect(page.url()).toBe(`${untold.url}/docs`);
  const ask = (token: string) =>
    page.evaluate(
      async ([url, key]) =>
        (await fetch(`${url}/threads/search`, { method: 'POST', body: '{}', headers: { 'x-api-key': key ?? '' } })).status,
      [untold.url, token],
    );
  expect(await page.locator('#key').inputValue()).toMatch(/^gvl_/);
  expect([await ask(await page.locator('#key').inputValue()), await ask('gvl_other')]).toEqual([200, 401]);
  await untold.stop();
});
