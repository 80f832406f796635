import { expect, test } from '@jest/globals';
import type { FrameLocator, Page } from 'playwright-core';

import { startForeignSite } from './foreign-site.js';
import { holdBack } from './hold-back.js';
import { describeInChromium } from './in-chromium.js';
import { policyComplaints } from './policy-complaints.js';

describeInChromium('logging in to Talkyard, in Chromium', (world) => {
  const forum = (path = '/'): string => world.demo.community('talkyard') + path;
  const linesWith = (code: string): readonly string[] =>
    world.demo.lines.filter((line) => line.includes(code));

  /** From the forum's Log In to the site's sign-in. */
  async function goToSignIn(at = world.page): Promise<void> {
    await at.goto(forum());
    await at.getByRole('link', { name: 'Log In' }).click();
    await at.waitForURL(`${world.demo.origin}/login?**`);
  }

  async function expectLoggedIn(username: string, at = world.page): Promise<void> {
    await at.goto(forum());
    await at.locator(`[data-you="${username}"]`).waitFor();
  }

  async function expectGuest(at = world.page): Promise<void> {
    await expectLoggedIn('', at);
  }

  /** Who is a member at Talkyard. */
  async function members(): Promise<string> {
    return world.ask('talkyard', '/-/v0/list-users?usernamePrefix=');
  }

  /** Alice's way back to Talkyard with her one-time secret, not gone yet. */
  async function heldWayBack(): Promise<string> {
    await goToSignIn();
    const held = await holdBack(world.page, '*/-/v0/login-with-secret*');
    await world.pick('alice');
    const url = await held.url;
    await held.release();
    expect(url).toMatch(/\?oneTimeSecret=[a-z0-9]+&thenGoTo=%2F$/);
    return url;
  }

  test('an anonymous visitor is led to the site, signs in, and is back at the very post', async () => {
    const { page } = world;
    await page.goto(forum());
    await page.getByRole('link', { name: 'Ask and answer' }).click();
    const topic = page.url();
    await page.getByRole('link', { name: 'Reply to post 1' }).click();
    await page.waitForURL(`${world.demo.origin}/login?**`);
    await world.pick('alice');
    await page.waitForURL(`${topic}#post-1`);
    await page.locator('[data-you="alice"]').waitFor();
    expect(await page.locator('[data-you]').textContent()).toBe(
      'You are @alice (Alice Example), member 100, administrator.',
    );
  });

  test('a search that one logs in from keeps all of its words', async () => {
    const { page } = world;
    await page.goto(forum('/-/search?q=login&sort=newest'));
    await page.getByRole('link', { name: 'Log In' }).click();
    await page.waitForURL(`${world.demo.origin}/login?**`);
    await world.pick('bob');
    await page.waitForURL(forum('/-/search?q=login&sort=newest'));
    await page.locator('[data-you="bob"]').waitFor();
  });

  test('whoever is signed in at the site passes without a question', async () => {
    await world.signIn('bob');
    await world.page.goto(forum());
    await world.page.getByRole('link', { name: 'Log In' }).click();
    await world.page.locator('[data-you="bob"]').waitFor();
    expect(await world.page.locator('[data-you]').textContent()).toBe(
      'You are @bob (Bob Example), member 100.',
    );
  });

  test.each([
    ['carol', 'whose address nobody confirmed', 'ERR_EMAIL_NOT_VERIFIED'],
    ['dave', 'who is suspended', 'ERR_USER_SUSPENDED'],
  ])('%s, %s, gets a page with a way back', async (name, _why, code) => {
    const { page } = world;
    await goToSignIn();
    await world.pick(name);
    await page.getByText(code).waitFor();
    expect(new URL(page.url()).origin).toBe(world.demo.origin);
    await page.getByRole('link', { name: 'Back to the site' }).click();
    await page.waitForURL(`${world.demo.origin}/`);
    await expectGuest();
    expect(await members()).toBe('{"users":[]}');
  });

  test('a way back to anywhere else is refused, signed in or not', async () => {
    const { page, demo } = world;
    const strange = [
      { returnOrigin: 'check_if_legit!https://stranger.example', returnPath: '/' },
      { returnOrigin: `check_if_legit!${forum('')}.stranger.example`, returnPath: '/' },
      { returnOrigin: forum(''), returnPath: '/' },
      { returnOrigin: `check_if_legit!${forum('')}`, returnPath: '///stranger.example' },
      { returnOrigin: `check_if_legit!${demo.origin}`, returnPath: '/.//stranger.example' },
      { returnPath: 'https://stranger.example/' },
    ];
    for (const signedIn of [false, true]) {
      if (signedIn) await world.signIn('alice');
      for (const query of strange) {
        const response = await page.goto(`${demo.origin}/sso/talkyard?${new URLSearchParams(query)}`);
        expect(response?.status()).toBe(400);
        await page.getByText('ERR_TALKYARD_RETURN_UNSAFE').waitFor();
        await page.getByRole('link', { name: 'Back to the site' }).waitFor();
      }
    }
    expect(linesWith('login.answered')).toEqual([]);
    await expectGuest();
  });

  test('the secret works once', async () => {
    const { page } = world;
    const url = await heldWayBack();
    await page.goto(url);
    await page.locator('[data-you="alice"]').waitFor();
    await page.getByRole('button', { name: 'Log Out' }).click();
    await page.waitForURL(`${world.demo.origin}/sso/talkyard/logged-out`);
    const replay = await page.goto(url);
    expect(replay?.status()).toBe(403);
    expect(await replay?.text()).toContain('TyELGISECR_EMANY_');
    await expectGuest();
  });

  test('the secret works for 30 seconds; the next login gets another one', async () => {
    const { page } = world;
    const url = await heldWayBack();
    world.demo.pass(31);
    const late = await page.goto(url);
    expect(late?.status()).toBe(403);
    expect(await late?.text()).toContain('TyELGISECR_EEXP_');
    await expectGuest();
    await page.getByRole('link', { name: 'Log In' }).click();
    await page.locator('[data-you="alice"]').waitFor();
  });

  test('a page of another site can log nobody in behind their back', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    const query = new URLSearchParams({ returnOrigin: `check_if_legit!${forum('')}`, returnPath: '/' });
    const login = `${demo.origin}/sso/talkyard?${query}`;
    // As near as a stranger can get: the browser takes both for one site, and sends the cookies along.
    const foreign = await startForeignSite(
      `<iframe src="${login.replaceAll('&', '&amp;')}" title="frame"></iframe><img src="${login.replaceAll('&', '&amp;')}" alt="">`,
      'stranger.site.localhost',
    );
    try {
      await page.goto(foreign.url, { waitUntil: 'networkidle' });
    } finally {
      await foreign.close();
    }
    expect(linesWith('ERR_NOT_A_NAVIGATION')).toHaveLength(2);
    expect(linesWith('login.answered')).toEqual([]);
    await expectGuest();
    expect(await members()).toBe('{"users":[]}');
  });

  test('logging out there leads to a page that offers to sign out here, too', async () => {
    const { page, demo } = world;
    await goToSignIn();
    await world.pick('alice');
    await page.locator('[data-you="alice"]').waitFor();
    await page.getByRole('button', { name: 'Log Out' }).click();
    await page.getByText('At this site you are still signed in.').waitFor();
    expect(page.url()).toBe(`${demo.origin}/sso/talkyard/logged-out`);
    await world.open('/');
    await page.getByText('Signed in as alice').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Sign out here, too' }).click();
    await page.getByText('You are signed out of the community and of this site.').waitFor();
    await world.open('/');
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await expectGuest();
    await goToSignIn();
  });

  test('a link to that page ends nobody’s session, and its form is for our own page alone', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    const foreign = await startForeignSite(
      `<a href="${demo.origin}/sso/talkyard/logged-out">Win</a>
<form method="post" action="${demo.origin}/sso/talkyard/sign-out"><button>Win more</button></form>`,
      'stranger.site.localhost',
    );
    try {
      await page.goto(foreign.url);
      await page.getByRole('link', { name: 'Win' }).click();
      await page.getByRole('button', { name: 'Sign out here, too' }).waitFor();
      await page.goto(foreign.url);
      await page.getByRole('button', { name: 'Win more' }).click();
      await page.getByText('ERR_ORIGIN_FOREIGN').waitFor();
    } finally {
      await foreign.close();
    }
    await world.open('/');
    await page.getByText('Signed in as alice').waitFor();
  });
});

