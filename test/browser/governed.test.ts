/** The official React hook in real Chromium, from another origin, over a governed thread: to its gates, its rework and its release. */
import { userInfo } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openCuttingProxy } from '../compat/cutting-proxy.ts';
import { critic, HAPPY, PRODUCT, submit, write } from '../story/world.ts';
import { openChromium, type WatchedPage, watchPage } from './chromium.ts';
import { type GovernedWorld, openGovernedWorld } from './governed-world.ts';
import { openPageServer, type PageServer } from './page-server.ts';

const GOAL = 'Add a product function with a test';
const SUBJECT = /^[0-9a-f]{64}$/;

let browser: Browser;
let pages: PageServer;
let governed: GovernedWorld;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  [browser, pages] = await Promise.all([openChromium(), openPageServer()]);
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
});
afterEach(async () => {
  await watched?.close();
  await governed?.close();
});

async function openApp(given: { api?: string; thread?: string } = {}): Promise<void> {
  watched = await watchPage(browser);
  page = watched.page;
  await page.goto(`${pages.url}/?${new URLSearchParams({ api: governed.server.url, ...given }).toString()}`);
}

async function begin(): Promise<void> {
  await page.getByLabel('Goal').fill(GOAL);
  await page.getByLabel('Repository').fill('shop');
  await page.getByRole('button', { name: 'Start' }).click();
}

const texts = (selector: string): Promise<string[]> => page.locator(`${selector} > li`).allTextContents();
const threadOf = (): string => new URL(page.url()).searchParams.get('thread') ?? '';
const press = (name: string): Promise<void> => page.getByRole('button', { name }).click();
const statusOf = async (): Promise<unknown> => (await governed.server.client.threads.get(threadOf())).status;
const merges = (): string => governed.world.git('rev-list', '--merges', '--count', 'main');
/** What the console must not have said. */
const quiet = (): void => expect(watched.complaints).toEqual([]);

/** The question on the page once nothing is at work. */
async function question(): Promise<{ action: string; description: string; subject: string; allowed: string }> {
  const box = page.getByRole('region', { name: 'Question' });
  await box.waitFor();
  const text = async (selector: string): Promise<string> => (await box.locator(selector).textContent()) ?? '';
  return { action: await text('h2'), description: await text('pre'), subject: await text('code'), allowed: await text('#allowed') };
}

async function released(): Promise<void> {
  await page.locator('#outcome', { hasText: 'released' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'at rest' }).waitFor();
}

/** The nodes that the run's kept stream tells of, in their order. */
async function nodesOf(run: string | undefined): Promise<string[]> {
  const nodes: string[] = [];
  for await (const part of governed.server.client.runs.joinStream(threadOf(), run ?? '', { lastEventId: '-1' }))
    if (part.event === 'updates') nodes.push(...Object.keys(Object(part.data)));
  return nodes;
}

