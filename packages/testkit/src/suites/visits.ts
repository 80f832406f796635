import assert from 'node:assert/strict';

import { errorTable } from '@forum-sso/core';

import type { CaseContext, CaseOptions, CaseSite, ConformanceCase } from '../case.js';
import { isMissing, isOurAnswer, isRedirect, isSitePage, sameJson } from '../expect.js';
import type { SiteSetUp } from '../harness.js';
import type { BrowserClient } from '../http/browser-client.js';
import type { WireReply } from '../http/reply.js';
import { plainSession } from '../site/own-session.js';
import { pagesPath, siteMark } from '../site/pages.js';
import { people } from '../site/people.js';
import { probe, probeSecret } from '../site/probe.js';
import { whoIs } from './who-is.js';

const start = (context: CaseContext, setUp: SiteSetUp = {}, options: CaseOptions = {}): Promise<CaseSite> =>
  context.start({ connectors: [probe()], ...options }, setUp);

const page = (site: CaseSite, name: string): string => site.url(`${pagesPath}/${name}`);

function post(site: CaseSite, browser: BrowserClient, name: string): Promise<WireReply> {
  return browser.submit(page(site, name), {}, { from: site.url('/') });
}

/** The one cookie of ours in a browser. */
async function sessionCookie(site: CaseSite, browser: BrowserClient): Promise<readonly [string, string]> {
  const cookies = [...(await browser.cookies(site.origin))].filter(([name]) => name.includes('fsso'));
  const [cookie] = cookies;
  assert.equal(cookies.length, 1, 'there is not one session cookie');
  if (cookie === undefined) throw new Error('There is no session cookie.');
  return cookie;
}

/** A 401 of ours in JSON. */
function isSignInRequired(reply: WireReply): void {
  isOurAnswer(reply, 401);
  assert.equal(reply.header('content-type'), 'application/json; charset=utf-8');
  const { publicMessage } = errorTable.ERR_SIGN_IN_REQUIRED;
  sameJson(reply.json(), { error: 'ERR_SIGN_IN_REQUIRED', message: publicMessage });
}

const signInPage = (returnTo: string): string =>
  `${pagesPath}/sign-in?returnTo=${encodeURIComponent(returnTo)}`;

