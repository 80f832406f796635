import { expect, test } from '@jest/globals';

import { startForeignSite } from './foreign-site.js';
import { holdBack } from './hold-back.js';
import { describeInChromium } from './in-chromium.js';

describeInChromium('logging in to a Discourse forum, in Chromium', (world) => {
  const forum = (): string => world.demo.community('discourse');

  /** Anonymous at both: from the forum's Log In to the site's sign-in. */
  async function goToSignIn(at = world.page): Promise<void> {
    await at.goto(forum());
    await at.getByRole('link', { name: 'Log In' }).first().click();
    await at.waitForURL(`${world.demo.origin}/login?**`);
  }

  /** What the forum knows of a person of the site. */
  async function account(externalId: string): Promise<unknown> {
    const { port } = new URL(forum());
    const response = await fetch(`http://127.0.0.1:${port}/emulator/users/${externalId}`, {
      headers: { accept: 'application/json' },
    });
    return response.status === 404 ? null : response.json();
  }

  async function isLoggedIn(at = world.page): Promise<boolean> {
    await at.goto(forum());
    return (await at.getByRole('button', { name: 'Log Out' }).count()) > 0;
  }

  /** Alice's login, kept back on the way from the site to the forum. */
  async function unusedAnswer(): Promise<string> {
    await goToSignIn();
    const held = await holdBack(world.page, '*/session/sso_login*');
    await world.pick('alice');
    const url = await held.url;
    await held.release();
    expect(url).toMatch(new RegExp(`^${forum()}/session/sso_login\\?sso=[^&]+&sig=[0-9a-f]{64}$`));
    return url;
  }

  test('an anonymous visitor is led to the site, signs in, and is back at the forum with name and groups', async () => {
    await goToSignIn();
    await world.pick('alice');
    await world.page.waitForURL(`${forum()}/`);
    await world.page.getByRole('heading', { name: 'You are Alice Example' }).waitFor();
    await world.page.getByRole('button', { name: 'Log Out' }).waitFor();
    for (const group of ['demo-editors', 'demo-supporters', 'admins']) {
      await world.page.getByText(group, { exact: true }).waitFor();
    }
    expect(await account('demo-alice')).toMatchObject({
      username: 'alice',
      name: 'Alice Example',
      email: 'alice@example.com',
      admin: true,
      active: true,
    });
    await world.open('/account');
    await world.page.getByText('alice@example.com').waitFor();
  });

  test('whoever is signed in at the site passes without a question', async () => {
    await world.open('/login');
    await world.pick('bob');
    await world.page.waitForURL(`${world.demo.origin}/account`);
    await world.page.goto(forum());
    await world.page.getByRole('link', { name: 'Log In' }).first().click();
    await world.page.getByRole('heading', { name: 'You are Bob Example' }).waitFor();
    expect(await account('demo-bob')).toMatchObject({ username: 'bob', admin: false });
  });

  test('a login from a topic leads back to that topic', async () => {
    await world.page.goto(`${forum()}/t/ideas/3`);
    await world.page.getByRole('link', { name: 'Log in to reply' }).click();
    await world.page.waitForURL(`${world.demo.origin}/login?**`);
    await world.pick('bob');
    await world.page.waitForURL(`${forum()}/t/ideas/3`);
    await world.page.getByText('You would reply as').waitFor();
  });

  test('a request that was tampered with ends at the site, before anybody is asked to sign in', async () => {
    await world.page.goto(forum());
    const held = await holdBack(world.page, '*/sso/discourse?*');
    await world.page.getByRole('link', { name: 'Log In' }).first().click();
    const url = new URL(await held.url);
    await held.release();
    const payload = Buffer.from(url.searchParams.get('sso') ?? '', 'base64').toString('utf8');
    expect(payload).toContain(encodeURIComponent(`${forum()}/session/sso_login`));
    const tampered = payload.replace(encodeURIComponent(forum()), encodeURIComponent('https://evil.example'));
    expect(tampered).not.toBe(payload);
    url.searchParams.set('sso', Buffer.from(tampered).toString('base64'));

    const response = await world.page.goto(url.href);
    expect(response?.status()).toBe(403);
    expect(world.page.url()).toBe(url.href);
    await world.page.getByText('ERR_SSO_SIGNATURE_INVALID').waitFor();
    await world.page.getByRole('link', { name: 'Back to the site' }).click();
    await world.page.waitForURL(`${world.demo.origin}/`);
  });

  test('an answer that was tampered with logs nobody in', async () => {
    const url = new URL(await unusedAnswer());
    const payload = Buffer.from(url.searchParams.get('sso') ?? '', 'base64').toString('utf8');
    const tampered = payload.replace('demo-alice', 'demo-bobby');
    expect(tampered).not.toBe(payload);
    url.searchParams.set('sso', Buffer.from(tampered).toString('base64'));
    const response = await world.page.goto(url.href);
    expect(response?.status()).toBe(422);
    expect(await isLoggedIn()).toBe(false);
    expect(await account('demo-bobby')).toBeNull();
  });

  test('an answer counts once: replayed after a log-out, it logs nobody in', async () => {
    const url = await unusedAnswer();
    await world.page.goto(url);
    await world.page.getByRole('button', { name: 'Log Out' }).click();
    await world.page.getByRole('link', { name: 'Log In' }).first().waitFor();
    const response = await world.page.goto(url);
    expect(response?.status()).toBe(419);
    expect(await isLoggedIn()).toBe(false);
  });

  test('an answer counts only in the browser that asked', async () => {
    const url = await unusedAnswer();
    await world.inAnotherBrowser(async (theirs) => {
      const response = await theirs.goto(url);
      expect(response?.status()).toBe(419);
      expect(await isLoggedIn(theirs)).toBe(false);
    });
    // The answer itself was good.
    await world.page.goto(url);
    await world.page.getByRole('heading', { name: 'You are Alice Example' }).waitFor();
  });

  test('carol, whose address nobody confirmed, gets an account that waits for it', async () => {
    await goToSignIn();
    await world.pick('carol');
    await world.page.waitForURL(`${forum()}/u/account-created`);
    expect(await isLoggedIn()).toBe(false);
    expect(await account('demo-carol')).toMatchObject({ username: 'carol', active: false });
  });

  test('dave, who is suspended, gets a page with a way back', async () => {
    await goToSignIn();
    await world.pick('dave');
    await world.page.getByText('ERR_USER_SUSPENDED').waitFor();
    expect(new URL(world.page.url()).origin).toBe(world.demo.origin);
    await world.page.getByRole('link', { name: 'Back to the site' }).click();
    await world.page.waitForURL(`${world.demo.origin}/`);
    expect(await isLoggedIn()).toBe(false);
    expect(await account('demo-dave')).toBeNull();
  });

  test('a page of another site can neither sign a visitor in nor log them in behind their back', async () => {
    await world.open('/login');
    await world.pick('alice');
    const foreign = await startForeignSite(
      `<form method="post" action="${world.demo.origin}/login"><input name="username" value="bob"><button>Win a prize</button></form>
<iframe src="${forum()}/session/sso" title="frame"></iframe><img src="${forum()}/session/sso" alt="">`,
    );
    try {
      await world.page.goto(foreign.url, { waitUntil: 'networkidle' });
      expect(world.demo.lines.filter((line) => line.includes('ERR_NOT_A_NAVIGATION'))).toHaveLength(2);
      await world.page.getByRole('button', { name: 'Win a prize' }).click();
      await world.page.getByText('ERR_ORIGIN_FOREIGN').waitFor();
    } finally {
      await foreign.close();
    }
    await world.open('/');
    await world.page.getByText('Signed in as alice').waitFor();
    expect(await isLoggedIn()).toBe(false);
    expect(await account('demo-alice')).toBeNull();
  });

  test('signing out at the site ends the session there', async () => {
    await world.open('/login');
    await world.pick('alice');
    await world.page.getByRole('button', { name: 'Sign out' }).click();
    await world.page.waitForURL(`${world.demo.origin}/`);
    await world.page.getByRole('link', { name: 'Sign in' }).waitFor();
    await goToSignIn();
  });

  test('no page of the site breaks its own content security policy', async () => {
    const complaints: string[] = [];
    world.page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${world.page.url()}: ${message.text()}`);
    });
    for (const path of ['/', '/login', '/login?returnTo=%2Fsso%2Fdiscourse']) await world.open(path);
    await world.pick('alice');
    await world.page
      .getByRole('heading', { name: 'You are Alice Example' })
      .or(world.page.getByText('ERR_'))
      .first()
      .waitFor();
    await world.open('/account');
    await world.page.getByText('alice@example.com').waitFor();
    // The page for an incomplete request is an error on purpose; the browser notes its status.
    expect(complaints.filter((text) => !text.includes('status of 4'))).toEqual([]);
  });
});
