import { startWikiEmulator, type WikiEmulator } from '@forum-sso/emulators/connect-client';
import { BrowserClient, type WireReply } from '@forum-sso/testkit';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { apiKey, ClientSite, people, secret, toPage, until, visit, webhookSecret } from './client-site.js';

let wiki: WikiEmulator;
let site: ClientSite;

beforeEach(async () => {
  site = await ClientSite.start(async (origin) => {
    wiki = await startWikiEmulator({
      config: {
        DiscourseUrl: origin,
        Sso: { Enable: true, SharedSecret: secret, EnableSeamlessLogin: true, EnableAutoRelogin: true },
        User: {
          ExposeEmail: true,
          GroupMaps: { sysop: ['@ADMIN@'], editor: ['editors'], singer: ['choir'] },
        },
        DiscourseApi: { EnableLogout: true, Key: apiKey },
        Webhook: { Enable: true, SharedSecret: webhookSecret, AllowedIpList: ['127.0.0.1'] },
        Logout: { OfferGlobalOptionToUser: true, ForwardToDiscourse: true, HandleEventFromDiscourse: true },
      },
    });
    return { webhooks: [`${wiki.webhookUrl}|${webhookSecret}`] };
  });
});
afterEach(async () => {
  await site.close();
  await wiki.close();
});

const page = (title: string, more = ''): string => `${wiki.origin}/index.php?title=${title}${more}`;
const reader = ({ text }: WireReply): string =>
  /data-user="([^"]*)"/.exec(text)?.[1] ?? 'no page of the wiki';
const account = (name: string) => wiki.accounts().find((one) => one.name === name);
const events = (): readonly string[] => wiki.webhooks().map(({ event }) => event);

/** A click on "Log in". */
const logIn = (browser: BrowserClient, name?: Parameters<typeof visit>[3]): Promise<WireReply> =>
  visit(site, browser, page('Special:UserLogin', '&returnto=Main_Page'), name);

/** A browser that has been to the wiki before, so that it does not ask by itself. */
async function usedBrowser(): Promise<BrowserClient> {
  const browser = new BrowserClient();
  await visit(site, browser, page('Main_Page'));
  return browser;
}

async function logOut(browser: BrowserClient, form: Record<string, string> = {}): Promise<WireReply> {
  const url = page('Special:UserLogout');
  return toPage(browser, await browser.submit(url, form, { from: url }));
}

