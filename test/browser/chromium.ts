/** Debian's Chromium, headless, with an empty profile and no calls home; a page that tells what went wrong in it. */
import { type Browser, chromium, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A name that is not a loopback one, and still leads here: a foreign site, or a rebound name. */
export const FOREIGN = 'evil.example';

export function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [...FLAGS, `--host-resolver-rules=MAP ${FOREIGN} 127.0.0.1`],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and what a content security policy refused. */
  readonly complaints: string[];
  /** Origins of all requests, whether answered or not. */
  readonly asked: ReadonlySet<string>;
  close(): Promise<void>;
}

/** In a context of its own: no cookie, cache or storage of another. */
export async function watchPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext();
  context.setDefaultTimeout(40_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked = new Set<string>();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => asked.add(new URL(request.url()).origin));
  await page.exposeFunction('tellViolation', (text: string) => complaints.push(`policy: ${text}`));
  await page.addInitScript(() => {
    const { tellViolation }: { readonly tellViolation: (text: string) => void } = Object(window); // exposed above
    document.addEventListener('securitypolicyviolation', (event) => tellViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return { page, complaints, asked, close: () => context.close() };
}
