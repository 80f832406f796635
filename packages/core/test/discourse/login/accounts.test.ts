import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { workAlone } from '../../../src/discourse/community-user-lock.js';
import { mapGroups } from '../../../src/discourse/login/group-map.js';
import type { SiteUser } from '../../../src/site-user.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { Accounts, Browser, locationOf, sam, site } from './site.js';

const local: SiteUser = {
  id: 'local-1',
  email: 'Sam@Example.com',
  emailVerified: true,
  username: 'sam',
  groups: ['choir'],
};

describe('accounts', () => {
  test('an unknown person gets an account once, and the same one at every later login', async () => {
    const accounts = new Accounts();
    const own = site(accounts.callbacks);
    const browser = new Browser(own);
    await browser.signInWithForum();
    expect((await browser.user())?.id).toBe('new-1');
    const elsewhere = new Browser(own);
    await elsewhere.signInWithForum({ ...sam, username: 'renamed', email: 'other@example.com' });
    expect((await elsewhere.user())?.id).toBe('new-1');
    expect(accounts.created).toBe(1);
    expect(accounts.changes.map(({ reason, forumUser }) => [reason, forumUser.username])).toEqual([
      ['login', 'sam'],
      ['login', 'renamed'],
    ]);
  });

  test('twenty logins at the same time make one account, however long that takes', async () => {
    const accounts = new Accounts();
    const own = site({
      ...accounts.callbacks,
      createSiteUser: async (forumUser) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return accounts.callbacks.createSiteUser(forumUser);
      },
    });
    const replies = await Promise.all(Array.from({ length: 20 }, () => new Browser(own).signInWithForum()));
    expect(replies.every(({ status }) => status === 302)).toBe(true);
    expect(accounts.created).toBe(1);
  });

  test('nobody is linked by default, neither by e-mail nor by user name', async () => {
    const accounts = new Accounts(local);
    await new Browser(site(accounts.callbacks)).signInWithForum();
    expect(accounts.created).toBe(1);
  });

  const byEmail = { linkBy: ['email'] as const, forumConfirmsEmails: true };
  test('by e-mail: a verified address that the forum confirms, without regard to ASCII case', async () => {
    const accounts = new Accounts(local);
    const browser = new Browser(site({ ...accounts.callbacks, ...byEmail }));
    await browser.signInWithForum();
    expect((await browser.user())?.id).toBe('local-1');
    expect(accounts.created).toBe(0);
  });

  test.each<[string, Partial<SiteUser>, Record<string, string>]>([
    ['the address is not verified at the site', { emailVerified: false }, {}],
    ['the forum has not confirmed it', {}, { require_activation: 'true' }],
    ['the account is an admin’s', { admin: true }, {}],
    ['the account is a moderator’s', { moderator: true }, {}],
    ['the forum sent none', {}, { email: '' }],
    ['it only looks the same (Kelvin sign)', { email: 'k@example.com' }, { email: '\u212a@example.com' }],
  ])('by e-mail: not when %s', async (_, change, answer) => {
    const accounts = new Accounts({ ...local, ...change });
    const browser = new Browser(site({ ...accounts.callbacks, ...byEmail }));
    await browser.signInWithForum({ ...sam, ...answer });
    expect((await browser.user())?.id).not.toBe('local-1');
  });

  test('by user name: exactly; a linked account is not taken a second time', async () => {
    const accounts = new Accounts(local);
    const own = site({ ...accounts.callbacks, linkBy: ['username'] });
    const first = new Browser(own);
    await first.signInWithForum();
    expect((await first.user())?.id).toBe('local-1');
    const second = new Browser(own);
    await second.signInWithForum({ ...sam, external_id: '43' });
    expect((await second.user())?.id).toBe('new-1');
    const other = new Browser(site({ ...new Accounts(local).callbacks, linkBy: ['username'] }));
    await other.signInWithForum({ ...sam, username: 'Sam' });
    expect((await other.user())?.id).toBe('new-1');
    // A site that compares more loosely than that decides nothing by it.
    const { callbacks } = new Accounts(local);
    const loose = new Browser(
      site({
        ...callbacks,
        findSiteUser: async (query) =>
          'username' in query
            ? callbacks.findSiteUser({ username: query.username.toLowerCase() })
            : callbacks.findSiteUser(query),
        linkBy: ['username'],
      }),
    );
    await loose.signInWithForum({ ...sam, username: 'SAM' });
    expect((await loose.user())?.id).toBe('new-1');
  });

  test('the rules are tried in the order in which they are given', async () => {
    const byName = { ...local, id: 'by-name', email: 'other@example.com' };
    const byAddress = { ...local, id: 'by-address', username: 'other' };
    for (const [linkBy, id] of [
      [['username', 'email'], 'by-name'],
      [['email', 'username'], 'by-address'],
    ] as const) {
      const accounts = new Accounts(byName, byAddress);
      const browser = new Browser(site({ ...accounts.callbacks, linkBy, forumConfirmsEmails: true }));
      await browser.signInWithForum();
      expect((await browser.user())?.id).toBe(id);
    }
  });

  test('a link to an account that is gone at the site is forgotten; the next login makes a new one', async () => {
    const accounts = new Accounts();
    const own = site(accounts.callbacks);
    await new Browser(own).signInWithForum();
    accounts.users.delete('new-1');
    const browser = new Browser(own);
    expect((await browser.signInWithForum()).status).toBe(302);
    expect((await browser.user())?.id).toBe('new-2');
    expect(await own.store.links?.findBySiteUser('discourse-login', 'new-1')).toBeNull();
  });

  test('an account that the site does not want is a page, and no session', async () => {
    const accounts = new Accounts();
    const own = site({ ...accounts.callbacks, createSiteUser: async () => null });
    const browser = new Browser(own);
    expect((await browser.signInWithForum()).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_NO_ACCOUNT' });
    expect(await browser.user()).toBeNull();
  });

  test('name and e-mail are not handed on when they are not to be exposed', async () => {
    const accounts = new Accounts();
    await new Browser(
      site({ ...accounts.callbacks, exposeName: false, exposeEmail: false }),
    ).signInWithForum();
    expect(accounts.changes[0]?.forumUser).toMatchObject({ name: '', email: '', username: 'sam' });
    expect(accounts.users.get('new-1')?.email).toBe('sam@users.example');
  });

  test('a destroyed forum account is never linked again', async () => {
    const accounts = new Accounts();
    const own = site(accounts.callbacks);
    await new Browser(own).signInWithForum();
    await own.store.links?.retire('discourse-login', '42');
    const browser = new Browser(own);
    expect((await browser.signInWithForum()).status).toBe(403);
    expect(accounts.created).toBe(1);
  });
});

