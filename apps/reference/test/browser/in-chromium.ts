import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { startTestDemo, type TestDemo } from '../support/test-demo.js';
import { hasChromium, launchChromium } from './chromium.js';

/** Each system on a host of its own, so that cookies and origins are as separate as in the world. */
export const hosts = {
  site: 'site.localhost',
  communities: {
    discourse: 'forum.localhost',
    talkyard: 'talkyard.localhost',
    coral: 'coral.localhost',
    fruum: 'fruum.localhost',
    'discourse-login': 'club.localhost',
    'discourse-connect-provider': 'wiki.localhost',
  },
};

/** What a test has: a demo of its own, and a browser that has never been anywhere. */
export interface World {
  readonly demo: TestDemo;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Opens a page of the site. */
  open(path: string, at?: Page): Promise<void>;
  /** Picks an account on the sign-in page that is open. */
  pick(name: string, at?: Page): Promise<void>;
  /** Signs in at the site, at its own sign-in page. */
  signIn(name: string, at?: Page): Promise<void>;
  /** Signs out at the site, on a page without scripts. */
  signOut(at?: Page): Promise<void>;
  /** Work in a second browser of its own, which has never been anywhere. */
  inAnotherBrowser(work: (page: Page) => Promise<void>): Promise<void>;
  /** The text of an answer of a community, asked without a browser. */
  ask(community: string, path: string, init?: RequestInit): Promise<string>;
}

/**
 * A group of tests in Chromium; skipped where there is none.
 * @param hostnames others than one for each system
 * @param variables the demo's environment
 */
export function describeInChromium(
  title: string,
  define: (world: World) => void,
  hostnames: Parameters<typeof startTestDemo>[1] = hosts,
  variables: Parameters<typeof startTestDemo>[0] = {},
): void {
  if (!hasChromium) {
    console.error(
      '\n*** BROWSER TESTS SKIPPED: no Chromium on this machine. Install one, or set CHROME_PATH to its path. ***\n',
    );
  }
  (hasChromium ? describe : describe.skip)(title, () => {
    let browser: Browser | undefined;
    let demo: TestDemo | undefined;
    let context: BrowserContext | undefined;
    let page: Page | undefined;
    beforeAll(async () => {
      browser = await launchChromium();
    }, 60_000);
    afterAll(() => browser?.close());
    beforeEach(async () => {
      demo = await startTestDemo(variables, hostnames);
      context = await freshContext(running(browser));
      page = await context.newPage();
    });
    afterEach(async () => {
      await context?.close();
      await demo?.close();
    });

    const world: World = {
      get demo() {
        return running(demo);
      },
      get context() {
        return running(context);
      },
      get page() {
        return running(page);
      },
      async open(path, at = world.page) {
        await at.goto(world.demo.origin + path);
      },
      async pick(name, at = world.page) {
        await at.getByRole('button', { name: `(${name})` }).click();
      },
      async signIn(name, at = world.page) {
        await world.open('/login', at);
        await world.pick(name, at);
        await at.waitForURL(`${world.demo.origin}/account`);
      },
      async signOut(at = world.page) {
        await world.open('/account', at);
        await at.getByRole('button', { name: 'Sign out' }).click();
        await at.waitForURL(`${world.demo.origin}/`);
      },
      async inAnotherBrowser(work) {
        const other = await freshContext(running(browser));
        try {
          await work(await other.newPage());
        } finally {
          await other.close();
        }
      },
      async ask(community, path, init) {
        // Names below localhost are known to browsers only.
        const { port } = new URL(world.demo.community(community));
        return (await fetch(`http://127.0.0.1:${port}${path}`, init)).text();
      },
    };
    define(world);
  });
}

/** Cookies, storage and patience of a browser of its own. */
async function freshContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  return context;
}

function running<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('Nothing runs outside of a test.');
  return part;
}
