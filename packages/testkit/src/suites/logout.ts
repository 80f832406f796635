import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';

import type { CaseSite, ConformanceCase } from '../case.js';
import { isOurAnswer, isPage, isRedirect, isRefusedPage, isSitePage, sameJson } from '../expect.js';
import type { BrowserClient } from '../http/browser-client.js';
import type { WireReply } from '../http/reply.js';
import { forumPeople, loginForum, questionIn } from '../site/login-forum.js';
import { plainSession } from '../site/own-session.js';
import { pagesPath } from '../site/pages.js';
import { people } from '../site/people.js';
import {
  comeBack,
  hiddenField,
  isRefusedLogin,
  leave,
  loginPath,
  openPage,
  signInWithForum,
  startLogin,
} from './login-site.js';
import { whoIs } from './who-is.js';

/** A browser in which somebody has signed in with the forum. */
async function forumBrowser(site: CaseSite, name: keyof typeof forumPeople): Promise<BrowserClient> {
  const browser = site.browser();
  await signInWithForum(site, browser, name);
  return browser;
}

/** Presses the button of the page that asks. */
function signOut(
  site: CaseSite,
  browser: BrowserClient,
  fields: Readonly<Record<string, string>> = {},
): Promise<WireReply> {
  const target = site.url(loginPath('logout'));
  return browser.submit(target, fields, { from: target });
}