test('a person starts a goal, approves its plan and its release on the page, and the branch has it', async () => {
  governed = await openGovernedWorld(HAPPY, { plan: { approval: 'always' } });
  await openApp();
  await begin();

  const plan = await question();
  expect(plan).toMatchObject({ action: 'approve_plan', subject: expect.stringMatching(SUBJECT), allowed: 'approve edit reject' });
  expect(plan.description).toContain('Approve this plan? add a product function');
  expect(await texts('#messages')).toEqual([GOAL, expect.any(String), expect.any(String)]);
  expect(await texts('#nodes')).toEqual(expect.arrayContaining(['baseline', 'plan']));
  expect(await statusOf()).toBe('interrupted');

  await press('Approve');
  await page.getByRole('heading', { name: 'approve_release' }).waitFor();
  const release = await question();
  expect(release).toMatchObject({ subject: expect.stringMatching(SUBJECT), allowed: 'approve reject' });
  expect(release.subject).not.toBe(plan.subject);
  expect(release.description).toMatch(/^Release commit [0-9a-f]{40}\? It changes 2 file\(s\)\./);
  expect(merges()).toBe('0');

  await press('Approve');
  await released();
  expect(merges()).toBe('1');
  expect(governed.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  expect(await texts('#runs')).toHaveLength(3);
  expect(await page.getByRole('region', { name: 'Question' }).count()).toBe(0);
  const person = `local:${userInfo().username}`;
  expect((await governed.audit(threadOf())).filter((record) => record.action === 'approval-vote')).toMatchObject([
    { actor: person, facts: { gate: 'plan', decision: 'approved', subject: plan.subject } },
    { actor: person, facts: { gate: 'release', decision: 'approved', subject: release.subject } },
  ]);
  quiet();
});

test('a rejection with a message is worked in; what comes of it is approved on another page that knows only the thread', async () => {
  governed = await openGovernedWorld([...HAPPY, write(2, 1, 'src/product.js', `// by hand\n${PRODUCT}`), submit(2, 2), critic(2)]);
  await openApp();
  await begin();
  const first = await question();
  expect(first.action).toBe('approve_release');
  await page.getByLabel('Message').fill('say who wrote it');
  await press('Reject');
  await page.locator('code', { hasNotText: first.subject }).waitFor();
  const second = await question();
  expect(second).toMatchObject({ action: 'approve_release', subject: expect.stringMatching(SUBJECT) });
  expect(merges()).toBe('0');
  quiet();

  const thread = threadOf();
  await watched.close();
  await openApp({ thread });
  expect(await question()).toEqual(second);
  await press('Approve');
  await released();
  expect(governed.world.git('show', 'main:src/product.js')).toContain('// by hand');
  quiet();
});

test('an unclear answer is told to the person and leaves the gate pending', async () => {
  governed = await openGovernedWorld(HAPPY);
  await openApp();
  await begin();
  const before = await question();
  await press('Say yes');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/HTTP 422: .*command\.resume: .*yes.* The release gate stays pending/);
  expect(await question()).toEqual(before);
  expect(await statusOf()).toBe('interrupted');
  expect(merges()).toBe('0');
  await press('Approve');
  await released();
  expect(await alert.count()).toBe(0);
});

test('a page that is loaded again in the middle of a run joins its stream, and misses nothing', async () => {
  governed = await openGovernedWorld(HAPPY);
  let letGo = (): void => undefined;
  const held = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  governed.endpoint.fault = ({ role }) => (role === 'critic' ? held : undefined);
  await openApp();
  await begin();
  await page.locator('#nodes > li', { hasText: 'review_rules' }).waitFor();
  const before = await texts('#nodes');
  const [run] = await texts('#runs');
  await page.reload();
  await page.locator('#nodes > li', { hasText: 'review_rules' }).waitFor();
  expect(await texts('#runs')).toEqual([run]);
  expect(await texts('#nodes')).toEqual(before);
  expect(await page.getByRole('status').textContent()).toBe('at work');
  letGo();
  expect(await question()).toMatchObject({ action: 'approve_release' });
  const sent = await nodesOf(run);
  expect(await texts('#nodes')).toEqual(sent);
  expect(sent).toEqual(expect.arrayContaining(['baseline', 'plan', 'build', 'review_rules', 'review_critic', '__interrupt__']));
  expect(await governed.server.client.runs.list(threadOf())).toHaveLength(1);
  await press('Approve');
  await released();
  quiet();
});

test('a stream that is cut on its way to the page is taken up again by the page itself', async () => {
  governed = await openGovernedWorld(HAPPY);
  const proxy = await openCuttingProxy(governed.server.url, { seed: 3, withinBytes: 1500, atMost: 3 });
  try {
    await openApp({ api: proxy.url });
    await begin();
    expect(await question()).toMatchObject({ action: 'approve_release' });
    expect(proxy.cuts).toBe(3);
    const [run] = await texts('#runs');
    expect(await texts('#nodes')).toEqual(await nodesOf(run));
    await press('Approve');
    await released();
    expect(merges()).toBe('1');
  } finally {
    await watched.close();
    await proxy.close();
  }
});
