import { describe, expect, test } from '@jest/globals';

import { discourseLogin } from '../../../src/discourse/index.js';
import { cookieLimit } from '../../../src/http/cookies.js';
import type { SiteUser } from '../../../src/site-user.js';
import { Accounts, Browser, forumUrl, locationOf, requestOf, secret, site } from './site.js';

const longPath = `/${'a'.repeat(2_047)}`;

describe('the cookies of attempts', () => {
  test('are kept by browsers, however long the return path and the id of the person are', async () => {
    const person: SiteUser = {
      id: '\u{1f600}'.repeat(127),
      email: 'long@example.com',
      emailVerified: true,
      username: 'long',
    };
    const browser = new Browser(site(new Accounts(person).callbacks));
    await browser.signInAs(person);
    const reply = await browser.post('/sso/discourse-login/link', { returnTo: longPath });
    const cookie = reply.headers.find(([name]) => name === 'Set-Cookie')?.[1] ?? '';
    expect(cookie).toContain('attempt');
    expect(cookie.length).toBeLessThan(cookieLimit);
    expect(cookie).not.toContain(Buffer.from(person.id).toString('base64url'));
  });

  test('together never make a request too long for servers; the newest attempt always works', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({}, {}, clock));
    for (let i = 0; i < 8; i++) {
      clock.now = new Date(clock.now.getTime() + 1_000);
      const request = await browser.start(`${longPath.slice(0, 1_900)}${i}`);
      expect(browser.cookieHeader().length).toBeLessThan(4_000);
      if (i === 7) expect(locationOf(await browser.arrive(request))).toMatch(/a7$/);
    }
  });

  test('many short ones stay side by side', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({}, {}, clock));
    const requests: Record<string, string>[] = [];
    for (let i = 0; i < 5; i++) {
      clock.now = new Date(clock.now.getTime() + 1_000);
      requests.push(await browser.start(`/tab-${i}`));
    }
    for (const [i, request] of requests.entries())
      expect(locationOf(await browser.arrive(request))).toBe(`/tab-${i}`);
  });

  test('of a connector whose name goes on are left alone', async () => {
    const own = site(
      {},
      {
        connectors: [
          discourseLogin({ name: 'forum', forumUrl, secret }),
          discourseLogin({ name: 'forum-two', forumUrl, secret: 'the secret of the second forum' }),
        ],
      },
    );
    const browser = new Browser(own);
    const reply = await browser.open('/sso/forum-two/start?returnTo=/two');
    for (let i = 0; i < 5; i++) await browser.open('/sso/forum/start');
    expect(browser.cookies().filter((name) => name.includes('attempt-forum-two-'))).toHaveLength(1);
    expect(browser.cookies().filter((name) => /attempt-forum-[0-9a-f]{8}$/.test(name))).toHaveLength(5);
    expect(requestOf(locationOf(reply))).toMatchObject({ nonce: expect.any(String) });
  });

  test('of an attempt that took too long is cleared', async () => {
    const clock = { now: new Date() };
    const browser = new Browser(site({}, {}, clock));
    const request = await browser.start();
    clock.now = new Date(clock.now.getTime() + 700_000);
    expect((await browser.arrive(request)).status).toBe(403);
    expect(browser.cookies()).toEqual([]);
  });
});