describeInChromium("Talkyard's comments in a page of the site, in Chromium", (world) => {
  const forum = (): string => world.demo.community('talkyard');
  const comments = (at: Page = world.page): FrameLocator => at.frameLocator('iframe[title="Comments"]');

  async function expectYou(username: string, at: Page = world.page): Promise<void> {
    await comments(at).locator(`#who[data-you="${username}"]`).waitFor();
    const told = username === '' ? 'You are a guest.' : `You are @${username}.`;
    expect(await comments(at).locator('#who').textContent()).toBe(told);
  }

  async function comment(text: string): Promise<void> {
    await comments().getByLabel('Comment').fill(text);
    await comments().getByRole('button', { name: 'Post comment' }).click();
    await comments().getByRole('listitem').filter({ hasText: text }).waitFor();
  }

  test('a guest is taken to the sign-in and back, and is logged in at the forum as well', async () => {
    const { page, demo } = world;
    const complaints = policyComplaints(page);
    await world.open('/blog');
    await expectYou('');
    await comments().getByRole('button', { name: 'Log In' }).click();
    await page.waitForURL(`${demo.origin}/login?**`);
    await world.pick('alice');
    await page.waitForURL(`${demo.origin}/blog`);
    await expectYou('alice');
    await comment('First!');
    await page.goto(forum());
    await page.locator('[data-you="alice"]').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a guest who wants to reply comes back to that very comment', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    await world.open('/blog');
    await expectYou('alice');
    await comment('What do you think?');
    await world.signOut();
    await world.open('/blog');
    await expectYou('');
    await comments().getByRole('button', { name: 'Reply' }).click();
    await page.waitForURL(`${demo.origin}/login?**`);
    await world.pick('bob');
    await page.waitForURL(`${demo.origin}/blog#comment-1`);
    await expectYou('bob');
  });

  test('the token is in no cache, and in no page of a guest', async () => {
    const { page } = world;
    const ofGuest = await page.goto(`${world.demo.origin}/blog`);
    expect(await ofGuest?.text()).not.toContain('paseto');
    await world.signIn('alice');
    const ofAlice = await page.goto(`${world.demo.origin}/blog`);
    expect(await ofAlice?.text()).toMatch(/talkyardAuthnToken="paseto:v2\.local\./);
    expect(ofAlice?.headers()['cache-control']).toBe('private, no-store');
    await expectYou('alice');
  });

  test('a token is over after two minutes; the next page brings another one', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    await page.route(
      '**/-/v0/upsert-user-and-login',
      async (route) => {
        demo.pass(121);
        await route.continue();
      },
      { times: 1 },
    );
    await world.open('/blog');
    await comments().getByText('TyEPASUNKEX').waitFor();
    await expectYou('');
    await page.reload();
    await expectYou('alice');
    // What the token began outlasts it, while the page is open.
    demo.pass(3_600);
    await comment('Still here');
  });

  test('signing out here ends it on this page and in other tabs', async () => {
    const { page, context } = world;
    await world.signIn('alice');
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await world.open('/blog', tab);
      await expectYou('alice', tab);
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const tab of [page, other]) {
      await expectYou('', tab);
      await tab.getByRole('link', { name: 'Sign in' }).waitFor();
    }
  });

  test('logging out in the comments offers to sign out here, too', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    await world.open('/blog');
    await expectYou('alice');
    await comments().getByRole('button', { name: 'Log Out' }).click();
    await page.waitForURL(`${demo.origin}/sso/talkyard/logged-out`);
    await page.getByRole('button', { name: 'Sign out here, too' }).click();
    await page.getByText('You are signed out of the community and of this site.').waitFor();
    await world.open('/blog');
    await expectYou('');
  });

  test.each([
    ['carol', 'Your e-mail address is not confirmed.'],
    ['dave', 'Your account is suspended.'],
  ])('%s is a guest in them, and is told why', async (name, why) => {
    const { page, demo } = world;
    await world.signIn(name);
    const response = await page.goto(`${demo.origin}/blog`);
    expect(await response?.text()).not.toContain('paseto');
    await page.getByText(why).waitFor();
    await expectYou('');
    expect(await world.ask('talkyard', '/-/v0/list-users?usernamePrefix=')).toBe('{"users":[]}');
  });
});
