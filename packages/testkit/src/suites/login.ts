import assert from 'node:assert/strict';

import type { CaseSite, ConformanceCase } from '../case.js';
import {
  isMissing,
  isOurAnswer,
  isPage,
  isRedirect,
  isRefusedPage,
  isSitePage,
  sameJson,
} from '../expect.js';
import type { BrowserClient } from '../http/browser-client.js';
import type { WireReply } from '../http/reply.js';
import { forumAnswer, forumPeople, loginForum, questionIn } from '../site/login-forum.js';
import { plainSession } from '../site/own-session.js';
import { pagesPath } from '../site/pages.js';
import { people } from '../site/people.js';
import { probeSecret } from '../site/probe.js';
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

/** The callback with an answer, as a path of the site. */
const callback = (query: string): string => `${loginPath('callback')}?${query}`;

/** The `Cookie` header that a browser would send. */
async function cookieHeader(site: CaseSite, browser: BrowserClient): Promise<readonly [string, string]> {
  const cookies = [...(await browser.cookies(site.origin))];
  return ['Cookie', cookies.map(([name, value]) => `${name}=${value}`).join('; ')];
}

async function cookieNames(site: CaseSite, browser: BrowserClient): Promise<readonly string[]> {
  return [...(await browser.cookies(site.origin)).keys()];
}

/** Opens a page for the first time and follows the look for cookies; gives the redirect to the forum. */
async function firstVisit(site: CaseSite, browser: BrowserClient, page: string): Promise<WireReply> {
  const around = await browser.open(site.url(page));
  isRedirect(around, `${page}${page.includes('?') ? '&' : '?'}fsso-cookie-test=1`);
  const away = await browser.follow(around);
  isRedirect(away);
  return away;
}

