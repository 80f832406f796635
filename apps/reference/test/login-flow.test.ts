import { verifyMessage } from '@forum-sso/core/discourse';
import { type DiscourseEmulator, startDiscourseEmulator } from '@forum-sso/emulators/discourse';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { frameworks } from '../src/frameworks/index.js';
import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { newVisitor, type Visitor } from './support/visitor.js';

/** Goes from the forum to the site's sign-in page. */
async function beginAtForum(visitor: Visitor, forum: string, path = ''): Promise<string> {
  const { url, status } = await visitor.open(`${forum}/session/sso${path}`);
  expect(status).toBe(200);
  expect(new URL(url).pathname).toBe('/login');
  const returnTo = new URL(url).searchParams.get('returnTo');
  if (returnTo === null) throw new Error('The sign-in page was not told where to return to.');
  return returnTo;
}

describe.each(frameworks)('from the forum to the site and back, on %s', (framework) => {
  let demo: TestDemo;
  let forum: string;
  beforeAll(async () => {
    demo = await startTestDemo({ FRAMEWORK: framework });
    forum = demo.community('discourse');
  });
  afterAll(() => demo.close());

  async function logIn(visitor: Visitor, username: string, path = '') {
    const returnTo = await beginAtForum(visitor, forum, path);
    const signedIn = await visitor.post(`${demo.origin}/login`, { username, returnTo });
    expect(signedIn.status).toBe(303);
    return visitor.open(signedIn.location ?? '');
  }

  async function forumAccount(externalId: string): Promise<Record<string, unknown> | null> {
    const response = await fetch(`${forum}/emulator/users/${externalId}`, {
      headers: { accept: 'application/json' },
    });
    if (response.status === 404) return null;
    const account: unknown = await response.json();
    return typeof account === 'object' && account !== null ? { ...account } : null;
  }

  test('alice arrives with her name, her rights and her groups', async () => {
    const visitor = newVisitor();
    const { status, url, text } = await logIn(visitor, 'alice', '?return_path=%2Ft%2Fideas%2F3');
    expect(status).toBe(200);
    expect(url).toBe(`${forum}/t/ideas/3`);
    expect(text).toContain('alice');
    const account = await forumAccount('demo-alice');
    expect(account).toMatchObject({
      username: 'alice',
      name: 'Alice Example',
      admin: true,
      moderator: false,
      active: true,
    });
    expect(account?.groups).toEqual(expect.arrayContaining(['demo-editors', 'demo-supporters', 'admins']));
    expect(account?.groups).not.toContain('demo-translators');
  });

  test('bob arrives without rights', async () => {
    await logIn(newVisitor(), 'bob');
    const account = await forumAccount('demo-bob');
    expect(account).toMatchObject({ username: 'bob', admin: false, moderator: false, active: true });
    expect(account?.groups).toEqual(expect.arrayContaining(['demo-supporters']));
  });

  test('who is signed in already passes without a question', async () => {
    const visitor = newVisitor();
    await visitor.post(`${demo.origin}/login`, { username: 'bob' });
    const { url, trail } = await visitor.open(`${forum}/session/sso`);
    expect(url).toBe(`${forum}/`);
    expect(trail.map((step) => new URL(step).pathname)).toEqual([
      '/session/sso',
      '/sso/discourse',
      '/session/sso_login',
      '/',
    ]);
  });

  test('carol has to confirm her address at the forum first', async () => {
    const { url } = await logIn(newVisitor(), 'carol');
    expect(url).toBe(`${forum}/u/account-created`);
    expect(await forumAccount('demo-carol')).toMatchObject({ active: false });
  });

  test('dave gets a page instead of a login', async () => {
    const { url, status, text } = await logIn(newVisitor(), 'dave');
    expect(status).toBe(403);
    expect(new URL(url).origin).toBe(demo.origin);
    expect(text).toContain('ERR_USER_SUSPENDED');
    expect(await forumAccount('demo-dave')).toBeNull();
  });

  test('the request is checked again after the sign-in', async () => {
    const visitor = newVisitor();
    const returnTo = await beginAtForum(visitor, forum);
    const swapped = returnTo.replace(/sig=[0-9a-f]{8}/, 'sig=00000000');
    expect(swapped).not.toBe(returnTo);
    const signedIn = await visitor.post(`${demo.origin}/login`, { username: 'alice', returnTo: swapped });
    const { status, text } = await visitor.open(signedIn.location ?? '');
    expect(status).toBe(403);
    expect(text).toContain('ERR_SSO_SIGNATURE_INVALID');
  });
});

