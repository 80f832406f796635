import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startWikiEmulator } from '@forum-sso/emulators/connect-client';
import { BrowserClient } from '@forum-sso/testkit';
import { afterAll, expect, test } from '@jest/globals';

import { ClientSite, type PersonName, secret, visit } from './client-site.js';

const folder = mkdtempSync(join(tmpdir(), 'numbers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a fresh wiki learns as the numbers of people who log in there, in this order; the site starts for it, and ends. */
async function numbersAtWiki(
  names: readonly PersonName[],
  before: (site: ClientSite) => Promise<unknown> = async () => {},
): Promise<readonly (string | null)[]> {
  const wikis: Awaited<ReturnType<typeof startWikiEmulator>>[] = [];
  const site = await ClientSite.start(
    async (origin) => {
      wikis.push(
        await startWikiEmulator({
          config: { DiscourseUrl: origin, Sso: { Enable: true, SharedSecret: secret } },
        }),
      );
      return {};
    },
    join(folder, 'site.db'),
  );
  try {
    await before(site);
    for (const wiki of wikis) {
      for (const name of names)
        await visit(site, new BrowserClient(), `${wiki.origin}/index.php?title=Special:UserLogin`, name);
    }
    return wikis.flatMap((wiki) => wiki.accounts().map(({ discourseId }) => discourseId));
  } finally {
    await site.close();
    for (const wiki of wikis) await wiki.close();
  }
}

test('numbers outlive the site, and never change hands', async () => {
  expect(await numbersAtWiki(['bob', 'alice'])).toEqual(['1', '2']);
  expect(await numbersAtWiki(['alice', 'bob'])).toEqual(['2', '1']);
  // Bob is removed, and somebody else comes.
  const replaced = await numbersAtWiki(['bob'], async (site) => {
    await site.sso.remove('bob');
    const other = { id: 'another', username: 'bob', email: 'bob@example.com', emailVerified: true };
    site.users.set('another', other).set('bob', other);
  });
  expect(replaced).toEqual(['3']);
});
