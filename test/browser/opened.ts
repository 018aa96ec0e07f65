/** For tests of governed pages: one Chromium and one page server for a file; worlds and pages go with the test that opened them. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Reply } from '../story/world.ts';
import { openChromium } from './chromium.ts';
import { type GovernedPage, openGovernedPage, type PageAddress } from './governed-page.ts';
import { type GovernedWorld, openGovernedWorld, type Served } from './governed-world.ts';
import { openPageServer, type PageServer } from './page-server.ts';

let browser: Browser;
let pages: PageServer;

/** Both are there from before the file's first test to after its last. */
export function openForFile(): void {
  beforeAll(async () => {
    [browser, pages] = await Promise.all([openChromium(), openPageServer()]);
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });
}

export async function openWorld<Server extends Served>(
  replies: readonly Reply[],
  config: object,
  start: (home: string) => Promise<Server>,
): Promise<GovernedWorld<Server>> {
  const governed = await openGovernedWorld(replies, config, start);
  onTestFinished(() => governed.close());
  return governed;
}

/** A page on the server at `api`, and on its thread if one is given. */
export async function openPage(given: PageAddress): Promise<GovernedPage> {
  const app = await openGovernedPage(browser, pages, given);
  onTestFinished(() => app.close());
  return app;
}
