import { expect, test } from '@jest/globals';
import type { Page, Request } from 'playwright-core';

import { startForeignSite } from './foreign-site.js';
import { describeInChromium, type World } from './in-chromium.js';
import { policyComplaints } from './policy-complaints.js';

/** Requests to an address, as the page sends them. */
function requestsTo(page: Page, path: string, method = 'POST'): readonly Request[] {
  const seen: Request[] = [];
  page.on('request', (request) => {
    if (request.method() === method && new URL(request.url()).pathname === path) seen.push(request);
  });
  return seen;
}

async function expectYou(username: string, at: Page): Promise<void> {
  const told = username === '' ? 'You are not signed in' : `You are ${username}`;
  await at.getByText(told, { exact: true }).waitFor();
}

async function comment(text: string, at: Page): Promise<void> {
  await at.getByLabel('Your comment').fill(text);
  await at.getByRole('button', { name: 'Submit' }).click();
}

/** What Coral's administrator sees: accounts among other things. */
function accounts(world: World): Promise<string> {
  return world.ask('coral', '/admin');
}

describeInChromium("Coral's comments in a page of the site, in Chromium", (world) => {
  const linesWith = (code: string): readonly string[] =>
    world.demo.lines.filter((line) => line.includes(code));

  test('a guest is taken to the sign-in and back, and comments under their name', async () => {
    const { page, demo } = world;
    const complaints = policyComplaints(page);
    await world.open('/news');
    await expectYou('', page);
    await page.getByRole('button', { name: 'Sign In' }).click();
    await page.waitForURL(`${demo.origin}/login?**`);
    await world.pick('alice');
    await page.waitForURL(`${demo.origin}/news`);
    await expectYou('alice', page);
    await comment('First!', page);
    await page.getByText('alice: First!').waitFor();
    const admin = await accounts(world);
    expect(admin).toContain('sso: demo-alice');
    expect(admin).toContain('alice@example.com');
    expect(complaints).toEqual([]);
  });

  test('whoever is signed in at the site is known at once, and the page itself holds no token', async () => {
    const { page, demo } = world;
    await world.signIn('bob');
    const tokens = requestsTo(page, '/sso/coral/token');
    const response = await page.goto(`${demo.origin}/news`);
    await expectYou('bob', page);
    expect(tokens).toHaveLength(1);
    expect(await response?.text()).not.toMatch(/eyJ|demo-bob|bob@/);
    expect(await accounts(world)).toMatch(/<td>bob<\/td>\s*<td>bob@example\.com<\/td><td>COMMENTER<\/td>/);
  });

  test('signing out in the comments makes the token worthless and ends the session here', async () => {
    const { page } = world;
    await world.signIn('alice');
    const revoked = requestsTo(page, '/api/auth', 'DELETE');
    await world.open('/news');
    await expectYou('alice', page);
    await page.getByRole('button', { name: 'Sign Out', exact: true }).click();
    await expectYou('', page);
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await world.open('/');
    await page.getByRole('link', { name: 'Sign in' }).waitFor();

    const authorization = (await revoked[0]?.allHeaders())?.authorization ?? '';
    expect(authorization).toMatch(/^Bearer eyJ/);
    const variables = { storyID: 'demo-news-story', storyURL: `${world.demo.origin}/news` };
    const answer = await world.ask('coral', '/api/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: authorization },
      body: JSON.stringify({ id: 'StreamQuery', variables }),
    });
    expect(JSON.parse(answer)).toMatchObject({ data: { viewer: null } });
  });

  test('signing out here ends it on this page and in other tabs', async () => {
    const { page, context } = world;
    await world.signIn('alice');
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await world.open('/news', tab);
      await expectYou('alice', tab);
    }
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    for (const tab of [page, other]) await expectYou('', tab);
  });

  test('when the token is over, the page fetches another one, and the comment gets through', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    const tokens = requestsTo(page, '/sso/coral/token');
    await world.open('/news');
    await expectYou('alice', page);
    demo.pass(901);
    await comment('Sixteen minutes later', page);
    await page.getByText('alice: Sixteen minutes later').waitFor();
    await expectYou('alice', page);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(tokens).toHaveLength(2);
    // The next one lives as long again: nothing is fetched before that.
    demo.pass(890);
    await comment('And a quarter of an hour', page);
    await page.getByText('alice: And a quarter of an hour').waitFor();
    expect(tokens).toHaveLength(2);
  });

  test('whoever has signed out elsewhere meanwhile gets no other one', async () => {
    const { page, context, demo } = world;
    await world.signIn('alice');
    await world.open('/news');
    await expectYou('alice', page);
    await world.signOut(await context.newPage());
    demo.pass(901);
    await comment('Too late', page);
    await page.getByRole('alert').getByText('TOKEN_INVALID').waitFor();
    await page.reload();
    await expectYou('', page);
    expect(await page.getByText('Too late').count()).toBe(0);
  });

  test.each([
    ['carol', 'Your e-mail address is not confirmed.', 'ERR_EMAIL_NOT_VERIFIED'],
    ['dave', 'Your account is suspended.', 'ERR_USER_SUSPENDED'],
  ])('%s is a guest in them, and is told why', async (name, why, code) => {
    const { page, demo } = world;
    const refused = () => page.waitForResponse(`${demo.origin}/sso/coral/token`);
    await world.signIn(name);
    const first = refused();
    await world.open('/news');
    await page.getByText(why).waitFor();
    expect((await first).status()).toBe(403);
    await expectYou('', page);
    expect(linesWith(code)).toHaveLength(1);
    // "Sign In" cannot help them, and leads back here.
    const second = refused();
    await page.getByRole('button', { name: 'Sign In' }).click();
    expect((await second).status()).toBe(403);
    await expectYou('', page);
    expect(page.url()).toBe(`${demo.origin}/news`);
    expect(await accounts(world)).not.toContain(`sso: demo-${name}`);
  });

  test('pages of other origins get no token and end no session, whatever the browser sends along', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    const script = (path: string): string =>
      `fetch('${demo.origin}/sso/coral/${path}', { method: 'POST', credentials: 'include' })
  .then((answer) => answer.text(), () => 'kept away')
  .then((text) => top.postMessage('${path}: ' + text, '*'));`;
    const scripts = `<script>${script('token')}${script('sign-out')}</script>`;
    // The stranger's host counts as the same site, so that the cookies come along; the frame's origin is "null".
    const foreign = await startForeignSite(
      `<ul></ul><script>
addEventListener('message', ({ data, origin }) => {
  document.querySelector('ul').insertAdjacentHTML('beforeend', '<li></li>');
  document.querySelector('li:last-child').textContent = origin + ' ' + data;
});
</script>${scripts}<iframe sandbox="allow-scripts" title="frame" srcdoc="${scripts.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe>`,
      'stranger.site.localhost',
    );
    try {
      await page.goto(foreign.url);
      await page.getByRole('listitem').nth(3).waitFor();
      const own = new URL(foreign.url).origin;
      expect((await page.getByRole('listitem').allTextContents()).sort()).toEqual(
        [`${own} token: `, `${own} sign-out: `, 'null token: ', 'null sign-out: ']
          .map((who) => `${who}kept away`)
          .sort(),
      );
    } finally {
      await foreign.close();
    }
    expect(linesWith('ERR_ORIGIN_FOREIGN')).toHaveLength(4);
    expect(linesWith('login.answered')).toEqual([]);
    await world.open('/');
    await page.getByText('Signed in as alice').waitFor();
  });

  test('the way back from the sign-in leads to listed pages alone', async () => {
    const { page, demo } = world;
    for (const target of ['https://stranger.example/', '//stranger.example', '/.//stranger.example']) {
      const query = new URLSearchParams({ returnTo: target });
      const response = await page.goto(`${demo.origin}/sso/coral/sign-in?${query}`);
      expect(response?.status()).toBe(400);
      await page.getByText('ERR_RETURN_PATH_UNSAFE').waitFor();
    }
  });
});

// One host, ports apart, as `npm run demo` has them: there the browser keeps no cookie from the other origin.
describeInChromium(
  "Coral's own page on a listed origin, in Chromium",
  (world) => {
    test('gets a token, leads to the sign-in and back, and signs out', async () => {
      const { page, demo } = world;
      const complaints = policyComplaints(page);
      const own = `${demo.community('coral')}/`;
      await page.goto(own);
      await expectYou('', page);
      await page.getByRole('button', { name: 'Sign In' }).click();
      await page.waitForURL(`${demo.origin}/login?**`);
      await world.pick('alice');
      await page.waitForURL(own);
      await expectYou('alice', page);
      const reloaded = page.waitForEvent('load');
      await page.getByRole('button', { name: 'Sign Out', exact: true }).click();
      await reloaded;
      await expectYou('', page);
      await world.open('/');
      await page.getByRole('link', { name: 'Sign in' }).waitFor();
      expect(complaints).toEqual([]);
    });
  },
  {},
);