describe('with a real forum', () => {
  const secret = 'the real secret of the forum in 32 characters and more';
  let forum: DiscourseEmulator;
  let demo: TestDemo | undefined;
  beforeEach(async () => {
    // Stands in for a real one: an emulator that the demo knows nothing of.
    forum = await startDiscourseEmulator({ connectUrl: 'http://localhost/later', connectSecret: secret });
  });
  afterEach(async () => {
    await demo?.close();
    demo = undefined;
    await forum.close();
  });

  async function start(variables: Readonly<Record<string, string>> = {}): Promise<TestDemo> {
    demo = await startTestDemo({
      DISCOURSE_URL: forum.origin,
      DISCOURSE_CONNECT_SECRET: secret,
      ...variables,
    });
    forum.changeSettings({ discourse_connect_url: `${demo.origin}/sso/discourse` });
    return demo;
  }

  test('no emulator is started, and the pages link to the real one', async () => {
    const { communities, origin } = await start();
    expect(communities.filter(({ real }) => real)).toEqual([
      expect.objectContaining({ name: 'discourse', url: forum.origin }),
    ]);
    expect((await newVisitor().get(`${origin}/`)).text).toContain(`href="${forum.origin}"`);
  });

  test.each(['alice', 'bob'])('no staff flag is sent for %s, not even false', async (username) => {
    const { origin } = await start();
    const visitor = newVisitor();
    const returnTo = await beginAtForum(visitor, forum.origin);
    const signedIn = await visitor.post(`${origin}/login`, { username, returnTo });
    const answer = await visitor.get(signedIn.location ?? '');
    const query = new URL(answer.location ?? '').searchParams;
    const fields = verifyMessage({ sso: query.get('sso') ?? '', sig: query.get('sig') ?? '' }, secret);
    expect(fields).toMatchObject({ username, externalId: `demo-${username}` });
    expect(fields).not.toHaveProperty('admin');
    expect(fields).not.toHaveProperty('moderator');
    await visitor.open(answer.location ?? '');
    expect(forum.user(`demo-${username}`)).toMatchObject({ username, admin: false, moderator: false });
  });

  test('the password is asked for and counts', async () => {
    const { origin } = await start({ HOST: '0.0.0.0', DEMO_PASSWORD: 'open, demo' });
    const visitor = newVisitor();
    expect((await visitor.get(`${origin}/login`)).text).toContain('type="password"');
    for (const password of ['', 'open', 'open, demo ']) {
      const answer = await visitor.post(`${origin}/login`, { username: 'alice', password, returnTo: '/?x' });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('not the password');
      expect(answer.text).toContain('value="/?x"');
      expect(answer.cookies).toEqual([]);
    }
    const answer = await visitor.post(`${origin}/login`, { username: 'alice', password: 'open, demo' });
    expect(answer.status).toBe(303);
    for (let i = 0; i < 7; i++)
      await visitor.post(`${origin}/login`, { username: 'alice', password: 'guess' });
    const late = await visitor.post(`${origin}/login`, { username: 'alice', password: 'open, demo' });
    expect(late.status).toBe(429);
    expect(late.headers['retry-after']).toBe('60');
  });

  test('an older secret of the forum still works while it is being changed', async () => {
    const { origin, lines } = await start({
      DISCOURSE_CONNECT_SECRET: `a newer secret that the forum does not have yet,${secret}`,
    });
    const visitor = newVisitor();
    await visitor.post(`${origin}/login`, { username: 'bob' });
    expect((await visitor.open(`${forum.origin}/session/sso`)).url).toBe(`${forum.origin}/`);
    expect(forum.user('demo-bob')).toMatchObject({ username: 'bob' });
    expect(lines.join('\n')).toMatch(/secret\.old_used {2}discourse {2}position=1/);
  });
});
