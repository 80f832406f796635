import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import type { SsoReply } from '../../../src/http/reply.js';

import { memoryStore } from '../../../src/store/memory-store.js';
import type { ForumSsoStore } from '../../../src/store/store.js';
import {
  Accounts,
  Browser,
  forumUrl,
  fragileStore,
  lastCode,
  locationOf,
  origin,
  requestOf,
  sam,
  secret,
  signed,
  site,
} from './site.js';

const callbackUrl = `${origin}/sso/discourse-login/callback`;
const older = 'the secret of the forum until now';

/** The secret that signed the request which a redirect carries. */
function signerOf(reply: SsoReply): string {
  const query = new URL(locationOf(reply)).searchParams;
  const sig = (key: string): string =>
    createHmac('sha256', key)
      .update(query.get('sso') ?? '')
      .digest('hex');
  return [secret, older].find((key) => sig(key) === query.get('sig')) ?? 'neither';
}

describe('start', () => {
  test('asks the forum with fixed fields alone, and remembers the attempt in this browser', async () => {
    const browser = new Browser(site());
    const reply = await browser.open('/sso/discourse-login/start?returnTo=%2Faccount&admin=true&custom.x=1');
    expect(locationOf(reply)).toMatch(/^https:\/\/forum\.example\.com\/session\/sso_provider\?sso=/);
    expect(requestOf(locationOf(reply))).toEqual({
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      return_sso_url: callbackUrl,
    });
    expect(browser.cookies()).toEqual([
      expect.stringMatching(/^__Host-fsso-attempt-discourse-login-[0-9a-f]{8}$/),
    ]);
    expect(reply.headers.find(([name]) => name === 'Set-Cookie')?.[1]).toMatch(
      /; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  test.each(['//evil.example', '/.//evil.example', 'https://evil.example/', '/\\evil.example'])(
    'does not return to %s',
    async (returnTo) => {
      const reply = await new Browser(site()).open(
        `/sso/discourse-login/start?returnTo=${encodeURIComponent(returnTo)}`,
      );
      expect(reply.status).toBe(400);
    },
  );

  test('keeps at most five attempts of a browser, the newest', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({}, {}, clock));
    const requests: Record<string, string>[] = [];
    for (let i = 0; i < 7; i++) {
      requests.push(await browser.start(`/tab-${i}`));
      clock.now = new Date(clock.now.getTime() + 1_000);
    }
    expect(browser.cookies()).toHaveLength(5);
    expect((await browser.arrive(requests[0] ?? {})).status).toBe(403);
    expect(locationOf(await browser.arrive(requests[6] ?? {}))).toBe('/tab-6');
    expect(locationOf(await browser.arrive(requests[2] ?? {}))).toBe('/tab-2');
  });
});

describe('callback', () => {
  test('signs in and returns to the page', async () => {
    const own = site();
    const browser = new Browser(own);
    const reply = await browser.signInWithForum();
    expect(locationOf(reply)).toBe('/account');
    expect(await browser.user()).toEqual({
      id: 'discourse-login:42',
      email: 'sam@example.com',
      emailVerified: false,
      username: 'sam',
      name: 'Sam Saffron',
      admin: false,
      moderator: false,
      groups: ['trust_level_0', 'eurorack'],
    });
    expect(browser.cookies().some((name) => name.includes('attempt'))).toBe(false);
    expect(own.events).toMatchObject([{ type: 'login.completed', silent: false }]);
    expect(JSON.stringify(own.events)).not.toMatch(/sam|discourse-login:/);
  });

  test('several tabs: each comes back to its own page', async () => {
    const browser = new Browser(site());
    const [one, two] = [await browser.start('/one'), await browser.start('/two')];
    expect(locationOf(await browser.arrive(two))).toBe('/two');
    expect(locationOf(await browser.arrive(one))).toBe('/one');
  });

  test('each refusal has its own code, and signs nobody in', async () => {
    const clock = { now: new Date() };
    const own = site({}, {}, clock);
    const browser = new Browser(own);
    const refused = async (work: () => Promise<{ status: number }>, code: string) => {
      expect((await work()).status).toBe(
        code === 'ERR_PARAMETER_MISSING' || code === 'ERR_SSO_NONCE_MISSING' ? 400 : 403,
      );
      expect(lastCode(own)).toBe(code);
    };
    const request = await browser.start();

    await refused(() => new Browser(own).arrive(request), 'ERR_LOGIN_ATTEMPT_MISSING');
    await refused(
      () => browser.arrive(request, sam, 'another secret of another forum'),
      'ERR_SSO_SIGNATURE_INVALID',
    );
    await refused(
      () => browser.arrive(request, { ...sam, nonce: 'f'.repeat(32) }),
      'ERR_LOGIN_ATTEMPT_MISSING',
    );
    await refused(() => browser.arrive(request, { ...sam, nonce: '' }), 'ERR_SSO_NONCE_MISSING');
    await refused(() => browser.open('/sso/discourse-login/callback'), 'ERR_SSO_SIGNATURE_MISSING');

    await refused(
      async () => browser.arrive(await browser.start(), { ...sam, return_sso_url: `${callbackUrl}/` }),
      'ERR_LOGIN_RETURN_URL_WRONG',
    );
    await refused(async () => {
      const { nonce = '' } = await browser.start();
      return browser.open(`/sso/discourse-login/callback?${signed({ nonce, ...sam })}`);
    }, 'ERR_LOGIN_RETURN_URL_WRONG');
    // Our own request, sent back as if it were an answer.
    await refused(async () => browser.arrive(await browser.start(), {}), 'ERR_LOGIN_NOT_AN_ANSWER');
    // An answer of the other direction: signed with the secret of the site's own answers, and without an address.
    await refused(async () => {
      const { nonce = '' } = await browser.start();
      return browser.open(
        `/sso/discourse-login/callback?${signed({ nonce, ...sam }, 'discourse connect secret of the forum')}`,
      );
    }, 'ERR_SSO_SIGNATURE_INVALID');
    await refused(
      async () => browser.arrive(await browser.start(), { ...sam, failed: 'true' }),
      'ERR_LOGIN_NOBODY',
    );

    const late = await browser.start();
    clock.now = new Date(clock.now.getTime() + 601_000);
    await refused(() => browser.arrive(late), 'ERR_LOGIN_ATTEMPT_EXPIRED');
    expect(await browser.user()).toBeNull();
  });

  describe('checks in this order; what is refused by one is not looked at by the next', () => {
    const unusable = { ...sam, external_id: '0' };
    const otherUrl = { return_sso_url: `${origin}/sso/other/callback` };
    const foreign = 'the secret of another forum';

    /** A site whose accounts say how often they were asked. */
    function watchedSite(clock = { now: new Date() }) {
      const accounts = new Accounts();
      let asked = 0;
      const own = site(
        {
          ...accounts.callbacks,
          requireTwoFactor: true,
          findSiteUser: async (query) => {
            asked++;
            return accounts.callbacks.findSiteUser(query);
          },
          createSiteUser: async (person) => {
            asked++;
            return accounts.callbacks.createSiteUser(person);
          },
        },
        {},
        clock,
      );
      const browser = new Browser(own);
      /** Begins a login; `keep` gives the browser its attempt back afterwards, as a copy of its cookies has it. */
      const begin = async () => {
        const reply = await browser.open('/sso/discourse-login/start');
        const cookie = reply.headers.find(([name]) => name === 'Set-Cookie')?.[1] ?? '';
        return { request: requestOf(locationOf(reply)), keep: () => browser.setCookie(cookie) };
      };
      return { own, clock, browser, begin, asked: () => asked };
    }
    const fine = { ...sam, confirmed_2fa: 'true' };

    test('signature, then nonce and attempt', async () => {
      const { own, browser, begin, asked } = watchedSite();
      const { request } = await begin();
      await browser.arrive(request, { ...unusable, nonce: '' }, foreign);
      expect(lastCode(own)).toBe('ERR_SSO_SIGNATURE_INVALID');
      await new Browser(own).arrive(request, sam, foreign);
      expect(lastCode(own)).toBe('ERR_SSO_SIGNATURE_INVALID');
      await browser.arrive(request, { ...unusable, ...otherUrl, nonce: '' });
      expect(lastCode(own)).toBe('ERR_SSO_NONCE_MISSING');
      await new Browser(own).arrive(request, { ...unusable, ...otherUrl });
      expect(lastCode(own)).toBe('ERR_LOGIN_ATTEMPT_MISSING');
      expect((await browser.arrive(request, fine)).status).toBe(302);
      expect(asked()).toBe(1);
    });

    test('attempt, then its end, then the address', async () => {
      const { own, browser, begin, clock, asked } = watchedSite();
      const { request } = await begin();
      clock.now = new Date(clock.now.getTime() + 600_000);
      await browser.arrive(request, { ...unusable, ...otherUrl });
      expect(lastCode(own)).toBe('ERR_LOGIN_ATTEMPT_EXPIRED');
      const later = await begin();
      clock.now = new Date(clock.now.getTime() + 599_999);
      expect((await browser.arrive(later.request, fine)).status).toBe(302);
      expect(asked()).toBe(1);
    });

    test('the address, then the claim: an answer for another address uses nothing up', async () => {
      const { own, browser, begin } = watchedSite();
      const { request, keep } = await begin();
      await browser.arrive(request, { ...unusable, ...otherUrl });
      expect(lastCode(own)).toBe('ERR_LOGIN_RETURN_URL_WRONG');
      keep();
      expect((await browser.arrive(request, fine)).status).toBe(302);
      keep();
      await browser.arrive(request, { ...fine, ...otherUrl });
      expect(lastCode(own)).toBe('ERR_LOGIN_RETURN_URL_WRONG');
    });

    test.each<[string, Record<string, string>, string]>([
      ['`failed`', { failed: 'true' }, 'ERR_LOGIN_NOBODY'],
      ['what is no answer', {}, 'ERR_LOGIN_NOT_AN_ANSWER'],
      ['the person', unusable, 'ERR_LOGIN_USER_UNUSABLE'],
      ['the second factor', sam, 'ERR_LOGIN_TWO_FACTOR_MISSING'],
    ])('the claim, then %s: refused or not, the answer is used up', async (_, answer, code) => {
      const { own, browser, begin, asked } = watchedSite();
      const { request, keep } = await begin();
      await browser.arrive(request, answer);
      expect(lastCode(own)).toBe(code);
      keep();
      await browser.arrive(request, answer);
      expect(lastCode(own)).toBe('ERR_LOGIN_ALREADY_USED');
      keep();
      await browser.arrive(request, fine);
      expect(lastCode(own)).toBe('ERR_LOGIN_ALREADY_USED');
      expect(asked()).toBe(0);
    });

    test('`failed`, then the person, then the second factor', async () => {
      const { own, browser, begin } = watchedSite();
      await browser.arrive((await begin()).request, { ...unusable, failed: 'true' });
      expect(lastCode(own)).toBe('ERR_LOGIN_NOBODY');
      await browser.arrive((await begin()).request, { ...unusable, no_2fa_methods: 'true' });
      expect(lastCode(own)).toBe('ERR_LOGIN_USER_UNUSABLE');
    });
  });

  test('the cookie of one attempt is none for another, under whatever name', async () => {
    const own = site();
    const browser = new Browser(own);
    const victim = new Browser(own);
    const reply = await victim.open('/sso/discourse-login/start');
    const request = await browser.start();
    const [name] = browser.cookies();
    const sealed = reply.headers.find(([header]) => header === 'Set-Cookie')?.[1].split(/[=;]/)[1];
    const other = new Browser(own);
    other.setCookie(`${name}=${sealed}; Path=/; Secure`);
    expect((await other.arrive(request)).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_LOGIN_ATTEMPT_MISSING');
  });

  test('an answer works once, also when the browser still has the attempt', async () => {
    const own = site();
    const browser = new Browser(own);
    const reply = await browser.open('/sso/discourse-login/start');
    const request = requestOf(locationOf(reply));
    const cookie = reply.headers.find(([name]) => name === 'Set-Cookie')?.[1] ?? '';
    expect((await browser.arrive(request)).status).toBe(302);
    expect((await browser.arrive(request)).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_ATTEMPT_MISSING' });
    browser.setCookie(cookie);
    const again = await browser.arrive(request);
    expect(again).toMatchObject({ status: 403, body: expect.stringContaining('Sign in again') });
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_ALREADY_USED' });
  });

  test.each(['0', '-1', '007', '1.5', '1e3', ' 55', '7abc', 'u-7', '', '9223372036854775808'])(
    'the account %j is refused',
    async (id) => {
      const own = site();
      const browser = new Browser(own);
      expect((await browser.signInWithForum({ ...sam, external_id: id })).status).toBe(403);
      expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_USER_UNUSABLE' });
      expect(await browser.user()).toBeNull();
    },
  );

  test('a second factor that was asked for must be confirmed', async () => {
    const own = site({ requireTwoFactor: true });
    const browser = new Browser(own);
    const request = await browser.start();
    expect(request).toMatchObject({ require_2fa: 'true' });
    // The requirement is sealed in the attempt: taking it out of the answer does not help.
    const { require_2fa: _, ...stripped } = request;
    expect((await browser.arrive(stripped)).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_TWO_FACTOR_MISSING' });
    expect((await browser.signInWithForum({ ...sam, no_2fa_methods: 'true' })).status).toBe(403);
    expect((await browser.signInWithForum({ ...sam, confirmed_2fa: 'true' })).status).toBe(302);
  });

  test('a suspended account does not get in, nor when the site’s callbacks fail; both are said', async () => {
    const accounts = new Accounts({
      id: 'a',
      email: 'a@example.com',
      emailVerified: true,
      username: 'sam',
      suspended: true,
    });
    const own = site({ ...accounts.callbacks, linkBy: ['username'] });
    const browser = new Browser(own);
    expect((await browser.signInWithForum()).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_USER_SUSPENDED' });
    expect(await browser.user()).toBeNull();

    const failing = site({
      ...accounts.callbacks,
      createSiteUser: () => Promise.reject(new Error('unique constraint')),
    });
    expect((await new Browser(failing).signInWithForum()).status).toBe(503);
    expect(failing.events.at(-1)).toMatchObject({ code: 'ERR_SITE_CALLBACK_FAILED' });
  });

  test('an attempt of one connector is worth nothing at another', async () => {
    const { discourseLogin } = await import('../../../src/discourse/index.js');
    const own = site(
      {},
      {
        connectors: [
          discourseLogin({ forumUrl, secret }),
          discourseLogin({
            name: 'second',
            forumUrl: 'https://second.example.com',
            secret: 'the second secret of them',
          }),
        ],
      },
    );
    const browser = new Browser(own);
    const request = await browser.start();
    const mixed = signed(
      { ...request, ...sam, return_sso_url: `${origin}/sso/second/callback` },
      'the second secret of them',
    );
    expect((await browser.open(`/sso/second/callback?${mixed}`)).status).toBe(403);
    expect(own.events.at(-1)).toMatchObject({ code: 'ERR_LOGIN_ATTEMPT_MISSING' });
    expect(secret).not.toBe('');
  });

  test('WordPress: no groups, HTML entities, no return address, its own callback', async () => {
    const own = site({ flavour: 'wordpress', forumUrl: 'https://blog.example.com' });
    const browser = new Browser(own);
    const start = await browser.open('/sso/discourse-login/start?returnTo=%2Fa');
    expect(locationOf(start)).toMatch(/^https:\/\/blog\.example\.com\/\?sso=/);
    const { nonce = '', return_sso_url } = requestOf(locationOf(start));
    expect(return_sso_url).toBe(`${origin}/session/sso_login`);
    const answer = {
      external_id: '7',
      username: 'wanda',
      email: 'w@example.com',
      name: 'Wanda &amp; &#039;Co&#8217; &amp;lt;',
      nonce,
    };
    expect(locationOf(await browser.open(`/session/sso_login?${signed(answer)}`))).toBe('/a');
    expect(await browser.user()).toMatchObject({ id: 'discourse-login:7', name: "Wanda & 'Co’ &lt;" });
    expect(await browser.user()).not.toHaveProperty('groups');

    const third = requestOf(locationOf(await browser.open('/sso/discourse-login/start')));
    const odd = { ...answer, username: 'w &amp;lt; &#7;&#x110000;&hearts;', nonce: third.nonce ?? '' };
    await browser.open(`/session/sso_login?${signed(odd)}`);
    expect(await browser.user()).toMatchObject({ username: 'w &lt; &#7;&#x110000;&hearts;' });

    // An address that is named must be ours there, too.
    const second = requestOf(locationOf(await browser.open('/sso/discourse-login/start')));
    const elsewhere = { ...answer, ...second, return_sso_url: 'https://blog.example.com/session/sso_login' };
    expect((await browser.open(`/session/sso_login?${signed(elsewhere)}`)).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_LOGIN_RETURN_URL_WRONG');
  });

  test('what a forum calls people is held against what such names can be', async () => {
    const own = site();
    const browser = new Browser(own);
    expect((await browser.signInWithForum({ ...sam, username: 'sam\u0007' })).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_LOGIN_USER_UNUSABLE');
    expect((await browser.signInWithForum({ ...sam, email: 'none' })).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_LOGIN_USER_UNUSABLE');
    await browser.signInWithForum({
      ...sam,
      name: 'Sam\u0000 Saf\u0085fron\n',
      groups: 'a,b\u0000,,c',
      avatar_url: 'javascript:alert(1)',
    });
    expect(await browser.user()).toMatchObject({ name: 'Sam Saffron', groups: ['a', 'c'] });
    expect(await browser.user()).not.toHaveProperty('avatarUrl');
    await browser.signInWithForum({ ...sam, avatar_url: 'https://cdn.example.com/a.png' });
    expect(await browser.user()).toMatchObject({ avatarUrl: 'https://cdn.example.com/a.png' });
  });

  test('without accounts of its own: an address is verified when the forum confirms addresses, and has this one', async () => {
    const browser = new Browser(site({ forumConfirmsEmails: true }));
    await browser.signInWithForum();
    expect(await browser.user()).toMatchObject({ email: sam.email, emailVerified: true });
    await browser.signInWithForum({ ...sam, require_activation: 'true' });
    expect(await browser.user()).toMatchObject({ email: sam.email, emailVerified: false });
  });

  test('without accounts of its own the site does not get the name either, when it is not to be exposed', async () => {
    const browser = new Browser(site({ exposeName: false }));
    await browser.signInWithForum();
    expect(await browser.user()).not.toHaveProperty('name');
  });

  test('somebody whom the site has suspended or removed gets no session', async () => {
    const own = site();
    const browser = new Browser(own);
    await own.sso.suspend('discourse-login:42');
    expect((await browser.signInWithForum()).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_USER_SUSPENDED');
    await own.sso.restore('discourse-login:42');
    expect((await browser.signInWithForum()).status).toBe(302);
    await own.sso.remove('discourse-login:42');
    expect((await new Browser(own).signInWithForum()).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_USER_REMOVED');
  });

  test('an older secret of the forum is accepted, and told to the operator; we sign with the newest', async () => {
    const own = site({ secret: [secret, older], logout: { forwardToForum: true } });
    const browser = new Browser(own);
    expect(signerOf(await browser.open('/sso/discourse-login/start'))).toBe(secret);
    expect((await browser.arrive(await browser.start(), sam, older)).status).toBe(302);
    expect(own.events.map(({ type }) => type)).toEqual(['secret.old_used', 'login.completed']);
    expect(signerOf(await browser.post('/sso/discourse-login/logout'))).toBe(secret);
  });

  describe('a secret ends with its "until"', () => {
    const until = new Date('2026-02-01');
    const at = (milliseconds: number) => new Date(until.getTime() + milliseconds);

    test('no answer is accepted with it', async () => {
      const clock = { now: at(-1) };
      const own = site({ secret: [secret, { secret: older, until }] }, {}, clock);
      const browser = new Browser(own);
      // All of them begin before: a request that is signed later would take the secret away by itself.
      const [first, second] = [await browser.start(), await browser.start()];
      expect((await browser.arrive(first, sam, older)).status).toBe(302);
      for (const time of [at(0), at(1)]) {
        clock.now = time;
        expect((await browser.arrive(second, sam, older)).status).toBe(403);
        expect(lastCode(own)).toBe('ERR_SSO_SIGNATURE_INVALID');
      }
      expect((await browser.arrive(second)).status).toBe(302);
    });

    test('no request is signed with it, though it stands first', async () => {
      const clock = { now: at(-1) };
      const browser = new Browser(site({ secret: [{ secret: older, until }, secret] }, {}, clock));
      const signers: string[] = [];
      for (const time of [at(-1), at(0), at(1)]) {
        clock.now = time;
        signers.push(signerOf(await browser.open('/sso/discourse-login/start')));
      }
      expect(signers).toEqual([older, secret, secret]);
    });
  });

  test('a used answer is remembered for this connector, five minutes longer than the attempt lives', async () => {
    const clock = { now: new Date() };
    const claims: [string, number][] = [];
    const store = memoryStore({ now: () => clock.now });
    const oneTime = {
      claim: (key: string, life: number) => {
        claims.push([key, life]);
        return store.oneTime.claim(key, life);
      },
    };
    const browser = new Browser(site({}, { store: { ...store, oneTime } }, clock));
    const request = await browser.start();
    clock.now = new Date(clock.now.getTime() + 100_000);
    expect((await browser.arrive(request)).status).toBe(302);
    expect(claims).toEqual([[`attempt|discourse-login|${request.nonce}`, 500 + 300]]);
  });

  test('with a store that is gone nobody gets in; the same answer works once it is back, once', async () => {
    const { store, state } = fragileStore();
    const own = site({}, { store });
    const browser = new Browser(own);
    const request = await browser.start();
    state.broken = true;
    const reply = await browser.arrive(request);
    expect(reply).toMatchObject({ status: 503, body: expect.stringContaining('Sign in again') });
    expect(lastCode(own)).toBe('ERR_STORE_UNAVAILABLE');
    state.broken = false;
    expect(await browser.user()).toBeNull();
    const cookies = browser.cookieHeader();
    expect((await browser.arrive(request)).status).toBe(302);
    const copy = new Browser(own);
    for (const cookie of cookies.split('; ')) copy.setCookie(`${cookie}; Secure; Path=/`);
    expect((await copy.arrive(request)).status).toBe(403);
    expect(lastCode(own)).toBe('ERR_LOGIN_ALREADY_USED');
  });

  test('a store that fails between claim and session lets nobody in, and says so', async () => {
    const { store, state } = fragileStore();
    const own = site(
      {},
      {
        store: {
          ...store,
          oneTime: {
            claim: async () => {
              state.broken = true;
              return true;
            },
          },
        },
      },
    );
    const browser = new Browser(own);
    const reply = await browser.signInWithForum();
    expect(reply).toMatchObject({ status: 503, body: expect.stringContaining('Sign in again') });
    expect(lastCode(own)).toBe('ERR_STORE_UNAVAILABLE');
    state.broken = false;
    expect(await browser.user()).toBeNull();
  });

  test('a store without links and profiles is enough for a site without accounts of its own', async () => {
    const { oneTime, revocations } = memoryStore();
    const store: ForumSsoStore = { oneTime, revocations, shared: true };
    const browser = new Browser(site({}, { store }));
    expect((await browser.signInWithForum()).status).toBe(302);
    expect(() => site(new Accounts().callbacks, { store })).toThrow(/keeps no links[\s\S]*keeps no profiles/);
    expect(() => site({ webhook: { secret: 'the secret of the webhook' } }, { store })).toThrow(
      /keeps no profiles[\s\S]*keeps no locks/,
    );
  });
});
