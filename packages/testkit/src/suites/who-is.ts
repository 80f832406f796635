import assert from 'node:assert/strict';

import type { CaseSite } from '../case.js';
import type { BrowserClient } from '../http/browser-client.js';
import { pagesPath, siteMark } from '../site/pages.js';

/** Who the site takes the browser's person for: an id, or null. */
export async function whoIs(site: CaseSite, browser: BrowserClient): Promise<unknown> {
  const reply = await browser.open(site.url(`${pagesPath}/page`));
  assert.equal(reply.header(siteMark), 'page', `the page was answered with ${reply.status} by somebody else`);
  const told = reply.json();
  return typeof told === 'object' && told !== null && 'user' in told ? told.user : undefined;
}
