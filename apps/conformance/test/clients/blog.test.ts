import type { DiscourseConnectProviderOptions, SyncedPerson } from '@forum-sso/core/discourse';
import { type BlogEmulator, type BlogOptions, startBlogEmulator } from '@forum-sso/emulators/connect-client';
import { BrowserClient, type WireReply } from '@forum-sso/testkit';
import { afterEach, describe, expect, test } from '@jest/globals';

import { apiKey, ClientSite, people, secret, until, visit, webhookSecret } from './client-site.js';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

/** A site, and a blog that knows it. */
async function start(
  options: Partial<BlogOptions> = {},
  connector: (blog: BlogEmulator) => Partial<DiscourseConnectProviderOptions> = () => ({}),
): Promise<{ site: ClientSite; blog: BlogEmulator }> {
  const blogs: BlogEmulator[] = [];
  const site = await ClientSite.start(async (origin) => {
    const blog = await startBlogEmulator({
      accounts: [{ username: 'olaf', email: 'bob@example.com' }],
      options: {
        url: origin,
        'sso-secret': secret,
        'sso-client-enabled': options['enable-sso'] !== true,
        'api-key': apiKey,
        ...options,
      },
    });
    blogs.push(blog);
    running.push(blog);
    return connector(blog);
  });
  running.push(site);
  const [blog] = blogs;
  if (blog === undefined) throw new Error('The blog was not set up.');
  return { site, blog };
}

const begin = (blog: BlogEmulator, to = '/post?a=1'): string =>
  `${blog.origin}/?discourse_sso=1&redirect_to=${encodeURIComponent(to.startsWith('/') ? blog.origin + to : to)}`;
const reader = ({ text }: WireReply): string =>
  /data-user="([^"]*)"/.exec(text)?.[1] ?? 'no page of the blog';

describe('a blog that logs people in with the site', () => {
  test('signs somebody in on the way, whatever the name, and returns to the page', async () => {
    const { site, blog } = await start();
    const browser = new BrowserClient();
    const back = await visit(site, browser, begin(blog), 'alice');
    expect([reader(back), back.url]).toEqual(['alice_b', `${blog.origin}/post?a=1`]);
    expect(blog.accounts()[1]).toMatchObject({
      email: 'alice@example.com',
      firstName: 'Alice',
      discourseId: '1',
    });
    // Once more, now that both know the person.
    const again = await visit(site, new BrowserClient(), begin(blog), 'alice');
    expect(reader(again)).toBe('alice_b');
    expect(blog.accounts()).toHaveLength(2);
  });

  test('takes over an account with the same address, which the site has verified', async () => {
    const { site, blog } = await start({ 'sso-client-sync-by-email': true });
    expect(reader(await visit(site, new BrowserClient(), begin(blog), 'bob'))).toBe('olaf');
    expect(blog.accounts()).toMatchObject([{ username: 'olaf', discourseId: '1' }]);
  });

  test.each(['carol', 'dave'] as const)('%s gets a page of the site, and no account', async (name) => {
    const { site, blog } = await start({ 'sso-client-sync-by-email': true });
    const reply = await visit(site, new BrowserClient(), begin(blog), name);
    expect([new URL(reply.url).origin, reply.status]).toEqual([site.origin, 403]);
    expect(blog.accounts()).toHaveLength(1);
  });

  test('signs whatever address a link names; nobody gets there', async () => {
    const { site, blog } = await start({}, ({ origin }) => ({
      clients: [{ domain: '127.0.0.1', secret, returnUrls: [`${origin}/post`] }],
    }));
    const browser = new BrowserClient();
    await site.signIn(browser, 'alice');
    for (const [to, status] of [
      ['https://evil.example/', 400],
      [`http://127.0.0.1:1/post`, 403],
      ['/other', 403],
      ['/post?any=query', 200],
    ] as const) {
      const reply = await visit(site, browser, begin(blog, to));
      expect([to, reply.status]).toEqual([to, status]);
      if (status !== 200) expect(new URL(reply.url).origin).toBe(site.origin);
    }
  });

  test('a log-out there ends all sessions here', async () => {
    const { site, blog } = await start({ 'sso-client-sync-logout': true });
    const [here, there] = [new BrowserClient(), new BrowserClient()];
    await visit(site, here, begin(blog), 'alice');
    await site.signIn(there, 'alice');
    await here.submit(`${blog.origin}/wp-login.php?action=logout`, {}, { from: blog.origin });
    expect(blog.log().map(({ what }) => what)).toEqual([
      'POST /admin/users/1/log_out was answered with 200.',
    ]);
    expect([await site.whoIs(here), await site.whoIs(there)]).toEqual(['', '']);
  });

  test('webhooks: only what it takes is sent, and a refusal with status 200 is a failure', async () => {
    const { site, blog } = await start(
      {
        'use-discourse-user-webhook': true,
        'webhook-match-user-email': true,
        'webhook-secret': webhookSecret,
      },
      ({ webhookUrl }) => ({ webhooks: [`${webhookUrl}|${webhookSecret}`] }),
    );
    expect((await site.sso.pushNow(people.bob)).ok).toBe(true);
    expect(blog.accounts()).toMatchObject([{ username: 'olaf', discourseId: '1', discourseUsername: 'bob' }]);
    await site.sso.signOut('bob');
    expect((await site.sso.check()).ok).toBe(true);
    expect(blog.webhooks().map(({ event, success }) => [event, success])).toEqual([
      ['user_created', true],
      ['user_updated', true],
    ]);
    await site.sso.push('a-uuid-of-alice');
    await until('it was refused', () => site.events.some(({ type }) => type === 'push.failed'));
    expect(site.events.find(({ type }) => type === 'push.failed')).toMatchObject({
      code: 'ERR_PROVIDER_WEBHOOK_FAILED',
      next: 'dead',
    });
    // Somebody whom it knows by number alone gets through, though the first event is refused.
    await visit(site, new BrowserClient(), begin(blog), 'alice');
    await site.change('alice', { email: 'new@example.com', username: 'alice2' });
    await until('the blog knows', () => blog.accounts()[1]?.discourseUsername === 'alice2');
  });
});

