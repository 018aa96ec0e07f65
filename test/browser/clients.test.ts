/** The official npm clients in real Chromium, from another origin, over a governed thread: its gates, a cut, a reload, a second tab. */
import { expect, test } from 'vitest';
import { openCuttingProxy } from '../compat/cutting-proxy.ts';
import { GOAL } from '../story/shop.ts';
import { critic, HAPPY, PRODUCT, type Reply, submit, write } from '../story/world.ts';
import type { GovernedPage, PageAddress } from './governed-page.ts';
import { type GovernedWorld, inThisProcess } from './governed-world.ts';
import { holdRole } from './hold.ts';
import { openForFile, openPage, openWorld } from './opened.ts';

/** A client's page, by a way in which it talks. `pushed`: while it is open it is told what others decide. */
interface Talking {
  readonly name: string;
  readonly at: Omit<PageAddress, 'api'>;
  readonly pushed?: boolean;
}
const PUSHED: Talking = { name: '@langchain/react over SSE', at: { client: 'react' }, pushed: true };
const ASSISTANT_UI: Talking = { name: '@assistant-ui/react-langgraph', at: { client: 'assistant-ui' } };
const AG_UI: Talking = { name: '@ag-ui/langgraph', at: { client: 'ag-ui' } };
/** That one is loaded again, and answered unclearly, stands in `governed.test.ts`. */
const SDK: Talking = { name: '@langchain/langgraph-sdk/react', at: { client: 'sdk' } };
const WEB_SOCKET: Talking = { name: '@langchain/react over a WebSocket', at: { client: 'react', transport: 'websocket' } };
const OLD_AG_UI: Talking = { name: '@ag-ui/langgraph as older CopilotKits answer', at: { client: 'ag-ui', answer: 'command' } };
const AGAIN: readonly Reply[] = [write(2, 1, 'src/product.js', `// by hand\n${PRODUCT}`), submit(2, 2), critic(2)];

openForFile();

let governed: GovernedWorld;
const merges = (): string => governed.world.git('rev-list', '--merges', '--count', 'main');
const votes = async (thread: string) => (await governed.audit(thread)).filter((record) => record.action === 'approval-vote');
const open = (at: Talking['at'], thread?: string): Promise<GovernedPage> =>
  openPage({ ...at, api: governed.server.url, ...(thread === undefined ? {} : { thread }) });

test.each([PUSHED, SDK, ASSISTANT_UI, AG_UI])(
  '$name rejects with words, approves what comes of it, and a second tab sees both',
  async ({ at, pushed = false }) => {
    governed = await openWorld([...HAPPY, ...AGAIN], {}, inThisProcess);
    const app = await open(at);
    await app.begin();
    const first = await app.question();
    expect(first).toMatchObject({ action: 'approve_release', allowed: 'approve reject' });
    expect(first.description).toContain('**approve_release** asks: may this change be released? It changes 2 file(s).');
    expect((await app.list('messages'))[0]).toBe(GOAL);
    expect(await app.list('nodes')).toEqual(expect.arrayContaining(['baseline', 'plan', 'build', 'review_rules', 'review_critic']));
    let other = await open(at, app.threadId());
    expect(await other.question()).toEqual(first);

    await app.page.getByLabel('Message').fill('say who wrote it');
    await app.press('Reject');
    await app.page.locator('code', { hasNotText: first.subject }).waitFor();
    const second = await app.question();
    expect(second).toMatchObject({ action: 'approve_release' });
    expect([second.subject === first.subject, merges()]).toEqual([false, '0']);
    if (!pushed) other = await open(at, app.threadId());
    await other.page.locator('code', { hasNotText: first.subject }).waitFor();
    expect(await other.question()).toEqual(second);

    await other.press('Approve');
    await other.released();
    expect(merges()).toBe('1');
    expect(governed.world.git('show', 'main:src/product.js')).toContain('// by hand');
    expect(await votes(app.threadId())).toMatchObject([
      { facts: { decision: 'rejected', subject: first.subject, comment: 'say who wrote it' } },
      { facts: { decision: 'approved', subject: second.subject } },
    ]);
    if (!pushed) await app.page.reload();
    await app.released();
  },
);

test.each([WEB_SOCKET, ASSISTANT_UI, OLD_AG_UI])(
  '$name, loaded again in the middle of a run, comes to the same gate, and tells what is no decision',
  async ({ at }) => {
    governed = await openWorld(HAPPY, {}, inThisProcess);
    const letGo = holdRole(governed.endpoint, 'critic');
    const app = await open(at);
    await app.begin();
    await app.passed('review_rules');
    await app.page.reload();
    await expect.poll(() => governed.endpoint.count('lead')).toBe(4);
    letGo();
    const asked = await app.question();
    expect(asked).toMatchObject({ action: 'approve_release' });
    expect(governed.endpoint.count('lead')).toBe(4);
    await app.press('Say yes');
    const alert = app.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/yes.*The release gate stays pending/);
    expect([merges(), await votes(app.threadId())]).toEqual(['0', []]);
    const again = await open(at, app.threadId());
    expect(await again.question()).toEqual(asked);
    await again.press('Approve');
    await again.released();
    expect(merges()).toBe('1');
  },
);

test('@langchain/react takes up a stream that is cut on its way, and misses nothing', async () => {
  governed = await openWorld(HAPPY, {}, inThisProcess);
  const proxy = await openCuttingProxy(governed.server.url, { seed: 3, withinBytes: 4000, atMost: 3 });
  try {
    const app = await openPage({ ...PUSHED.at, api: proxy.url });
    await app.begin();
    expect(await app.question()).toMatchObject({ action: 'approve_release' });
    expect(proxy.cuts).toBeGreaterThanOrEqual(3);
    // A page that nothing was cut for.
    const whole = await open(PUSHED.at, app.threadId());
    expect(await whole.question()).toMatchObject({ action: 'approve_release' });
    // The gate may be shown before what came in another stream.
    await expect
      .poll(() => app.list('nodes'), { timeout: 30_000 })
      .toEqual(expect.arrayContaining(['baseline', 'plan', 'build', 'review_rules', 'review_critic']));
    const nodes = await app.list('nodes');
    await expect.poll(() => whole.list('nodes'), { timeout: 30_000 }).toEqual(nodes);
    await app.press('Approve');
    await app.released();
    await app.close();
  } finally {
    await proxy.close();
  }
});
