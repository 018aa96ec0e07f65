/** A page of `page/` in Chromium, with what a person does and sees there. */
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { GOAL } from '../story/shop.ts';
import { type WatchedPage, watchPage } from './chromium.ts';
import type { ClientName, PageServer } from './page-server.ts';

export interface Question {
  readonly action: string;
  readonly description: string;
  readonly subject: string;
  readonly allowed: string;
}

export interface GovernedPage {
  readonly page: Page;
  begin(): Promise<void>;
  press(name: string): Promise<void>;
  /** What is asked, once nothing is at work. */
  question(): Promise<Question>;
  released(): Promise<void>;
  /** One text for each entry. */
  list(name: 'messages' | 'runs' | 'nodes'): Promise<string[]>;
  /** Waits until the stream told of this node. */
  passed(node: string): Promise<void>;
  threadId(): string;
  /** Nothing went wrong that the console shows. */
  expectQuiet(): void;
  close(): Promise<void>;
}

/** The client, and what its page is told. */
export interface PageAddress {
  /** `sdk` if none is named. */
  readonly client?: ClientName;
  readonly api: string;
  readonly thread?: string;
  readonly transport?: 'websocket';
  readonly answer?: 'command';
}

export async function openGovernedPage(browser: Browser, pages: PageServer, given: PageAddress): Promise<GovernedPage> {
  const watched: WatchedPage = await watchPage(browser);
  const { page } = watched;
  const { client = 'sdk', ...told } = given;
  await page.goto(`${pages.url}/${client}?${new URLSearchParams({ ...told }).toString()}`);
  return {
    page,
    begin: async () => {
      await page.getByLabel('Goal').fill(GOAL);
      await page.getByLabel('Repository').fill('shop');
      await page.getByRole('button', { name: 'Start' }).click();
    },
    press: (name) => page.getByRole('button', { name }).click(),
    question: async () => {
      const box = page.getByRole('region', { name: 'Question' });
      await box.waitFor();
      const text = async (selector: string): Promise<string> => (await box.locator(selector).textContent()) ?? '';
      return { action: await text('h2'), description: await text('pre'), subject: await text('code'), allowed: await text('#allowed') };
    },
    released: async () => {
      await page.locator('#outcome', { hasText: 'released' }).waitFor();
      await page.getByRole('status').filter({ hasText: 'at rest' }).waitFor();
    },
    list: (name) => page.locator(`#${name} > li`).allTextContents(),
    passed: (node) => page.locator('#nodes > li', { hasText: node }).first().waitFor(),
    threadId: () => new URL(page.url()).searchParams.get('thread') ?? '',
    expectQuiet: () => expect(watched.complaints).toEqual([]),
    close: () => watched.close(),
  };
}
