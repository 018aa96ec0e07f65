/** The official React hook in real Chromium, from another origin, over a governed thread: to its gates, its rework and its release. */
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { openCuttingProxy } from '../compat/cutting-proxy.ts';
import { GOAL } from '../story/shop.ts';
import { critic, HAPPY, PRODUCT, type Reply, submit, write } from '../story/world.ts';
import type { GovernedPage } from './governed-page.ts';
import { type GovernedWorld, inThisProcess } from './governed-world.ts';
import { holdRole } from './hold.ts';
import { openForFile, openPage, openWorld } from './opened.ts';

const SUBJECT = /^[0-9a-f]{64}$/;

let governed: GovernedWorld;
let app: GovernedPage;

openForFile();

async function open(replies: readonly Reply[], config: object = {}): Promise<void> {
  governed = await openWorld(replies, config, inThisProcess);
  app = await openPage({ api: governed.server.url });
}

const statusOf = async (): Promise<unknown> => (await governed.client.threads.get(app.threadId())).status;
const merges = (): string => governed.world.git('rev-list', '--merges', '--count', 'main');
const nodesOf = (run: string | undefined): Promise<string[]> => governed.nodesOf(app.threadId(), run ?? '');

test('a person starts a goal, approves its plan and its release on the page, and the branch has it', async () => {
  await open(HAPPY, { plan: { approval: 'always' } });
  await app.begin();

  const plan = await app.question();
  expect(plan).toMatchObject({ action: 'approve_plan', subject: expect.stringMatching(SUBJECT), allowed: 'approve edit reject' });
  expect(plan.description).toMatch(/\*\*approve_plan\*\* asks: may this plan be built\?\nadd a product function/);
  expect(await app.list('messages')).toEqual([GOAL, expect.any(String), expect.any(String)]);
  expect(await app.list('nodes')).toEqual(expect.arrayContaining(['baseline', 'plan']));
  expect(await statusOf()).toBe('interrupted');

  await app.press('Approve');
  await app.page.getByRole('heading', { name: 'approve_release' }).waitFor();
  const release = await app.question();
  expect(release).toMatchObject({ subject: expect.stringMatching(SUBJECT), allowed: 'approve reject' });
  expect(release.subject).not.toBe(plan.subject);
  expect(release.description).toMatch(/\*\*approve_release\*\* asks: may this change be released\? It changes 2 file\(s\)\./);
  expect(merges()).toBe('0');

  await app.press('Approve');
  await app.released();
  expect(merges()).toBe('1');
  expect(governed.world.git('show', 'main:src/product.js')).toBe(PRODUCT.trim());
  expect(await app.list('runs')).toHaveLength(3);
  expect(await app.page.getByRole('region', { name: 'Question' }).count()).toBe(0);
  const person = `local:${userInfo().username}`;
  expect((await governed.audit(app.threadId())).filter((record) => record.action === 'approval-vote')).toMatchObject([
    { actor: person, facts: { gate: 'plan', decision: 'approved', subject: plan.subject } },
    { actor: person, facts: { gate: 'release', decision: 'approved', subject: release.subject } },
  ]);
  app.expectQuiet();
});

test('a rejection with a message is worked in; what comes of it is approved on another page that knows only the thread', async () => {
  await open([...HAPPY, write(2, 1, 'src/product.js', `// by hand\n${PRODUCT}`), submit(2, 2), critic(2)]);
  await app.begin();
  const first = await app.question();
  expect(first.action).toBe('approve_release');
  await app.page.getByLabel('Message').fill('say who wrote it');
  await app.press('Reject');
  await app.page.locator('code', { hasNotText: first.subject }).waitFor();
  const second = await app.question();
  expect(second).toMatchObject({ action: 'approve_release', subject: expect.stringMatching(SUBJECT) });
  expect(merges()).toBe('0');
  app.expectQuiet();

  const thread = app.threadId();
  await app.close();
  app = await openPage({ api: governed.server.url, thread });
  expect(await app.question()).toEqual(second);
  await app.press('Approve');
  await app.released();
  expect(governed.world.git('show', 'main:src/product.js')).toContain('// by hand');
  expect((await governed.audit(thread)).filter((record) => record.action === 'approval-vote')).toMatchObject([
    { facts: { decision: 'rejected', subject: first.subject, comment: 'say who wrote it' } },
    { facts: { decision: 'approved', subject: second.subject } },
  ]);
  app.expectQuiet();
});

test('an unclear answer is told to the person and leaves the gate pending', async () => {
  await open(HAPPY);
  await app.begin();
  const before = await app.question();
  await app.press('Say yes');
  const alert = app.page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/HTTP 422: .*command\.resume: .*yes.* The release gate stays pending/);
  expect(await app.question()).toEqual(before);
  expect(await statusOf()).toBe('interrupted');
  expect(merges()).toBe('0');
  await app.press('Approve');
  await app.released();
  expect(await alert.count()).toBe(0);
});

test('a page that is loaded again in the middle of a run joins its stream, and misses nothing', async () => {
  await open(HAPPY);
  const letGo = holdRole(governed.endpoint, 'critic');
  await app.begin();
  await app.passed('review_rules');
  const before = await app.list('nodes');
  const [run] = await app.list('runs');
  await app.page.reload();
  await app.passed('review_rules');
  expect(await app.list('runs')).toEqual([run]);
  expect(await app.list('nodes')).toEqual(before);
  expect(await app.page.getByRole('status').textContent()).toBe('at work');
  letGo();
  expect(await app.question()).toMatchObject({ action: 'approve_release' });
  const nodes = await app.list('nodes');
  expect(nodes).toEqual(await nodesOf(run));
  expect(nodes).toEqual(expect.arrayContaining(['baseline', 'plan', 'build', 'review_rules', 'review_critic', '__interrupt__']));
  expect(await governed.client.runs.list(app.threadId())).toHaveLength(1);
  await app.press('Approve');
  await app.released();
  app.expectQuiet();
});

test('Stop cancels the run, and Go on takes the thread from where it was to its release', async () => {
  await open(HAPPY);
  const letGo = holdRole(governed.endpoint, 'critic');
  await app.begin();
  await app.passed('review_rules');
  await app.press('Stop');
  await app.page.getByRole('status').filter({ hasText: 'at rest' }).waitFor();
  const runs = async () => (await governed.client.runs.list(app.threadId())).map((run) => run.status);
  await expect.poll(runs, { timeout: 20_000 }).toEqual(['interrupted']);
  expect((await governed.audit(app.threadId())).filter((record) => record.action === 'run-cancel')).toMatchObject([
    { actor: `local:${userInfo().username}` },
  ]);
  letGo();
  await app.press('Go on');
  expect(await app.question()).toMatchObject({ action: 'approve_release' });
  expect(await runs()).toEqual(['interrupted', 'interrupted']);
  expect(governed.endpoint.count('lead')).toBe(4);
  await app.press('Approve');
  await app.released();
});

test('a stream that is cut on its way to the page is taken up again by the page itself', async () => {
  await open(HAPPY);
  await app.close();
  const proxy = await openCuttingProxy(governed.server.url, { seed: 3, withinBytes: 1500, atMost: 3 });
  try {
    app = await openPage({ api: proxy.url });
    await app.begin();
    expect(await app.question()).toMatchObject({ action: 'approve_release' });
    expect(proxy.cuts).toBe(3);
    const [run] = await app.list('runs');
    expect(await app.list('nodes')).toEqual(await nodesOf(run));
    await app.press('Approve');
    await app.released();
    expect(merges()).toBe('1');
  } finally {
    await app.close();
    await proxy.close();
  }
});
