import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { frameworks } from '../src/frameworks/index.js';
import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { newVisitor, type Visitor } from './support/visitor.js';

describe.each(frameworks)('on %s', (framework) => {
  let demo: TestDemo;
  let site: string;
  beforeAll(async () => {
    demo = await startTestDemo({ FRAMEWORK: framework });
    site = demo.origin;
  });
  afterAll(() => demo.close());

  const pages = [
    ['/blog', 'talkyard'],
    ['/news', 'coral'],
    ['/help', 'fruum'],
  ] as const;
  const paths = pages.map(([path]) => path);

  async function signedIn(username: string): Promise<Visitor> {
    const visitor = newVisitor();
    await visitor.post(`${site}/login`, { username });
    return visitor;
  }

  describe('a page with a community in it', () => {
    test.each(pages)('%s loads what its own community needs, and nothing else', async (path, name) => {
      const { status, headers, text } = await newVisitor().get(site + path);
      expect(status).toBe(200);
      const policy = String(headers['content-security-policy']);
      const peer = demo.community(name);
      const [, nonce = ''] = /script-src 'nonce-([^']+)'/.exec(policy) ?? [];
      expect(Buffer.from(nonce, 'base64')).toHaveLength(16);
      expect(policy).toContain(`script-src 'nonce-${nonce}' ${peer};`);
      expect(policy).toContain(`connect-src 'self' ${peer} `);
      expect(policy).toContain(`frame-src ${peer};`);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      for (const [, other] of pages.filter(([, each]) => each !== name)) {
        expect(policy.replace(/form-action.*$/, '')).not.toContain(demo.community(other));
      }
      const scripts = [...text.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
      expect(scripts.length).toBeGreaterThan(1);
      for (const attributes of scripts) expect(attributes).toContain(`nonce="${nonce}"`);
    });

    test.each(paths)('the nonce of %s is another one each time', async (path) => {
      const policies = await Promise.all(
        [1, 2].map(async () => (await newVisitor().get(site + path)).headers),
      );
      expect(policies[0]?.['content-security-policy']).not.toBe(policies[1]?.['content-security-policy']);
    });

    test.each(paths)('%s is kept by no cache, and its sign-in leads back to it', async (path) => {
      for (const visitor of [newVisitor(), await signedIn('alice')]) {
        expect((await visitor.get(site + path)).headers['cache-control']).toMatch(/\bno-store\b/);
      }
      const { text } = await newVisitor().get(site + path);
      expect(text).toContain(`href="/login?returnTo=%2F${path.slice(1)}"`);
    });
  });

  describe('the home page', () => {
    test('has each community with its address, or the page that has it inside', async () => {
      const { text } = await newVisitor().get(`${site}/`);
      for (const name of ['discourse', 'talkyard', 'coral', 'fruum', 'discourse-login']) {
        expect(text).toContain(demo.community(name));
        expect(text).toContain(`href="#${name}"`);
      }
      for (const [path] of pages) expect(text).toContain(`href="${path}"`);
    });

    test('has no link that leads nowhere', async () => {
      const { text } = await newVisitor().get(`${site}/`);
      const links = [...text.matchAll(/href="(\/[^"]*|http[^"]*)"/g)].map(([, href = '']) =>
        new URL(href.replaceAll('&#38;', '&'), site).href.replace(/#.*$/, ''),
      );
      expect(new Set(links).size).toBeGreaterThan(8);
      for (const link of new Set(links)) expect((await newVisitor().get(link)).status).not.toBe(404);
    });

    test('the login to a stranger that it offers to try is refused', async () => {
      const { text } = await newVisitor().get(`${site}/`);
      const [, href = ''] = /href="(\/sso\/talkyard[^"]*)"/.exec(text) ?? [];
      const answer = await newVisitor().get(site + href.replaceAll('&#38;', '&'));
      expect(answer.status).toBe(400);
      expect(answer.text).toContain('ERR_TALKYARD_RETURN_UNSAFE');
    });
  });

  describe('signing out', () => {
    test('ends the sessions of that person in other browsers, too, and of nobody else', async () => {
      const [here, there, bob] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')];
      await here.post(`${site}/logout`, {});
      expect((await there.get(`${site}/`)).text).not.toContain('Signed in as');
      expect((await bob.get(`${site}/`)).text).toContain('Signed in as <strong>bob');
    });

    test.each(['/sso/coral/sign-out', '/sso/talkyard/sign-out'])('may begin at %s as well', async (path) => {
      const visitor = await signedIn('alice');
      const answer = await visitor.post(site + path, '');
      expect(answer.status).toBeLessThan(300);
      expect(answer.cookies.join()).toContain('Max-Age=0');
      expect((await visitor.get(`${site}/`)).text).not.toContain('Signed in as');
    });

    test('a guest may do it as well', async () => {
      expect((await newVisitor().post(`${site}/logout`, {})).status).toBe(303);
    });
  });

  test('after a log-out at Talkyard, the page in the look of the site has a form', async () => {
    const visitor = await signedIn('alice');
    const { text, headers } = await visitor.get(`${site}/sso/talkyard/logged-out`);
    expect(text).toContain('Example Site');
    expect(text).toContain('<form method="post" action="/sso/talkyard/sign-out">');
    expect(text).toContain('<button>Sign out here, too</button>');
    expect(headers['content-security-policy']).toContain("form-action 'self'");
  });
});