export const loginCases: readonly ConformanceCase[] = [
  {
    name: 'a person goes to the forum, comes back signed in and lands where they were',
    async run(context) {
      const site = await startLogin(context, {}, { appHeaders: [['Set-Cookie', 'app=1; Path=/']] });
      const browser = site.browser();
      const page = `${pagesPath}/members?tab=a%20b&x=%2F`;
      const start = `${loginPath('start')}?returnTo=${encodeURIComponent(page)}&admin=true&custom.x=1&nonce=1`;
      const away = await browser.open(site.url(start), { from: site.url(openPage) });
      isRedirect(away);
      const question = questionIn(away.header('location') ?? '');
      sameJson(Object.keys(question).sort(), ['nonce', 'return_sso_url']);
      assert.match(question.nonce ?? '', /^[0-9a-f]{32}$/);
      assert.equal(question.return_sso_url, site.url(loginPath('callback')));
      const { port } = new URL(site.origin);
      sameJson(
        away
          .all('set-cookie')
          .map((line) => line.replace(/=[\w.-]{50,}/, '=').replace(/-[0-9a-f]{8}=/, '-=')),
        [
          'app=1; Path=/',
          `fsso-${port}-attempt-discourse-login-=; Path=/; Max-Age=900; HttpOnly; SameSite=Lax`,
        ],
      );

      const back = await comeBack(site, browser, question, forumPeople.alice);
      isRedirect(back, page);
      isSitePage(await browser.follow(back), { user: people.alice.id });
      sameJson((await cookieNames(site, browser)).map((name) => name.replace(/^fsso-\d+-/, '')).sort(), [
        'app',
        'browser-discourse-login',
        'session',
      ]);
      sameJson(
        site.events.map(({ type }) => type),
        ['login.completed'],
      );
    },
  },
  {
    name: 'several tabs come back each to its own page, in any order',
    async run(context) {
      const site = await startLogin(context);
      const browser = site.browser();
      const one = await leave(site, browser, `${openPage}?tab=1`);
      const two = await leave(site, browser, `${openPage}?tab=2`);
      isRedirect(await comeBack(site, browser, two, forumPeople.bob), `${openPage}?tab=2`);
      isRedirect(await comeBack(site, browser, one, forumPeople.bob), `${openPage}?tab=1`);
      assert.equal(await whoIs(site, browser), people.bob.id);
    },
  },
  {
    name: 'an answer works once: not again in this browser, and not with a copy of its cookies',
    async run(context) {
      const site = await startLogin(context);
      const browser = site.browser();
      const question = await leave(site, browser);
      const cookies = await cookieHeader(site, browser);
      isRedirect(await comeBack(site, browser, question, forumPeople.bob), openPage);
      isRefusedLogin(
        site,
        await comeBack(site, browser, question, forumPeople.bob),
        'ERR_LOGIN_ATTEMPT_MISSING',
      );
      assert.equal(await whoIs(site, browser), people.bob.id, 'the back button signs nobody out');
      const copy = await site.send('GET', callback(forumAnswer(question, forumPeople.alice)), {
        headers: [cookies],
      });
      isRefusedLogin(site, copy, 'ERR_LOGIN_ALREADY_USED');
    },
  },
  {
    name: 'of an answer that comes many times at once, one is a login',
    async run(context) {
      const site = await startLogin(context);
      const browser = site.browser();
      const target = callback(forumAnswer(await leave(site, browser), forumPeople.bob));
      const headers = [await cookieHeader(site, browser)];
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => site.send('GET', target, { headers })),
      );
      sameJson(replies.map(({ status }) => status).sort(), [302, ...Array<number>(7).fill(403)]);
      assert.equal(site.events.filter(({ type }) => type === 'login.completed').length, 1);
    },
  },
  {
    name: 'an answer is worth nothing in another browser',
    async run(context) {
      const site = await startLogin(context);
      const [attacker, victim] = [site.browser(), site.browser()];
      const question = await leave(site, attacker);
      await leave(site, victim);
      const reply = await comeBack(site, victim, question, forumPeople.alice);
      isRefusedLogin(site, reply, 'ERR_LOGIN_ATTEMPT_MISSING');
      assert.equal(await whoIs(site, victim), null);
    },
  },
  {
    name: 'what is not an answer of this forum to this site is refused, each with its own code',
    async run(context) {
      const site = await startLogin(context);
      const browser = site.browser();
      const question = await leave(site, browser);
      const right = forumAnswer(question, forumPeople.alice);
      const elsewhere = {
        ...question,
        return_sso_url: 'https://other.example.com/sso/discourse-login/callback',
      };
      const [sso = '', sig = ''] = right.split('&');
      for (const [query, code] of [
        ['', 'ERR_SSO_SIGNATURE_MISSING'],
        [sso, 'ERR_SSO_SIGNATURE_MISSING'],
        [`${right}&${sig}`, 'ERR_PARAMETER_REPEATED'],
        [`${right}&${sso}`, 'ERR_PARAMETER_REPEATED'],
        [right.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')), 'ERR_SSO_SIGNATURE_INVALID'],
        [
          forumAnswer(question, forumPeople.alice, 'the-secret-of-another-forum'),
          'ERR_SSO_SIGNATURE_INVALID',
        ],
        [forumAnswer({ ...question, nonce: '' }, forumPeople.alice), 'ERR_SSO_NONCE_MISSING'],
        [forumAnswer({ ...question, nonce: 'f'.repeat(32) }, forumPeople.alice), 'ERR_LOGIN_ATTEMPT_MISSING'],
        [forumAnswer(elsewhere, forumPeople.alice), 'ERR_LOGIN_RETURN_URL_WRONG'],
      ] as const) {
        const reply = await browser.open(site.url(callback(query)), { from: `${loginForum.url}/` });
        isRefusedLogin(site, reply, code);
      }
      assert.equal(await whoIs(site, browser), null);
    },
  },
  {
    name: 'the callback is opened as a page, by GET, and not in advance',
    async run(context) {
      const site = await startLogin(context);
      const browser = site.browser();
      const question = await leave(site, browser);
      const target = site.url(callback(forumAnswer(question, forumPeople.alice)));
      const from = 'https://evil.example/';
      for (const as of ['iframe', 'image', 'script'] as const) {
        isRefusedPage(site, await browser.embed(target, { as, from }), 'ERR_NOT_A_NAVIGATION');
      }
      isRefusedPage(site, await browser.prefetch(target), 'ERR_PREFETCH');
      const head = await site.send('HEAD', callback(forumAnswer(question, forumPeople.alice)), {
        headers: [await cookieHeader(site, browser)],
      });
      sameJson([head.status, head.header('allow')], [405, 'GET']);
      isRefusedPage(site, await browser.submit(target, {}, { from }), 'ERR_METHOD_NOT_ALLOWED');
      const start = site.url(loginPath('start'));
      isRefusedPage(site, await browser.embed(start, { as: 'image', from }), 'ERR_NOT_A_NAVIGATION');
      // None of it has used the answer up.
      isRedirect(await browser.open(target, { from: loginForum.url }), openPage);
      assert.equal(await whoIs(site, browser), people.alice.id);
    },
  },
  {
    name: 'a login returns to this site and to no other',
    async run(context) {
      const site = await startLogin(context);
      for (const target of [
        '//evil.example',
        '/.//evil.example',
        '/\\evil.example',
        'https://evil.example/',
      ]) {
        const reply = await site
          .browser()
          .open(site.url(`${loginPath('start')}?returnTo=${encodeURIComponent(target)}`));
        isRefusedPage(site, reply, 'ERR_RETURN_PATH_UNSAFE');
      }
      const headers = [
        ['Host', 'evil.example'],
        ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'https'],
      ] as const;
      const lying = await site.send('GET', loginPath('start'), { headers });
      const question = questionIn(lying.header('location') ?? '');
      assert.equal(question.return_sso_url, site.url(loginPath('callback')));
    },
  },
  {
    name: 'a session that was planted in the browser does not survive the login',
    async run(context) {
      const site = await startLogin(context);
      const attacker = site.browser();
      await signInWithForum(site, attacker, 'bob');
      const planted = [...(await attacker.cookies(site.origin))].find(([name]) => name.endsWith('-session'));
      const victim = site.browser();
      await victim.plant(site.origin, `${planted?.join('=')}; Path=/`);
      assert.equal(await whoIs(site, victim), people.bob.id);
      await signInWithForum(site, victim, 'alice');
      assert.equal(await whoIs(site, victim), people.alice.id);
      const copy = [['Cookie', planted?.join('=') ?? '']] as const;
      isSitePage(await site.send('GET', openPage, { headers: copy }), { user: null });
    },
  },
  {
    name: "the site's own session is started, with a cookie of the site's",
    async run(context) {
      const ownSession = plainSession();
      const site = await startLogin(context, {}, { ownSession });
      const browser = site.browser();
      isSitePage(await signInWithForum(site, browser, 'alice'), { user: people.alice.id });
      const names = await cookieNames(site, browser);
      assert.ok(names.includes('site-session'));
      assert.ok(!names.some((name) => name.endsWith('-session') && name.startsWith('fsso')));
    },
  },
  {
    name: 'somebody without an account here, or with a suspended one, gets a page and no session',
    async run(context) {
      const site = await startLogin(context);
      for (const [name, code] of [
        ['eve', 'ERR_LOGIN_NO_ACCOUNT'],
        ['dave', 'ERR_USER_SUSPENDED'],
      ] as const) {
        const browser = site.browser();
        const reply = await comeBack(site, browser, await leave(site, browser), forumPeople[name]);
        isRefusedLogin(site, reply, code);
        assert.equal(await whoIs(site, browser), null);
      }
    },
  },
  {
    name: 'a callback of the site that fails is a page without a word about it, and no login',
    async run(context) {
      const site = await startLogin(context, {
        findSiteUser: async () => {
          throw new Error(probeSecret);
        },
        createSiteUser: async () => {
          throw new Error(probeSecret);
        },
      });
      const browser = site.browser();
      const reply = await comeBack(site, browser, await leave(site, browser), forumPeople.alice);
      isRefusedLogin(site, reply, 'ERR_SITE_CALLBACK_FAILED');
      assert.ok(!reply.text.includes(probeSecret));

      const { currentUser } = plainSession();
      const other = await startLogin(
        context,
        {},
        {
          ownSession: {
            currentUser,
            signIn: async () => {
              throw new Error(probeSecret);
            },
          },
        },
      );
      const second = other.browser();
      const failed = await comeBack(other, second, await leave(other, second), forumPeople.alice);
      isRefusedLogin(other, failed, 'ERR_SITE_CALLBACK_FAILED');
      assert.ok(!failed.text.includes(probeSecret));
    },
  },
  {
    name: 'a first visit signs in whoever is signed in at the forum, without a page',
    async run(context) {
      const site = await startLogin(
        context,
        { seamlessLogin: true },
        { appHeaders: [['Set-Cookie', 'app=1; Path=/']] },
      );
      const browser = site.browser();
      const page = `${openPage}?a=%20b&c`;
      const away = await firstVisit(site, browser, page);
      const question = questionIn(away.header('location') ?? '');
      sameJson(Object.keys(question).sort(), ['nonce', 'prompt', 'return_sso_url']);
      assert.equal(question.prompt, 'none');
      assert.equal(away.all('set-cookie').length, 3, 'a cookie is missing');
      const back = await comeBack(site, browser, question, forumPeople.alice);
      isRedirect(back, page);
      isSitePage(await browser.follow(back), { user: people.alice.id });
    },
  },
  {
    name: 'a first visit of somebody whom the forum does not know ends on the page, once and for all',
    async run(context) {
      const site = await startLogin(context, { seamlessLogin: true, autoRelogin: true });
      const browser = site.browser();
      const away = await firstVisit(site, browser, openPage);
      const question = questionIn(away.header('location') ?? '');
      const back = await comeBack(site, browser, question, { ...forumPeople.alice, failed: 'true' });
      isRedirect(back, openPage);
      isSitePage(await browser.follow(back), { user: null });
      isSitePage(await browser.open(site.url(openPage)), { user: null });
      isMissing(await browser.open(site.url('/nowhere')));
      sameJson(site.events, []);
    },
  },
  {
    name: 'a visitor who never comes back from the forum is not sent there again',
    async run(context) {
      const site = await startLogin(context, { seamlessLogin: true });
      const browser = site.browser();
      await firstVisit(site, browser, openPage);
      assert.equal(await whoIs(site, browser), null);
    },
  },
  {
    name: 'a client without cookies is led around once, and never to the forum',
    async run(context) {
      const site = await startLogin(context, { seamlessLogin: true });
      const headers = [['Accept', 'text/html']] as const;
      const around = await site.send('GET', openPage, { headers });
      isRedirect(around, `${openPage}?fsso-cookie-test=1`);
      isSitePage(await site.send('GET', `${openPage}?fsso-cookie-test=1`, { headers }), { user: null });
    },
  },
  {
    name: 'forms, scripts, frames, look-aheads and the sign-in page are left alone',
    async run(context) {
      const site = await startLogin(context, { seamlessLogin: true });
      const from = site.url('/');
      isSitePage(await site.browser().script(site.url(openPage), { from }), { user: null });
      isSitePage(await site.browser().embed(site.url(openPage), { as: 'iframe', from }), { user: null });
      isSitePage(await site.browser().prefetch(site.url(openPage)), { user: null });
      isSitePage(await site.browser().submit(site.url(`${pagesPath}/sign-out`), {}, { from }), {
        user: null,
      });
      isSitePage(await site.browser().open(site.url(`${pagesPath}/sign-in`)), { signInPage: null });
      isSitePage(await site.send('GET', openPage), { user: null });
      const head = await site.send('HEAD', openPage, { headers: [['Accept', 'text/html']] });
      assert.equal(head.header('location'), undefined);
    },
  },
  {
    name: 'a session that ended by itself is begun again without a page, as long as the forum agrees',
    async run(context) {
      let now = Date.now();
      const site = await startLogin(context, { autoRelogin: true }, {}, { now: () => new Date(now) });
      const browser = site.browser();
      isSitePage(await browser.open(site.url(openPage)), { user: null });
      await signInWithForum(site, browser, 'bob');
      now += 2 * 86_400_000;
      const away = await browser.open(site.url(`${openPage}?y=2`));
      isRedirect(away);
      const question = questionIn(away.header('location') ?? '');
      assert.equal(question.prompt, 'none');
      const back = await comeBack(site, browser, question, forumPeople.bob);
      isRedirect(back, `${openPage}?y=2`);
      isSitePage(await browser.follow(back), { user: people.bob.id });
      now += 2 * 86_400_000;
      const again = await browser.open(site.url(openPage));
      isRedirect(
        await comeBack(site, browser, questionIn(again.header('location') ?? ''), { failed: 'true' }),
        openPage,
      );
      assert.equal(await whoIs(site, browser), null);
    },
  },
  {
    name: 'a whole site for signed-in people leads to the forum and back by itself',
    async run(context) {
      const site = await startLogin(context, {}, { guardAll: true }, { signInPath: loginPath('start') });
      const browser = site.browser();
      const page = `${pagesPath}/members?a=1`;
      const away = await browser.open(site.url(page));
      isRedirect(away, `${loginPath('start')}?returnTo=${encodeURIComponent(page)}`);
      const leaving = await browser.follow(away);
      isRedirect(leaving);
      const back = await comeBack(
        site,
        browser,
        questionIn(leaving.header('location') ?? ''),
        forumPeople.alice,
      );
      isRedirect(back, page);
      isSitePage(await browser.follow(back), { user: people.alice.id });
      const script = await site.browser().script(site.url(page), { from: site.url('/') });
      isOurAnswer(script, 401);
    },
  },
  {
    name: 'a forum account is linked to the account that asks for it, with a form and a question',
    async run(context) {
      const site = await startLogin(context);
      const browser = await site.browserOf('bob');
      const from = site.url(openPage);
      const fields = { returnTo: `${openPage}?linked` };
      const away = await browser.submit(site.url(loginPath('link')), fields, { from });
      isRedirect(away);
      const question = questionIn(away.header('location') ?? '');
      const page = await comeBack(site, browser, question, forumPeople.eve);
      isOurAnswer(page, 200);
      assert.match(page.text, /eve[\s\S]*bob/, 'the page does not name both accounts');
      const confirmation = hiddenField(page, 'confirmation');
      const confirm = site.url(loginPath('link/confirm'));
      const done = await browser.submit(confirm, { confirmation }, { from: page.url });
      isRedirect(done, `${openPage}?linked`);
      // From now on Eve of the forum is Bob here.
      const other = site.browser();
      isSitePage(await signInWithForum(site, other, 'eve'), { user: people.bob.id });
      const again = await browser.submit(confirm, { confirmation }, { from: page.url });
      isRefusedLogin(site, again, 'ERR_LINK_CONFIRMATION_INVALID');
    },
  },
  {
    name: 'another site, or another person, can neither begin nor finish linking',
    async run(context) {
      const site = await startLogin(context);
      const browser = await site.browserOf('bob');
      const from = 'https://evil.example/';
      const link = site.url(loginPath('link'));
      isRefusedPage(site, await browser.submit(link, {}, { from }), 'ERR_ORIGIN_FOREIGN');
      isRefusedPage(site, await browser.open(link, { from }), 'ERR_METHOD_NOT_ALLOWED');
      const own = { from: site.url(openPage) };
      const anonymous = await site.browser().submit(link, {}, own);
      isRedirect(anonymous, `${pagesPath}/sign-in?returnTo=%2F`);

      const away = await browser.submit(link, {}, own);
      const question = questionIn(away.header('location') ?? '');
      const page = await comeBack(site, browser, question, forumPeople.eve);
      isOurAnswer(page, 200);
      const fields = { confirmation: hiddenField(page, 'confirmation') };
      const confirm = site.url(loginPath('link/confirm'));
      isRefusedPage(site, await browser.submit(confirm, fields, { from }), 'ERR_ORIGIN_FOREIGN');
      const alice = await site.browserOf('alice');
      isRefusedLogin(site, await alice.submit(confirm, fields, { from: page.url }), 'ERR_LINK_USER_CHANGED');
      const eve = site.browser();
      const reply = await comeBack(site, eve, await leave(site, eve), forumPeople.eve);
      isRefusedLogin(site, reply, 'ERR_LOGIN_NO_ACCOUNT');
    },
  },
  {
    name: 'a plain login changes no link of the account that is signed in',
    async run(context) {
      const site = await startLogin(context);
      const browser = await site.browserOf('bob');
      isSitePage(await signInWithForum(site, browser, 'alice'), { user: people.alice.id });
      isSitePage(await signInWithForum(site, site.browser(), 'bob'), { user: people.bob.id });
    },
  },
  {
    name: 'the pages of a login are drawn like all others',
    async run(context) {
      const site = await startLogin(context);
      const reply = await site.browser().open(site.url(loginPath('logout')));
      isPage(reply, 200);
    },
  },
];
