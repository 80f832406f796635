import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { frameworks } from '../src/frameworks/index.js';
import { type Club, clubOf } from './support/club.js';
import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { newVisitor, type Visitor } from './support/visitor.js';

describe.each(frameworks)('on %s', (framework) => {
  let demo: TestDemo;
  let site: string;
  let club: Club;
  beforeAll(async () => {
    demo = await startTestDemo({ FRAMEWORK: framework });
    site = demo.origin;
    club = clubOf(demo);
  });
  afterAll(() => demo.close());

  /** The groups on somebody's account page, of the site and of the forum. */
  async function groupsOf(visitor: Visitor): Promise<readonly string[]> {
    const { text } = await visitor.get(`${site}/account`);
    return [...text.matchAll(/<span class="tag">([^<]*)<\/span>/g)].map(([, group = '']) => group);
  }

  /** Who is signed in on a page; null: nobody. */
  function userOn({ text }: { readonly text: string }): string | null {
    return /Signed in as <strong>([^<]*)</.exec(text)?.[1] ?? null;
  }

  /** Who is signed in at the site; a silent login on the way counts. */
  async function userOf(visitor: Visitor): Promise<string | null> {
    const page = await visitor.open(`${site}/`);
    expect(page.url).toBe(`${site}/`);
    return userOn(page);
  }

  /** Signs in at the site's own form and connects an account of the forum. */
  async function connect(visitor: Visitor, username: string, clubName: string) {
    await visitor.post(`${site}/login`, { username });
    const begun = await visitor.post(`${site}/sso/discourse-login/link`, { returnTo: '/account' });
    await visitor.open(begun.location ?? '');
    const question = await club.logIn(visitor, clubName);
    const [, confirmation = ''] = /name="confirmation" value="([^"]+)"/.exec(question.text) ?? [];
    return {
      question,
      confirm: () => visitor.post(`${site}/sso/discourse-login/link/confirm`, { confirmation }),
    };
  }

  describe('signing in with the Club forum', () => {
    test('is offered beside the own form, and leads back to where one wanted to go', async () => {
      const { text } = await newVisitor().get(`${site}/login?returnTo=%2Fnews`);
      expect(text).toContain('href="/sso/discourse-login/start?returnTo=%2Fnews"');
      expect((await newVisitor().get(`${site}/login`)).text).toContain('start?returnTo=%2Faccount"');
      const { url } = await club.signIn(newVisitor(), 'erin', '/news');
      expect(url).toBe(`${site}/news`);
    });

    test('makes an account, once, that nobody else can sign in to', async () => {
      const visitor = newVisitor();
      const { url, text } = await club.signIn(visitor, 'erin');
      expect(url).toBe(`${site}/account`);
      for (const part of ['demo-emulated-club-', 'erin@example.com', 'demo-club-readers', 'not confirmed']) {
        expect(text).toContain(part);
      }
      const again = newVisitor();
      await club.signIn(again, 'erin');
      const idIn = (page: string) => /demo-emulated-club-\d+/.exec(page)?.[0];
      expect(idIn((await again.get(`${site}/account`)).text)).toBe(idIn(text));
      expect((await newVisitor().get(`${site}/login`)).text).not.toContain('value="erin"');
      expect((await newVisitor().post(`${site}/login`, { username: 'erin' })).status).toBe(400);
    });

    test('makes nobody staff here', async () => {
      const visitor = newVisitor();
      const { text } = await club.signIn(visitor, 'mona');
      expect(await groupsOf(visitor)).toEqual(expect.arrayContaining(['demo-club-hosts', 'moderators']));
      expect(text).not.toMatch(/<th scope="row">(admin|moderator)</);
    });

    test('shows what the forum told, and loads nothing but the picture', async () => {
      const visitor = newVisitor();
      await club.signIn(visitor, 'erin');
      await club.act('erin', 'add_group', { name: 'hosts' });
      await club.webhooks();
      const { text, headers } = await visitor.get(`${site}/account`);
      expect(text).toMatch(
        new RegExp(`<img [^>]*src="${club.url}/letter_avatar_proxy/v4/letter/e/[0-9a-f]+/84\\.png"`),
      );
      for (const part of ['Europe/Lisbon', 'Early reader', 'by its API, after a webhook'])
        expect(text).toContain(part);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain(`img-src ${club.url};`);
      expect(policy).not.toContain('script-src');
      await club.act('erin', 'remove_group', { name: 'hosts' });
    });

    test('may stand between a forum that asks and its answer', async () => {
      const visitor = newVisitor();
      const forum = demo.community('discourse');
      const asked = await visitor.open(`${forum}/session/sso?return_path=%2Ft%2Fideas%2F3`);
      const [, start = ''] = /href="(\/sso\/discourse-login\/start[^"]*)"/.exec(asked.text) ?? [];
      await visitor.open(site + start.replaceAll('&amp;', '&'));
      const { url } = await club.logIn(visitor, 'erin');
      // The site does not vouch for an address that a forum named.
      expect(url).toBe(`${forum}/u/account-created`);
    });
  });

  test('an account that was removed here does not come back with a sign-in', async () => {
    const own = await startTestDemo({ FRAMEWORK: framework });
    const visitor = newVisitor();
    await clubOf(own).signIn(visitor, 'erin');
    await visitor.post(`${own.origin}/account/remove`, {});
    const { status, text } = await clubOf(own).signIn(newVisitor(), 'erin');
    await own.close();
    expect(status).toBe(403);
    expect(text).toContain('ERR_USER_REMOVED');
  });

  describe('connecting accounts', () => {
    test('an address is no proof: the site hands out no account for it', async () => {
      const visitor = newVisitor();
      const { status, text } = await club.signIn(visitor, 'ally');
      expect(status).toBe(403);
      expect(text).toContain('ERR_LOGIN_NO_ACCOUNT');
      expect(await userOf(visitor)).toBeNull();
    });

    test('asks, naming both, and then the forum’s account signs in to the site’s', async () => {
      const visitor = newVisitor();
      const { question, confirm } = await connect(visitor, 'alice', 'ally');
      expect(question.text).toContain('Forum account: ally');
      expect(question.text).toContain('Account at this site: alice');
      expect((await visitor.get(`${site}/account`)).text).toContain('Not connected.');
      expect((await confirm()).location).toBe(`${site}/account`);
      expect((await visitor.get(`${site}/account`)).text).toContain('Connected with this account.');
      expect((await confirm()).text).toContain('ERR_LINK_CONFIRMATION_INVALID');

      const other = newVisitor();
      expect(userOn(await club.signIn(other, 'ally'))).toBe('alice');
      // What the site itself gave stays; only the two groups of the map follow the forum.
      expect(await groupsOf(other)).toEqual(
        expect.arrayContaining(['demo-editors', 'demo-supporters', 'demo-club-readers', 'demo-club-hosts']),
      );
    });

    test('does not take an account that is connected already', async () => {
      await club.signIn(newVisitor(), 'erin');
      const visitor = newVisitor();
      const { confirm } = await connect(visitor, 'bob', 'erin');
      const { status, text } = await confirm();
      expect(status).toBe(409);
      expect(text).toContain('ERR_LINK_FORUM_USER_TAKEN');
    });

    test.each([{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])(
      'begins on no page of others: %j',
      async (headers) => {
        const visitor = newVisitor();
        await visitor.post(`${site}/login`, { username: 'bob' });
        const { status, text, cookies } = await visitor.post(`${site}/sso/discourse-login/link`, {}, headers);
        expect(status).toBe(403);
        expect(text).toContain('ERR_ORIGIN_FOREIGN');
        expect(cookies).toEqual([]);
      },
    );
  });

  describe('what happens at the forum reaches the site', () => {
    test('a group that comes and goes, without a login; sent again it changes nothing', async () => {
      const visitor = newVisitor();
      await club.signIn(visitor, 'erin');
      await club.act('erin', 'add_group', { name: 'hosts' });
      const added = (await club.webhooks()).at(-1);
      expect(added).toMatchObject({ event: 'user_added_to_group', answer: 'handled' });
      expect(await groupsOf(visitor)).toContain('demo-club-hosts');
      await club.act('erin', 'remove_group', { name: 'hosts' });
      await club.webhooks();
      expect(await groupsOf(visitor)).not.toContain('demo-club-hosts');
      await club.redeliver(added?.id ?? 0);
      expect((await club.webhooks()).find(({ id }) => id === added?.id)?.answer).toBe('duplicate');
      expect(await groupsOf(visitor)).not.toContain('demo-club-hosts');
    });

    test('and from here the other forum, at once', async () => {
      const visitor = newVisitor();
      await club.signIn(visitor, 'mona');
      await club.act('mona', 'add_group', { name: 'readers' });
      await club.webhooks();
      const { port } = new URL(demo.community('discourse'));
      const id = /demo-emulated-club-\d+/.exec((await visitor.get(`${site}/account`)).text)?.[0] ?? '';
      const groups = async (): Promise<unknown> => {
        const answer = await fetch(`http://127.0.0.1:${port}/emulator/users/${id}`);
        const user: unknown = answer.ok ? await answer.json() : null;
        return typeof user === 'object' && user !== null && 'groups' in user ? user.groups : null;
      };
      for (let tries = 0; tries < 100 && (await groups()) === null; tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await groups()).toEqual(expect.arrayContaining(['demo-club-readers', 'demo-club-hosts']));
    });

    test.each(['suspend', 'log_out'])(
      '%s ends the sessions here, and those of nobody else',
      async (action) => {
        const [here, there, mona] = [newVisitor(), newVisitor(), newVisitor()];
        for (const visitor of [here, there]) await club.signIn(visitor, 'erin');
        await club.signIn(mona, 'mona');
        await club.act('erin', action);
        await club.webhooks();
        for (const visitor of [here, there]) {
          // The forum is asked once more, in silence; there, too, the session is over.
          expect(await userOf(visitor)).toBeNull();
        }
        expect(await userOf(mona)).toBe('mona');
        if (action === 'suspend') await club.act('erin', 'unsuspend');
      },
    );

    test('a webhook that is not signed is refused', async () => {
      const { status, text } = await newVisitor().post(
        `${site}/sso/discourse-login/webhook`,
        '{"user":{"id":1}}',
      );
      expect(status).toBe(401);
      expect(text).toContain('ERR_WEBHOOK_SIGNATURE_MISSING');
    });
  });

  describe('signing out', () => {
    test('the page that asks ends one session, or on request all', async () => {
      const [here, there, third] = [newVisitor(), newVisitor(), newVisitor()];
      for (const visitor of [here, there, third]) await club.signIn(visitor, 'mona');
      const page = await here.get(`${site}/sso/discourse-login/logout?returnTo=%2F`);
      expect(page.text).toContain('name="everywhere"');
      const local = await here.post(`${site}/sso/discourse-login/logout`, { returnTo: '/' });
      expect(local.location).toMatch(new RegExp(`^${club.url}/session/sso_provider\\?`));
      expect((await here.open(local.location ?? '')).url).toBe(`${site}/`);
      expect(await userOf(here)).toBeNull();
      expect(await userOf(there)).toBe('mona');
      await there.post(`${site}/sso/discourse-login/logout`, { returnTo: '/', everywhere: 'on' });
      expect(await userOf(third)).toBeNull();
    });

    test('the button in the bar ends all of them, at the forum as well', async () => {
      const [here, there] = [newVisitor(), newVisitor()];
      for (const visitor of [here, there]) await club.signIn(visitor, 'mona');
      await here.post(`${site}/logout`, {});
      expect(await userOf(there)).toBeNull();
      expect((await there.get(club.url)).text).not.toContain('Log Out');
    });
  });

  describe('beside a demo password', () => {
    let closed: TestDemo;
    beforeAll(async () => {
      closed = await startTestDemo({ FRAMEWORK: framework, DEMO_PASSWORD: 'open, demo' });
    });
    afterAll(() => closed.close());

    test('the forum opens no account to those who do not know it', async () => {
      const { status, text } = await clubOf(closed).signIn(newVisitor(), 'erin');
      expect(status).toBe(403);
      expect(text).toContain('ERR_LOGIN_NO_ACCOUNT');
      expect((await newVisitor().get(`${closed.origin}/login`)).text).toContain(
        'that are connected with one of this site',
      );
    });
  });

  describe('seamless login', () => {
    let seamless: TestDemo;
    beforeAll(async () => {
      seamless = await startTestDemo({ FRAMEWORK: framework, DEMO_SEAMLESS_LOGIN: 'on' });
    });
    afterAll(() => seamless.close());

    test('is off by default: a first visit is answered at once', async () => {
      expect((await newVisitor().open(`${site}/`)).trail).toEqual([`${site}/`]);
    });

    test('signs in at the first visit whoever is logged in at the forum, and asks nobody twice', async () => {
      const home = `${seamless.origin}/`;
      const erin = newVisitor();
      await clubOf(seamless).logIn(erin, 'erin');
      expect((await erin.open(`${home}?a=b`)).url).toBe(`${home}?a=b`);
      expect(userOn(await erin.get(home))).toBe('erin');
      const guest = newVisitor();
      const first = await guest.open(home);
      expect(first.url).toBe(home);
      expect(first.text).toContain('href="/login"');
      expect(first.trail.map((step) => new URL(step).pathname)).toEqual([
        '/',
        '/',
        '/session/sso_provider',
        '/sso/discourse-login/callback',
        '/',
      ]);
      expect((await guest.open(home)).trail).toEqual([home]);
    });

    test('leaves the sign-in page alone', async () => {
      const page = `${seamless.origin}/login`;
      expect((await newVisitor().open(page)).trail).toEqual([page]);
    });
  });
});