export const visitCases: readonly ConformanceCase[] = [
  {
    name: 'a page knows that nobody is signed in, and sets no cookie',
    async run(context) {
      const site = await start(context);
      const reply = await site.browser().open(page(site, 'page'));
      isSitePage(reply, { user: null });
      assert.equal(reply.header('set-cookie'), undefined);
      isMissing(await site.browser().open(site.url('/nowhere')));
    },
  },
  {
    name: 'sign-in sets one sealed cookie, and the next page knows the person',
    async run(context) {
      const site = await start(context);
      const browser = site.browser();
      const reply = await post(site, browser, 'sign-in?user=alice');
      isSitePage(reply, { user: people.alice.id });
      const { port } = new URL(site.origin);
      assert.match(
        reply.header('set-cookie') ?? '',
        new RegExp(`^fsso-${port}-session=[\\w.-]{50,}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax$`),
      );
      assert.ok(!reply.header('set-cookie')?.includes('alice'));
      assert.equal(await whoIs(site, browser), people.alice.id);
      assert.equal(await whoIs(site, site.browser()), null);
    },
  },
  {
    name: 'on https the cookie is bound to the host',
    async run(context) {
      const site = await start(context, {}, { baseUrl: 'https://site.example.com/sso' });
      const reply = await site.send('POST', `${pagesPath}/sign-in?user=bob`);
      const cookie = reply.header('set-cookie') ?? '';
      assert.match(
        cookie,
        /^__Host-fsso-session=[\w.-]{50,}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure$/,
      );
      const again = await site.send('GET', `${pagesPath}/page`, {
        headers: [['Cookie', cookie.split(';')[0] ?? '']],
      });
      isSitePage(again, { user: people.bob.id });
    },
  },
  {
    name: 'sign-out deletes the cookie, and a copy of it is worth nothing',
    async run(context) {
      const site = await start(context);
      const browser = await site.browserOf('bob');
      const [name, value] = await sessionCookie(site, browser);
      const reply = await post(site, browser, 'sign-out');
      isSitePage(reply, { user: null });
      assert.match(reply.header('set-cookie') ?? '', new RegExp(`^${name}=; Path=/; Max-Age=0; HttpOnly`));
      assert.equal((await browser.cookies(site.origin)).size, 0);
      assert.equal(await whoIs(site, browser), null);
      const copy = await site.send('GET', `${pagesPath}/page`, { headers: [['Cookie', `${name}=${value}`]] });
      isSitePage(copy, { user: null });
    },
  },
  {
    name: 'signing out without a session sets no cookie',
    async run(context) {
      const site = await start(context);
      const reply = await post(site, site.browser(), 'sign-out');
      isSitePage(reply, { user: null });
      assert.equal(reply.header('set-cookie'), undefined);
    },
  },
  {
    name: 'each sign-in is a new session, and the old one is over',
    async run(context) {
      const site = await start(context);
      const browser = await site.browserOf('bob');
      const [name, old] = await sessionCookie(site, browser);
      await post(site, browser, 'sign-in?user=bob');
      const [, fresh] = await sessionCookie(site, browser);
      assert.notEqual(old, fresh);
      const stolen = await site.send('GET', `${pagesPath}/page`, { headers: [['Cookie', `${name}=${old}`]] });
      isSitePage(stolen, { user: null });
      assert.equal(await whoIs(site, browser), people.bob.id);
    },
  },
  {
    name: 'a planted session does not survive the sign-in',
    async run(context) {
      const site = await start(context);
      const [name, planted] = await sessionCookie(site, await site.browserOf('bob'));
      const victim = site.browser();
      await victim.plant(site.origin, `${name}=${planted}; Path=/`);
      assert.equal(await whoIs(site, victim), people.bob.id);
      await post(site, victim, 'sign-in?user=alice');
      assert.equal(await whoIs(site, victim), people.alice.id);
      const attacker = await site.send('GET', `${pagesPath}/page`, {
        headers: [['Cookie', `${name}=${planted}`]],
      });
      isSitePage(attacker, { user: null });
    },
  },
  {
    name: 'one answer carries one session cookie, whatever the page does',
    async run(context) {
      const site = await start(context);
      const browser = await site.browserOf('bob');
      const reply = await post(site, browser, 'switch?user=alice');
      isSitePage(reply, { before: people.bob.id, between: null, user: people.alice.id });
      assert.equal(reply.all('set-cookie').length, 1);
      assert.equal(await whoIs(site, browser), people.alice.id);
    },
  },
  {
    name: 'a session is renewed by visits, beside what the page itself sets, and ends when it has to',
    async run(context) {
      let now = Date.parse('2026-03-01T12:00:00Z');
      const hour = 3_600_000;
      const site = await start(
        context,
        { appHeaders: [['Set-Cookie', 'app=1; Path=/']] },
        { now: () => new Date(now), session: { rollingSeconds: 86_400, absoluteSeconds: 3 * 86_400 } },
      );
      const cookie = async (target: string, sent: string): Promise<readonly string[]> => {
        const reply = await site.send('GET', `${pagesPath}/${target}`, { headers: [['Cookie', sent]] });
        const told = reply.json();
        assert.ok(
          typeof told === 'object' && told !== null && 'user' in told && told.user === people.bob.id,
          'the session is over',
        );
        return reply.all('set-cookie').map((line) => line.split(';')[0] ?? '');
      };
      const signedIn = await site.send('POST', `${pagesPath}/sign-in?user=bob`);
      const first = signedIn.all('set-cookie').at(-1)?.split(';')[0] ?? '';
      assert.equal(signedIn.all('set-cookie').length, 2);

      sameJson(await cookie('own-headers', first), ['app=1', 'page=1']);
      now += 3 * hour;
      const renewed = await cookie('own-headers', first);
      sameJson(
        renewed.map((line) => line.split('=')[0]),
        ['app', `fsso-${new URL(site.origin).port}-session`, 'page'],
      );
      now += 22 * hour;
      // Now the first has been still for too long, and the second has not.
      const second = renewed[1] ?? '';
      const late = await cookie('page', second);
      assert.equal(late.length, 2);
      isSitePage(await site.send('GET', `${pagesPath}/page`, { headers: [['Cookie', first]] }), {
        user: null,
      });
      now += 48 * hour;
      const over = await site.send('GET', `${pagesPath}/page`, { headers: [['Cookie', late[1] ?? '']] });
      isSitePage(over, { user: null });
    },
  },
  {
    name: "the page's own rules about caching stay as they are",
    async run(context) {
      const site = await start(context);
      const reply = await (await site.browserOf('bob')).open(page(site, 'own-headers'));
      isSitePage(reply, { user: people.bob.id });
      assert.equal(reply.header('cache-control'), 'private, max-age=5');
    },
  },
  {
    name: 'broken, foreign and empty cookies are no session',
    async run(context) {
      const site = await start(context);
      const [name, value] = await sessionCookie(site, await site.browserOf('bob'));
      const other = await start(context, {}, { keys: Buffer.alloc(64, 'another-key-ring').toString('hex') });
      const [, foreign] = await sessionCookie(other, await other.browserOf('bob'));
      for (const cookie of [
        `${name}=`,
        `${name}=x`,
        `${name}=${value.slice(0, -1)}`,
        `${name}=${value}x`,
        `${name}=${value.replace(/.(?=.{20}$)/, (c) => (c === 'A' ? 'B' : 'A'))}`,
        `${name}=${foreign}`,
        `x${name}=${value}`,
        `${name}="${value}"`,
        `${name}=%00; ${name}=${value}`,
      ]) {
        isSitePage(await site.send('GET', `${pagesPath}/page`, { headers: [['Cookie', cookie]] }), {
          user: null,
        });
      }
      isSitePage(
        await site.send('GET', `${pagesPath}/page`, { headers: [['Cookie', `a=1; ${name}=${value}; b`]] }),
        {
          user: people.bob.id,
        },
      );
    },
  },
  {
    name: 'a person who is signed out everywhere is signed out here, in every browser',
    async run(context) {
      const site = await start(context);
      const [first, second, other] = [
        await site.browserOf('bob'),
        await site.browserOf('bob'),
        await site.browserOf('alice'),
      ];
      await site.sso.signOut(people.bob.id);
      sameJson(
        [await whoIs(site, first), await whoIs(site, second), await whoIs(site, other)],
        [null, null, people.alice.id],
      );
    },
  },
  {
    name: 'people at the same time are told apart',
    async run(context) {
      const site = await start(context);
      const browsers = [await site.browserOf('alice'), await site.browserOf('bob'), site.browser()] as const;
      const rounds = await Promise.all(
        Array.from({ length: 8 }, () => Promise.all(browsers.map((browser) => whoIs(site, browser)))),
      );
      for (const round of rounds) sameJson(round, [people.alice.id, people.bob.id, null]);
    },
  },
  {
    name: "the site's own session is used for pages, too",
    async run(context) {
      const site = await start(context, { ownSession: plainSession() });
      const browser = site.browser();
      const signedIn = await post(site, browser, 'sign-in?user=alice');
      isSitePage(signedIn, { user: people.alice.id });
      assert.match(signedIn.header('set-cookie') ?? '', /^site-session=/);
      assert.equal(await whoIs(site, browser), people.alice.id);
      isSitePage(await post(site, browser, 'sign-out'), { user: null });
      assert.equal(await whoIs(site, browser), null);
    },
  },
  {
    name: 'a silent login is sent instead of the page, and never on our own addresses',
    async run(context) {
      const site = await start(context, { appHeaders: [['Set-Cookie', 'app=1; Path=/']] });
      const reply = await site.browser().open(`${page(site, 'page')}?silent=1`);
      isRedirect(reply, '/silent-login');
      sameJson(reply.all('set-cookie'), ['app=1; Path=/', 'silent=1; Path=/; HttpOnly']);
      isRedirect(await site.send('GET', '/nowhere?silent=1'), '/silent-login');
      const own = await site.send('GET', '/sso/probe/who?silent=1');
      isOurAnswer(own, 200);
      const browser = await site.browserOf('bob');
      isSitePage(await browser.open(`${page(site, 'page')}?silent=1`), { user: people.bob.id });
    },
  },
  {
    name: 'a page for signed-in people leads to the sign-in page and back',
    async run(context) {
      const site = await start(context);
      const browser = site.browser();
      const target = `${pagesPath}/members?tab=a%20b&x=%2F`;
      const away = await browser.open(site.url(target), { from: 'https://forum.example.com/' });
      isRedirect(away, signInPage(target));
      const form = await browser.follow(away);
      isSitePage(form, { signInPage: target });
      const back = await browser.submit(
        page(site, `sign-in?user=alice&returnTo=${encodeURIComponent(target)}`),
        {},
        { from: form.url },
      );
      isSitePage(await browser.follow(back), { user: people.alice.id });
      isSitePage(await post(site, browser, 'members'), { user: people.alice.id });
    },
  },
  {
    name: 'scripts, forms and programs get 401 instead of the sign-in page',
    async run(context) {
      const site = await start(context);
      const browser = site.browser();
      isSignInRequired(await browser.script(page(site, 'members'), { from: site.url('/') }));
      isSignInRequired(await post(site, browser, 'members'));
      isSignInRequired(await site.send('GET', `${pagesPath}/members`));
      isSignInRequired(
        await site.send('GET', `${pagesPath}/members`, { headers: [['Accept', 'application/json']] }),
      );
      const older = await site.send('GET', `${pagesPath}/members`, {
        headers: [['Accept', 'text/html, */*']],
      });
      isRedirect(older, signInPage(`${pagesPath}/members`));
      const head = await site.send('HEAD', `${pagesPath}/members`, { headers: [['Accept', 'text/html']] });
      sameJson([head.status, head.body.byteLength], [401, 0]);
    },
  },
  {
    name: 'the way back stays on this site',
    async run(context) {
      const site = await start(context, { guardAll: true });
      const headers = [['Accept', 'text/html']] as const;
      for (const target of [
        '/.//evil.example',
        '/..//evil.example/x',
        '/%2e//evil.example',
        '//evil.example/x',
        '///evil.example',
        '/\\evil.example',
        `/${'long/'.repeat(500)}`,
      ]) {
        const reply = await site.send('GET', target, { headers });
        isRedirect(reply);
        const location = new URL(reply.header('location') ?? '', site.origin);
        sameJson([location.origin, location.pathname], [site.origin, `${pagesPath}/sign-in`]);
        const back = location.searchParams.get('returnTo');
        assert.ok(
          back === null || new URL(back, site.origin).origin === site.origin,
          `${target} leads back to ${back}`,
        );
      }
      const lying = await site.send('GET', '/a?b=1', {
        headers: [...headers, ['Host', 'evil.example'], ['X-Forwarded-Host', 'evil.example']],
      });
      isRedirect(lying, signInPage('/a?b=1'));
    },
  },
  {
    name: 'a session callback that fails reaches the error handler of the site',
    async run(context) {
      const site = await start(context, {
        ownSession: {
          currentUser: async () => {
            throw new Error(probeSecret);
          },
        },
      });
      const reply = await site.browser().open(page(site, 'page'));
      sameJson(
        [reply.status, reply.header(siteMark), reply.json()],
        [503, 'fault', { fault: 'ERR_SITE_CALLBACK_FAILED' }],
      );
      assert.ok(!reply.text.includes(probeSecret));
    },
  },
  {
    name: 'a sign-in that cannot be is an error of the page',
    async run(context) {
      const site = await start(context, { ownSession: { currentUser: () => null } });
      const reply = await post(site, site.browser(), 'sign-in?user=bob');
      sameJson([reply.status, reply.json()], [500, { fault: 'ERR_OPTIONS_INVALID' }]);
      const unknown = await post(site, site.browser(), 'sign-in?user=nobody');
      sameJson([unknown.status, unknown.json()], [500, { fault: 'unknown' }]);
    },
  },
];