describe('a wiki that logs people in with the site', () => {
  test('signs somebody in on the way, with name, address and mapped groups', async () => {
    const browser = await usedBrowser();
    expect(reader(await logIn(browser, 'alice'))).toBe('Alice b');
    expect(account('Alice b')).toMatchObject({
      discourseId: '1',
      email: 'alice@example.com',
      groups: ['sysop', 'editor', 'singer'],
    });
    // The same number for the same person, another for another.
    await logOut(browser);
    expect(reader(await logIn(browser, 'bob'))).toBe('Bob');
    expect(account('Bob')).toMatchObject({ discourseId: '2', groups: ['singer'] });
    expect(reader(await logIn(await usedBrowser(), 'alice'))).toBe('Alice b');
    expect(wiki.accounts()).toHaveLength(2);
  });

  test.each([
    ['carol', 'confirm your e-mail address'],
    ['dave', 'suspended'],
  ] as const)('%s gets a page of the site that says why, and no account', async (name, text) => {
    const reply = await logIn(await usedBrowser(), name);
    expect(new URL(reply.url).origin).toBe(site.origin);
    expect([reply.status, reply.text.includes(text)]).toEqual([403, true]);
    expect(wiki.accounts()).toEqual([]);
  });

  test('knows a visitor at once who is signed in at the site', async () => {
    const browser = new BrowserClient();
    await site.signIn(browser, 'alice');
    const first = await visit(site, browser, page('Help:Contents', '&a=1'));
    expect([reader(first), first.url]).toEqual(['Alice b', page('Help:Contents', '&a=1')]);
  });

  test.each([undefined, 'carol', 'dave'] as const)(
    'shows the page to everybody else, its query intact, and asks no more (%s)',
    async (name) => {
      const browser = new BrowserClient();
      if (name !== undefined) await site.signIn(browser, name);
      const first = await visit(site, browser, page('Help:Contents', '&a=1'));
      expect([first.status, reader(first), first.url]).toEqual([200, '', page('Help:Contents', '&a=1')]);
      expect((await browser.open(page('Help:Contents'))).status).toBe(200);
    },
  );

  test('logs in again by itself when its session ran out, while the site knows the person', async () => {
    const browser = await usedBrowser();
    await logIn(browser, 'alice');
    wiki.expireSessions();
    expect(reader(await visit(site, browser, page('Main_Page')))).toBe('Alice b');
    wiki.expireSessions();
    await site.signOut(browser);
    const told = await visit(site, browser, page('Main_Page'));
    expect(told.text).toContain('Authentication failed');
    expect(reader(await visit(site, browser, page('Main_Page')))).toBe('');
  });

  test('a log-out ends the session at the site, in this browser alone', async () => {
    const [here, there] = [await usedBrowser(), await usedBrowser()];
    await logIn(here, 'alice');
    await logIn(there, 'alice');
    expect((await logOut(here)).text).toContain('You are now logged out');
    expect([await site.whoIs(here), await site.whoIs(there)]).toEqual(['', 'alice_b']);
    expect(reader(await visit(site, there, page('Main_Page')))).toBe('Alice b');
    expect(reader(await visit(site, here, page('Main_Page')))).toBe('');
  });

  test('a log-out everywhere ends all sessions, there and here', async () => {
    const [here, there] = [await usedBrowser(), await usedBrowser()];
    await logIn(here, 'alice');
    await logIn(there, 'alice');
    expect((await logOut(here, { 'dssoc-global-logout': '1' })).text).toContain('You are now logged out');
    expect([await site.whoIs(here), await site.whoIs(there)]).toEqual(['', '']);
    // The wiki leaves its other sessions alone; the webhook of the site ends them.
    await until('the wiki was told', () => events().includes('user_logged_out'));
    expect(reader(await visit(site, there, page('Main_Page')))).not.toBe('Alice b');
    expect(site.events.filter(({ type }) => type === 'logout.completed')).toMatchObject([
      { everywhere: true },
    ]);
  });

  test('has the account before the person comes, and hears of their sign-ins', async () => {
    expect((await site.sso.pushNow(people.bob)).ok).toBe(true);
    expect(account('Bob')).toMatchObject({ discourseId: '1', groups: ['singer'] });
    await site.signIn(new BrowserClient(), 'bob');
    await until('the wiki was told', () => events().includes('user_logged_in'));
    expect(events()).toEqual(['user_created', 'user_updated', 'user_added_to_group', 'user_logged_in']);
    expect(wiki.webhooks().map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await site.signIn(new BrowserClient(), 'carol');
    await until('that is no news', () =>
      site.events.some((event) => event.type === 'push.done' && event.notes.length > 0),
    );
    expect(wiki.webhooks()).toHaveLength(4);
  });

  test('hears of a group that was given or taken', async () => {
    const browser = await usedBrowser();
    await logIn(browser, 'bob');
    await site.change('bob', { groups: ['editors'] });
    await until('the wiki was told', () => account('Bob')?.groups.includes('editor') === true);
    expect(account('Bob')?.groups).toEqual(['editor']);
    expect(reader(await visit(site, browser, page('Main_Page')))).toBe('Bob');
  });

  test.each(['signOut', 'suspend', 'remove'] as const)(
    '%s at the site ends the sessions at the wiki',
    async (what) => {
      const browser = await usedBrowser();
      await logIn(browser, 'alice');
      const report = await site.sso[what]('a-uuid-of-alice');
      expect(report.ok).toBe(true);
      expect(wiki.webhooks().every(({ status, answer }) => status === 200 && answer !== '')).toBe(true);
      expect(reader(await visit(site, browser, page('Main_Page')))).not.toBe('Alice b');
    },
  );

  test('a ping tells whether it listens', async () => {
    expect((await site.sso.check()).results).toMatchObject([{ outcome: 'done' }]);
    expect(wiki.webhooks()).toMatchObject([{ type: 'ping', answer: expect.stringMatching(/^PONG/) }]);
  });
});
