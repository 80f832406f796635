import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { frameworks } from '../src/frameworks/index.js';
import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { newVisitor } from './support/visitor.js';

describe.each(frameworks)('on %s', (framework) => {
  let demo: TestDemo;
  let site: string;
  beforeAll(async () => {
    demo = await startTestDemo({ FRAMEWORK: framework });
    site = demo.origin;
  });
  afterAll(() => demo.close());

  describe('pages', () => {
    test('the home page says where the forum is and what to click', async () => {
      const { status, text } = await newVisitor().get(`${site}/`);
      expect(status).toBe(200);
      expect(text).toContain(`href="${demo.community('discourse')}"`);
      expect(text).toContain('Log In');
      expect(text).toContain('Sign in');
    });

    test('the sign-in page has a button for each account', async () => {
      const { text } = await newVisitor().get(`${site}/login`);
      for (const name of ['alice', 'bob', 'carol', 'dave']) {
        expect(text).toContain(`<button name="username" value="${name}">`);
      }
      expect(text).not.toContain('type="password"');
    });

    test.each(['/', '/login', '/nowhere', '/sso/discourse'])(
      '%s loads nothing and cannot be framed',
      async (path) => {
        const { headers, text } = await newVisitor().get(site + path);
        const policy = headers['content-security-policy'] ?? '';
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('script-src');
        expect(headers['x-content-type-options']).toBe('nosniff');
        expect(headers['cache-control']).toBe('no-store');
        expect(headers['referrer-policy']).toBe('same-origin');
        expect(headers['x-powered-by']).toBeUndefined();
        expect(text).not.toMatch(/<script|<img|<link rel="stylesheet"|@import|url\(/i);
        expect(text).toContain('<html lang="en">');
      },
    );

    test('an unknown page is a 404 in the look of the site', async () => {
      const { status, text } = await newVisitor().get(`${site}/nowhere`);
      expect(status).toBe(404);
      expect(text).toContain('There is no such page');
    });

    test('errors of Forum SSO have the look of the site, a way back and a code', async () => {
      const { status, text } = await newVisitor().get(
        `${site}/sso/discourse?sso=bm9uY2U9eA%3D%3D&sig=${'0'.repeat(64)}`,
      );
      expect(status).toBe(403);
      expect(text).toContain('Example Site');
      expect(text).toContain('ERR_SSO_SIGNATURE_INVALID');
      expect(text).toContain('href="/"');
      expect(demo.lines.join('\n')).toContain('ERR_SSO_SIGNATURE_INVALID');
    });

    test('the account page is for signed-in people and shows what the site knows', async () => {
      const visitor = newVisitor();
      const anonymous = await visitor.get(`${site}/account`);
      expect(anonymous.location).toBe(`${site}/login?returnTo=%2Faccount`);
      await visitor.post(`${site}/login`, { username: 'carol', returnTo: '/account' });
      const { status, text } = await visitor.get(`${site}/account`);
      expect(status).toBe(200);
      for (const part of ['demo-carol', 'carol@example.com', 'demo-translators', 'not confirmed']) {
        expect(text).toContain(part);
      }
    });

    test('a suspended person sees so', async () => {
      const visitor = newVisitor();
      await visitor.post(`${site}/login`, { username: 'dave' });
      expect((await visitor.get(`${site}/account`)).text).toContain('This account is suspended.');
    });
  });

  describe('signing in', () => {
    test.each(['alice', 'bob', 'carol', 'dave'])(
      '%s gets a session and goes where they wanted to',
      async (username) => {
        const visitor = newVisitor();
        const { status, location } = await visitor.post(`${site}/login`, {
          username,
          returnTo: '/?from=here#there',
        });
        expect(status).toBe(303);
        expect(location).toBe(`${site}/?from=here#there`);
        expect((await visitor.get(`${site}/`)).text).toContain(`Signed in as <strong>${username}</strong>`);
      },
    );

    test('without a place to return to it leads to the account', async () => {
      for (const form of [{ username: 'bob' }, { username: 'bob', returnTo: '' }]) {
        expect((await newVisitor().post(`${site}/login`, form)).location).toBe(`${site}/account`);
      }
    });

    test('each login is a new session, and the one before is over', async () => {
      const visitor = newVisitor();
      await visitor.post(`${site}/login`, { username: 'bob' });
      const before = await visitor.jar.getCookieString(site);
      await visitor.post(`${site}/login`, { username: 'alice' });
      expect(await visitor.jar.getCookieString(site)).not.toBe(before);
      const planted = await newVisitor().get(`${site}/`, { cookie: before });
      expect(planted.text).not.toContain('Signed in as');
    });

    test('cookies carry the port in their name and keep away from scripts', async () => {
      const { cookies } = await newVisitor().post(`${site}/login`, { username: 'alice' });
      expect(cookies.length).toBeGreaterThan(0);
      for (const cookie of cookies) {
        expect(cookie).toMatch(new RegExp(`^fsso-${new URL(site).port}-`));
        expect(cookie).toMatch(/; HttpOnly/);
        expect(cookie).toMatch(/; SameSite=Lax/);
      }
    });

    const foreign: [string, Record<string, string>][] = [
      ['another origin', { origin: 'https://evil.example' }],
      ['Origin: null', { origin: 'null' }],
      ['the same host on another port', { origin: 'http://localhost:4001' }],
      ['another scheme', { origin: 'https://localhost' }],
      ['a cross-site page', { 'sec-fetch-site': 'cross-site' }],
      ['a page of another port', { 'sec-fetch-site': 'same-site' }],
      ['a cross-site page that claims our origin', { 'sec-fetch-site': 'cross-site', origin: 'OURS' }],
    ];
    test.each(foreign)('from %s is refused', async (_what, headers) => {
      const visitor = newVisitor();
      const sent = headers.origin === 'OURS' ? { ...headers, origin: site } : headers;
      for (const path of ['/login', '/logout']) {
        const answer = await visitor.post(site + path, { username: 'alice' }, sent);
        expect(answer.status).toBe(403);
        expect(answer.text).toContain('ERR_ORIGIN_FOREIGN');
        expect(answer.cookies).toEqual([]);
      }
    });

    test('from our own page passes, and so does a program', async () => {
      const own = { origin: site, 'sec-fetch-site': 'same-origin' };
      expect((await newVisitor().post(`${site}/login`, { username: 'bob' }, own)).status).toBe(303);
      expect((await newVisitor().post(`${site}/login`, { username: 'bob' })).status).toBe(303);
    });

    test.each([
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/.//evil.example',
      '/%2e//evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      'javascript:alert(1)',
      'account',
      `/${'a'.repeat(2_048)}`,
    ])('with returnTo %j is refused, on the page and in the form', async (returnTo) => {
      const visitor = newVisitor();
      const posted = await visitor.post(`${site}/login`, { username: 'alice', returnTo });
      const shown = await visitor.get(`${site}/login?returnTo=${encodeURIComponent(returnTo)}`);
      for (const { status, text, location } of [posted, shown]) {
        expect(status).toBe(400);
        expect(text).toContain('ERR_RETURN_PATH_UNSAFE');
        expect(location).toBeUndefined();
      }
      expect(posted.cookies).toEqual([]);
    });

    test('what is given twice is refused', async () => {
      for (const body of ['username=bob&username=alice', 'username=bob&returnTo=%2F&returnTo=%2Faccount']) {
        const answer = await newVisitor().post(`${site}/login`, body);
        expect(answer.status).toBe(400);
        expect(answer.text).toContain('ERR_PARAMETER_REPEATED');
      }
      const shown = await newVisitor().get(`${site}/login?returnTo=%2Fa&returnTo=%2Fb`);
      expect(shown.status).toBe(400);
    });

    test.each(['', 'mallory', 'ALICE', 'alice ', '__proto__', 'constructor', '<b>'])(
      'as %j shows the form again, with the place to return to',
      async (username) => {
        const answer = await newVisitor().post(`${site}/login`, { username, returnTo: '/?a="b"' });
        expect(answer.status).toBe(400);
        expect(answer.text).toContain('There is no such account');
        expect(answer.text).toContain('name="returnTo" value="/?a=%22b%22"');
        expect(answer.cookies).toEqual([]);
        expect(answer.text).not.toContain('<b>');
      },
    );

    test('a body that is too large or of another kind is refused', async () => {
      const large = await newVisitor().post(`${site}/login`, {
        username: 'alice',
        filler: 'x'.repeat(10_000),
      });
      expect(large.status).toBe(413);
      expect(large.text).toContain('ERR_BODY_TOO_LARGE');
      const json = await newVisitor().post(`${site}/login`, JSON.stringify({ username: 'alice' }), {
        'content-type': 'application/json',
      });
      expect(json.status).toBe(400);
      expect(json.cookies).toEqual([]);
    });
  });

  describe('signing out', () => {
    test('ends the session, also for a copy of its cookie', async () => {
      const visitor = newVisitor();
      await visitor.post(`${site}/login`, { username: 'alice' });
      const cookie = await visitor.jar.getCookieString(site);
      const answer = await visitor.post(`${site}/logout`, {});
      expect(answer.status).toBe(303);
      expect(answer.location).toBe(`${site}/`);
      expect((await visitor.get(`${site}/`)).text).not.toContain('Signed in as');
      expect((await newVisitor().get(`${site}/`, { cookie })).text).not.toContain('Signed in as');
    });

    test('is not done by opening an address', async () => {
      const visitor = newVisitor();
      await visitor.post(`${site}/login`, { username: 'alice' });
      expect((await visitor.get(`${site}/logout`)).status).toBe(404);
      expect((await visitor.get(`${site}/`)).text).toContain('Signed in as');
    });
  });

  describe('the name of the host', () => {
    async function getAs(host: string, headers: Record<string, string> = {}) {
      const { status, location } = await newVisitor().get(`${site}/login?returnTo=%2F`, { host, ...headers });
      return { status, location };
    }

    test('a page under another name of this machine leads to ours', async () => {
      const { port } = new URL(site);
      const program = { 'sec-fetch-dest': 'empty' };
      const ours = { status: 307, location: `${site}/login?returnTo=%2F` };
      expect(await getAs(`127.0.0.1:${port}`)).toEqual(ours);
      expect(await getAs(`[::1]:${port}`)).toEqual(ours);
      expect(await getAs(`127.0.0.1:${port}`, program)).toEqual({ status: 200, location: undefined });
      expect(await getAs(`localhost:${port}`)).toEqual({ status: 200, location: undefined });
    });

    test('a foreign name makes no address of ours', async () => {
      expect(await getAs('evil.example')).toEqual({ status: 200, location: undefined });
    });
  });
});
