import { expect, test } from '@jest/globals';

import { Accounts, Browser, site } from '../discourse/login/site.js';

test('removal forgets the link and what the forum told, and leaves the account at the forum to its owner', async () => {
  const accounts = new Accounts();
  const own = site(accounts.callbacks);
  const browser = new Browser(own);
  await browser.signInWithForum();
  const id = await own.store.links?.findByCommunityUser('discourse-login', '42');
  if (typeof id !== 'string') throw new Error('not linked');
  await own.store.profiles?.write('discourse-login', '42', { json: '{}', version: '2030' }, true);
  const report = await own.sso.remove(id);
  expect(report.byHand).toEqual([
    expect.stringMatching(/^discourse-login: The account at the forum belongs/),
  ]);
  expect(await own.store.links?.findBySiteUser('discourse-login', id)).toBeNull();
  expect(await own.store.profiles?.read('discourse-login', '42')).toBeNull();
  expect(await browser.user()).toBeNull();
  expect((await own.sso.remove(id)).results).toMatchObject([
    { outcome: 'done', notes: ['The person has no account at the forum.'] },
  ]);
});
