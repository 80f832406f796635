/**
 * Draws docs/images/demo.png: the three pages of a login, side by side. Run with `pnpm run pictures`.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';

import { startTestDemo } from '../support/test-demo.js';
import { launchChromium } from './chromium.js';

const target = fileURLToPath(new URL('../../../../docs/images/', import.meta.url));
mkdirSync(target, { recursive: true });

const demo = await startTestDemo(
  {},
  { site: 'site.localhost', communities: { discourse: 'forum.localhost' } },
);
const browser = await launchChromium();
try {
  const context = await browser.newContext({ viewport: { width: 620, height: 690 }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  const shots: string[] = [];
  const shoot = async (): Promise<void> => {
    shots.push((await page.screenshot()).toString('base64'));
  };
  await page.goto(demo.community('discourse'));
  await shoot();
  await logIn(page);
  await shoot();
  await page.getByRole('button', { name: 'alice' }).click();
  await page.getByText('Alice Example').first().waitFor();
  await shoot();

  const sheet = await browser.newPage({ viewport: { width: 1_440, height: 605 }, deviceScaleFactor: 1.25 });
  const captions = ['1. The forum: “Log In”', '2. The site: sign in', '3. Back at the forum, logged in'];
  await sheet.setContent(`<!doctype html><style>
body{margin:0;padding:20px;display:grid;grid-template-columns:repeat(3,1fr);gap:20px;background:#eceae4;font:600 20px system-ui,sans-serif;color:#22201c}
figure{margin:0}figcaption{margin-bottom:10px}img{display:block;width:100%;border:1px solid #c9c3b6;border-radius:10px}
</style>${shots
    .map(
      (shot, index) =>
        `<figure><figcaption>${captions[index]}</figcaption><img src="data:image/png;base64,${shot}"></figure>`,
    )
    .join('')}`);
  await sheet.screenshot({ path: `${target}demo.png` });
} finally {
  await browser.close();
  await demo.close();
}

async function logIn(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Log In' }).first().click();
  await page.getByRole('heading', { name: 'Sign in to the site' }).waitFor();
}