/** A forum's API that ends sessions, and what it was asked. */
function forumApi(answer: { readonly status: number; readonly body: object }): {
  readonly calls: readonly unknown[];
  readonly listener: RequestListener;
} {
  const calls: unknown[] = [];
  return {
    calls,
    listener: ({ method, url, headers }, response) => {
      calls.push([method, url, headers['api-key'], headers['api-username']]);
      response.writeHead(answer.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    },
  };
}

export const logoutCases: readonly ConformanceCase[] = [
  {
    name: 'log-out asks first, ends the session of this browser, and goes back to a page of the site',
    async run(context) {
      const site = await startLogin(context, {}, { appHeaders: [['Set-Cookie', 'app=1; Path=/']] });
      const [browser, other] = [await forumBrowser(site, 'alice'), await forumBrowser(site, 'alice')];
      const question = `${loginPath('logout')}?returnTo=${encodeURIComponent(`${openPage}?bye`)}`;
      const page = await browser.open(site.url(question), { from: site.url(openPage) });
      isOurAnswer(page, 200);
      sameJson(page.all('set-cookie'), ['app=1; Path=/'], 'asking changes nothing');
      assert.ok(!page.text.includes('everywhere'));
      assert.equal(await whoIs(site, browser), people.alice.id);

      const cookies = [...(await browser.cookies(site.origin))].map((cookie) => cookie.join('=')).join('; ');
      const done = await browser.submit(
        site.url(loginPath('logout')),
        { returnTo: hiddenField(page, 'returnTo') },
        { from: page.url },
      );
      isRedirect(done, `${openPage}?bye`);
      isSitePage(await browser.follow(done), { user: null });
      assert.equal(await whoIs(site, other), people.alice.id);
      // The cookies of before, kept by somebody else, are worth nothing.
      isSitePage(await site.send('GET', openPage, { headers: [['Cookie', cookies]] }), { user: null });
      assert.equal(site.events.at(-1)?.type, 'logout.completed');
    },
  },
  {
    name: 'another site can sign nobody out',
    async run(context) {
      const site = await startLogin(context);
      const browser = await forumBrowser(site, 'alice');
      const target = site.url(loginPath('logout'));
      for (const from of ['https://evil.example/', 'http://127.0.0.1:1/', 'http://localhost/']) {
        isRefusedPage(site, await browser.submit(target, {}, { from }), 'ERR_ORIGIN_FOREIGN');
      }
      isRefusedPage(
        site,
        await browser.embed(target, { as: 'iframe', from: 'https://evil.example/' }),
        'ERR_NOT_A_NAVIGATION',
      );
      isPage(await browser.open(target, { from: 'https://evil.example/' }), 200);
      assert.equal(await whoIs(site, browser), people.alice.id);
    },
  },
  {
    name: 'log-out returns to this site and to no other',
    async run(context) {
      const site = await startLogin(context);
      for (const returnTo of ['//evil.example', '/.//evil.example', 'https://evil.example/', '']) {
        const browser = await forumBrowser(site, 'bob');
        isRedirect(await signOut(site, browser, { returnTo }), '/');
        assert.equal(await whoIs(site, browser), null);
      }
    },
  },
  {
    name: 'everywhere: in all browsers, and at the forum',
    async run(context) {
      const { calls, listener } = forumApi({ status: 200, body: { success: 'OK' } });
      const forumUrl = await context.serve('forum', listener);
      const site = await startLogin(context, {
        forumUrl,
        api: { key: loginForum.apiKey },
        logout: { offerEverywhere: true },
      });
      const signIn = async (name: keyof typeof forumPeople): Promise<BrowserClient> => {
        const browser = site.browser();
        const away = await browser.open(site.url(loginPath('start')));
        const question = questionIn(away.header('location') ?? '', forumUrl);
        isRedirect(await comeBack(site, browser, question, forumPeople[name]), '/');
        return browser;
      };
      const [browser, other, bystander] = [await signIn('alice'), await signIn('alice'), await signIn('bob')];
      const page = await browser.open(site.url(loginPath('logout')));
      assert.ok(page.text.includes('name="everywhere"'), 'there is no choice');
      isRedirect(await signOut(site, browser, { everywhere: 'on' }), '/');
      sameJson(
        [await whoIs(site, browser), await whoIs(site, other), await whoIs(site, bystander)],
        [null, null, people.bob.id],
      );
      sameJson(calls, [['POST', '/admin/users/42/log_out.json', loginForum.apiKey, 'system']]);
    },
  },
  {
    name: 'everywhere, when the forum cannot: signed out here all the same, and told so',
    async run(context) {
      const { listener } = forumApi({ status: 500, body: {} });
      const forumUrl = await context.serve('forum', listener);
      const site = await startLogin(context, {
        forumUrl,
        api: { key: loginForum.apiKey },
        logout: { offerEverywhere: true },
      });
      const browser = site.browser();
      const away = await browser.open(site.url(loginPath('start')));
      const question = questionIn(away.header('location') ?? '', forumUrl);
      await comeBack(site, browser, question, forumPeople.alice);
      const reply = await signOut(site, browser, { everywhere: 'on' });
      isOurAnswer(reply, 503);
      assert.ok(reply.text.includes('ERR_DISCOURSE_UNAVAILABLE'));
      assert.ok(!reply.text.includes(loginForum.apiKey));
      assert.equal(await whoIs(site, browser), null);
    },
  },
  {
    name: 'without the offer the wish for everywhere is not heard',
    async run(context) {
      const site = await startLogin(context);
      const [browser, other] = [await forumBrowser(site, 'bob'), await forumBrowser(site, 'bob')];
      isRedirect(await signOut(site, browser, { everywhere: 'on' }), '/');
      sameJson([await whoIs(site, browser), await whoIs(site, other)], [null, people.bob.id]);
    },
  },
  {
    name: 'forwarded: the forum is told to end its session in this browser, too',
    async run(context) {
      const site = await startLogin(context, { logout: { forwardToForum: true } });
      const browser = await forumBrowser(site, 'alice');
      const page = await browser.open(site.url(loginPath('logout')));
      assert.match(
        page.header('content-security-policy') ?? '',
        new RegExp(`form-action 'self' ${loginForum.url}(;|$)`),
      );
      const away = await signOut(site, browser);
      isRedirect(away);
      const { nonce, ...question } = questionIn(away.header('location') ?? '');
      assert.match(nonce ?? '', /^[0-9a-f]{32}$/);
      sameJson(question, { logout: 'true', return_sso_url: site.url('/') });
      assert.equal(await whoIs(site, browser), null);
    },
  },
  {
    name: "after a log-out at the forum its landing page ends this browser's session, if the forum says so",
    async run(context) {
      const site = await startLogin(context);
      const [browser, other] = [await forumBrowser(site, 'alice'), await forumBrowser(site, 'alice')];
      const land = async (): Promise<Readonly<Record<string, string>>> => {
        const away = await browser.open(site.url(loginPath('forum-logout')), { from: loginForum.url });
        isRedirect(away);
        return questionIn(away.header('location') ?? '');
      };
      const attackers = await land();
      assert.equal(attackers.prompt, 'none');
      isRedirect(await comeBack(site, browser, attackers, forumPeople.alice), '/');
      assert.equal(await whoIs(site, browser), people.alice.id, 'the person is signed in at the forum');
      isRedirect(await comeBack(site, browser, await land(), { failed: 'true' }), '/');
      sameJson([await whoIs(site, browser), await whoIs(site, other)], [null, people.alice.id]);
      isRedirect(await browser.open(site.url(loginPath('forum-logout'))), '/');
    },
  },
  {
    name: 'the landing page is opened as a page',
    async run(context) {
      const site = await startLogin(context);
      const browser = await forumBrowser(site, 'alice');
      const target = site.url(loginPath('forum-logout'));
      const from = 'https://evil.example/';
      isRefusedPage(site, await browser.embed(target, { as: 'image', from }), 'ERR_NOT_A_NAVIGATION');
      isRefusedPage(site, await browser.prefetch(target, { from }), 'ERR_PREFETCH');
      assert.equal(await whoIs(site, browser), people.alice.id);
    },
  },
  {
    name: "the site's own session is ended by the site's own callback",
    async run(context) {
      const ownSession = plainSession();
      const site = await startLogin(context, {}, { ownSession });
      const browser = await forumBrowser(site, 'alice');
      const cookies = async (): Promise<readonly string[]> => [
        ...(await browser.cookies(site.origin)).keys(),
      ];
      assert.ok((await cookies()).includes('site-session'), 'the session is not the site’s own');
      isRedirect(await signOut(site, browser), '/');
      assert.equal(await whoIs(site, browser), null);
      assert.ok(!(await cookies()).includes('site-session'));
    },
  },
  {
    name: 'who signed out stays signed out until they sign in themselves',
    async run(context) {
      let now = Date.now();
      const login = { seamlessLogin: true, autoRelogin: true };
      const site = await startLogin(context, login, {}, { now: () => new Date(now) });
      const browser = site.browser();
      const question = await leave(site, browser);
      isRedirect(await comeBack(site, browser, question, forumPeople.bob), openPage);
      isRedirect(await signOut(site, browser), '/');
      isSitePage(await browser.open(site.url(openPage)), { user: null });
      now += 40 * 86_400_000;
      isSitePage(await browser.open(site.url(openPage)), { user: null });
      isRedirect(await comeBack(site, browser, await leave(site, browser), forumPeople.bob), openPage);
      now += 2 * 86_400_000;
      isRedirect(await browser.open(site.url(openPage)));
    },
  },
  {
    name: "a log-out on a page of the site's own counts as much",
    async run(context) {
      const site = await startLogin(context, { seamlessLogin: true, autoRelogin: true });
      const browser = site.browser();
      isRedirect(await comeBack(site, browser, await leave(site, browser), forumPeople.bob), openPage);
      const out = await browser.submit(site.url(`${pagesPath}/sign-out`), {}, { from: site.url(openPage) });
      isSitePage(out, { user: null });
      isSitePage(await browser.open(site.url(openPage)), { user: null });
    },
  },
  {
    name: 'a session that ends everywhere is over in every browser at once',
    async run(context) {
      const site = await startLogin(context);
      const [one, two] = [await forumBrowser(site, 'alice'), await forumBrowser(site, 'alice')];
      const report = await site.sso.signOut(people.alice.id);
      assert.equal(report.ok, true);
      sameJson([await whoIs(site, one), await whoIs(site, two)], [null, null]);
    },
  },
  {
    name: 'log-out by another method, or without anybody to sign out, harms nobody',
    async run(context) {
      const site = await startLogin(context);
      const reply = await signOut(site, site.browser());
      isRedirect(reply, '/');
      const put = await site.send('PUT', loginPath('logout'));
      isRefusedPage(site, put, 'ERR_METHOD_NOT_ALLOWED');
      assert.equal(put.header('allow'), 'GET, POST');
      const long = await site.send('POST', loginPath('logout'), { body: `a=${'x'.repeat(5_000)}` });
      isRefusedLogin(site, long, 'ERR_BODY_TOO_LARGE');
    },
  },
];