describe('the work on one person', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('stays alone however long it takes, and whoever died over it holds nobody up', async () => {
    jest.useFakeTimers();
    const { locks } = memoryStore();
    const done: string[] = [];
    let finish = (): void => {};
    const slow = workAlone(locks, 'forum', '42', async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      done.push('first');
    });
    await jest.advanceTimersByTimeAsync(29_000);
    const next = workAlone(locks, 'forum', '42', async () => void done.push('second'));
    await jest.advanceTimersByTimeAsync(2_000);
    expect(done).toEqual([]);
    finish();
    await jest.advanceTimersByTimeAsync(1_000);
    await Promise.all([slow, next]);
    expect(done).toEqual(['first', 'second']);

    await locks.acquire('community-user|forum|42', 'a process that died', 3);
    const after = workAlone(locks, 'forum', '42', async () => 'went on');
    await jest.advanceTimersByTimeAsync(4_000);
    expect(await after).toBe('went on');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('groups', () => {
  test('at a login mapped groups are joined and left, others stay', async () => {
    const accounts = new Accounts({ ...local, groups: ['choir', 'staff', 'players'] });
    const own = site({
      ...accounts.callbacks,
      linkBy: ['username'],
      groupMap: {
        players: ['eurorack', 'modular'],
        staff: ['@ADMIN@', '@MODERATOR@'],
        veterans: ['trust_level_3'],
      },
    });
    await new Browser(own).signInWithForum({ ...sam, moderator: 'true', groups: 'trust_level_3,@ADMIN@' });
    expect(accounts.users.get('local-1')?.groups).toEqual(['choir', 'staff', 'veterans']);
    // No groups in the answer: nothing is known, so nothing changes.
    const { groups: _, ...silent } = sam;
    await new Browser(own).signInWithForum(silent);
    expect(accounts.users.get('local-1')?.groups).toEqual(['choir', 'staff', 'veterans']);
    await new Browser(own).signInWithForum({ ...sam, groups: '' });
    expect(accounts.users.get('local-1')?.groups).toEqual(['choir']);
  });

  test('mapGroups: a pure function with three properties', () => {
    const name = fc.constantFrom<string[]>('a', 'b', 'c', 'd', '@ADMIN@', '@MODERATOR@');
    const names = fc.uniqueArray(name);
    fc.assert(
      fc.property(
        fc.dictionary(name, names),
        names,
        names,
        fc.boolean(),
        fc.boolean(),
        (map, groups, held, admin, moderator) => {
          const change = mapGroups(map, { groups, admin, moderator }, held);
          for (const group of [...change.join, ...change.leave]) expect(Object.keys(map)).toContain(group);
          expect(change.join.filter((group) => held.includes(group))).toEqual([]);
          expect(change.leave.filter((group) => !held.includes(group))).toEqual([]);
          // Carried out once, there is nothing left to do.
          const after = [...held, ...change.join].filter((group) => !change.leave.includes(group));
          expect(mapGroups(map, { groups, admin, moderator }, after)).toEqual({ join: [], leave: [] });
          // A group of the forum that is called like a token stands for nothing.
          const tokens = ['@ADMIN@', '@MODERATOR@'];
          const without = groups.filter((group) => !tokens.includes(group));
          expect(mapGroups(map, { groups: without, admin, moderator }, held)).toEqual(change);
          expect(mapGroups(map, { admin, moderator }, held)).toEqual({ join: [], leave: [] });
        },
      ),
    );
  });
});

describe('linking at the person’s own wish', () => {
  const confirmationOf = (body: unknown): string =>
    /name="confirmation" value="([^"]+)"/.exec(String(body))?.[1] ?? '';

  async function linked(own: ReturnType<typeof site>, browser: Browser, answer = sam) {
    const departure = await browser.post('/sso/discourse-login/link', { returnTo: '/profile' });
    const { requestOf } = await import('./site.js');
    const page = await browser.arrive(requestOf(locationOf(departure)), answer);
    return {
      page,
      confirm: () =>
        browser.post('/sso/discourse-login/link/confirm', { confirmation: confirmationOf(page.body) }),
      own,
    };
  }

  test('starts with a form, names both accounts, ends with a second form', async () => {
    const accounts = new Accounts(local);
    const own = site(accounts.callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local);
    const { page, confirm } = await linked(own, browser);
    expect(page.status).toBe(200);
    expect(String(page.body)).toContain('Forum account: sam');
    expect(await own.store.links?.findBySiteUser('discourse-login', 'local-1')).toBeNull();
    expect(locationOf(await confirm())).toBe('/profile');
    expect(await own.store.links?.findBySiteUser('discourse-login', 'local-1')).toBe('42');
    expect((await confirm()).status).toBe(403);
    expect(own.events.map(({ type }) => type)).toContain('account.linked');
  });

  test('a foreign page cannot start or confirm it', async () => {
    const own = site(new Accounts(local).callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local);
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await browser.post('/sso/discourse-login/link', {}, foreign)).status).toBe(403);
    const { page } = await linked(own, browser);
    const confirmation = confirmationOf(page.body);
    expect((await browser.post('/sso/discourse-login/link/confirm', { confirmation }, foreign)).status).toBe(
      403,
    );
    expect((await browser.open('/sso/discourse-login/link')).status).toBe(405);
  });

  test('another person at the callback or at the confirm page ends it', async () => {
    const own = site(new Accounts(local, { ...local, id: 'local-2', username: 'eve' }).callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local);
    const departure = await browser.post('/sso/discourse-login/link');
    await browser.signInAs({ ...local, id: 'local-2' });
    const { requestOf } = await import('./site.js');
    expect((await browser.arrive(requestOf(locationOf(departure)))).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LINK_USER_CHANGED' });

    await browser.signInAs(local);
    const { confirm } = await linked(own, browser);
    await browser.signInAs({ ...local, id: 'local-2' });
    expect((await confirm()).status).toBe(403);
    expect(await own.store.links?.findByCommunityUser('discourse-login', '42')).toBeNull();
  });

  test('an account that is taken stays where it is; the confirmation ends after five minutes', async () => {
    const clock = { now: new Date() };
    const accounts = new Accounts(local, {
      ...local,
      id: 'local-2',
      username: 'eve',
      email: 'eve@example.com',
    });
    const own = site(accounts.callbacks, {}, clock);
    await own.store.links?.link('discourse-login', '42', 'local-2');
    const browser = new Browser(own);
    await browser.signInAs(local);
    const taken = await linked(own, browser);
    expect((await taken.confirm()).status).toBe(409);
    const other = await linked(own, browser, { ...sam, external_id: '43' });
    clock.now = new Date(clock.now.getTime() + 301_000);
    expect((await other.confirm()).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LINK_CONFIRMATION_INVALID' });
  });

  test('somebody with many groups, or on a page with a long address, can be linked, too', async () => {
    const local255: SiteUser = { ...local, id: 'x'.repeat(255) };
    const own = site(new Accounts(local255).callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local255);
    const departure = await browser.post('/sso/discourse-login/link', { returnTo: `/${'a'.repeat(2_000)}` });
    const { requestOf } = await import('./site.js');
    const answer = {
      ...sam,
      name: 'Ö'.repeat(200),
      groups: Array.from({ length: 60 }, (_, i) => `a_group_of_the_forum_${i}`).join(','),
    };
    const page = await browser.arrive(requestOf(locationOf(departure)), answer);
    const confirmation = confirmationOf(page.body);
    expect(`confirmation=${confirmation}`.length).toBeLessThan(4_096);
    const done = await browser.post('/sso/discourse-login/link/confirm', { confirmation });
    expect(done.status).toBe(302);
    expect(await own.store.links?.findBySiteUser('discourse-login', local255.id)).toBe('42');
  });

  test('a second factor that is insisted on is asked for there, too', async () => {
    const own = site({ ...new Accounts(local).callbacks, requireTwoFactor: true });
    const browser = new Browser(own);
    await browser.signInAs(local);
    const { page } = await linked(own, browser);
    expect(page.status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_TWO_FACTOR_MISSING' });
    const confirmed = { ...sam, confirmed_2fa: 'true' };
    expect((await linked(own, browser, confirmed)).page.status).toBe(200);
  });

  test('a forum account that was destroyed is not linked', async () => {
    const own = site(new Accounts(local).callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local);
    await own.store.links?.retire('discourse-login', '42');
    expect((await (await linked(own, browser)).confirm()).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_NO_ACCOUNT' });
  });

  test('at a site without accounts of its own there is nothing to link', () => {
    expect(site().sso.owns('/sso/discourse-login/link')).toBe(false);
    expect(site(new Accounts().callbacks).sso.owns('/sso/discourse-login/link')).toBe(true);
  });

  test('a plain login never links the account that is signed in', async () => {
    const accounts = new Accounts(local);
    const own = site(accounts.callbacks);
    const browser = new Browser(own);
    await browser.signInAs(local);
    await browser.signInWithForum();
    expect((await browser.user())?.id).toBe('new-1');
    expect(await own.store.links?.findBySiteUser('discourse-login', 'local-1')).toBeNull();
  });
});