describe('a blog that is the authority', () => {
  test('brings its people, and changes their groups; its own ids find them, others do not', async () => {
    const brought: SyncedPerson[] = [];
    const holder: { site?: ClientSite } = {};
    const { site, blog } = await start({ 'enable-sso': true, 'auto-create-sso-user': true }, () => ({
      authority: {
        domain: '127.0.0.1',
        acceptEmail: true,
        applyUser: async (person) => {
          brought.push(person);
          const before = holder.site?.users.get('from-the-blog');
          const groups = [...(before?.groups ?? []), ...(person.addGroups ?? [])].filter(
            (name) => person.removeGroups?.includes(name) !== true,
          );
          const user = {
            id: 'from-the-blog',
            email: person.email ?? '',
            emailVerified: person.emailVerified === true,
            username: person.username,
            groups,
          };
          holder.site?.users.set(user.id, user);
          return user;
        },
      },
    }));
    holder.site = site;
    const browser = new BrowserClient();
    await browser.submit(`${blog.origin}/wp-login.php`, { log: 'olaf' }, { from: blog.origin });
    expect(blog.accounts()).toMatchObject([{ discourseId: '1', discourseUsername: 'olaf' }]);
    await blog.changeForumGroups('olaf', { add_groups: 'a,b' });
    await blog.changeForumGroups('olaf', { remove_groups: 'a' });
    expect(site.users.get('from-the-blog')).toMatchObject({ email: 'bob@example.com', groups: ['b'] });
    expect(brought.map(({ externalId, siteUserId }) => [externalId, siteUserId])).toEqual([
      ['1', null],
      ['1', 'from-the-blog'],
      ['1', 'from-the-blog'],
    ]);
    const find = async (id: string) =>
      (await fetch(`${site.origin}/users/by-external/${id}.json`, { headers: { 'Api-Key': apiKey } })).status;
    expect([await find('1'), await find('from-the-blog'), await find('2')]).toEqual([200, 404, 404]);
  });
});
