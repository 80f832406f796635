import { startWikiEmulator } from '@forum-sso/emulators/connect-client';
import { expect, test } from '@jest/globals';

import { freePort } from '../../src/free-port.js';
import { startTestDemo } from '../support/test-demo.js';
import { holdBack } from './hold-back.js';
import { describeInChromium, type World } from './in-chromium.js';
import { policyComplaints } from './policy-complaints.js';

/** What the tests have besides the world: a wiki that people log in to. */
function wikiIn(world: World) {
  const url = (title: string): string =>
    `${world.demo.community('discourse-connect-provider')}/index.php?title=${title}`;
  return {
    url,
    /** "Log in" at the wiki, to the site's sign-in. */
    async goToSignIn(at = world.page): Promise<void> {
      await at.goto(url('Main_Page'));
      await at.getByRole('link', { name: 'Log in' }).click();
      await at.waitForURL(`${world.demo.origin}/login?**`);
    },
    /** Who reads a page of the wiki that is opened now. */
    async readerAt(at = world.page): Promise<string | null> {
      await at.goto(url('Help'));
      await at.waitForURL(url('Help'));
      return at.locator('[data-user]').getAttribute('data-user');
    },
    /** The wiki's groups of a user, by its list. */
    async groupsOf(name: string, at = world.page): Promise<readonly string[]> {
      await at.goto(url('Special:ListUsers'));
      return at.locator(`tr[data-account="${name}"] .tag`).allTextContents();
    },
    async logOut(at = world.page, everywhere = false): Promise<void> {
      await at.goto(url('Main_Page'));
      await at.getByRole('link', { name: 'Log out' }).click();
      if (everywhere) await at.getByLabel('Make it global').check();
      await at.getByRole('button', { name: 'Yes, log out now' }).click();
      await at.getByText('You are now logged out.').waitFor();
    },
  };
}

describeInChromium('logging in to a wiki with the site, in Chromium', (world) => {
  const { url, goToSignIn, readerAt, groupsOf, logOut } = wikiIn(world);

  test('an anonymous reader is led to the site, signs in, and is back with the rights of the groups', async () => {
    const complaints = policyComplaints(world.page);
    await goToSignIn();
    await world.pick('alice');
    await world.page.waitForURL(url('Main_Page'));
    expect(await readerAt()).toBe('Alice');
    expect(await groupsOf('Alice')).toEqual(['sysop', 'editors', 'supporters']);
    expect(complaints).toEqual([]);
  });

  test('whoever is signed in at the site is known at the first page', async () => {
    await world.signIn('bob');
    expect(await readerAt()).toBe('Bob');
    await world.page.getByRole('button', { name: 'Forget that I was here' }).click();
    await world.page.getByText('This page is read as Bob.').waitFor();
  });

  test('carol, whose address nobody confirmed, ends at the site', async () => {
    await goToSignIn();
    await world.pick('carol');
    await world.page.getByText('ERR_EMAIL_NOT_VERIFIED').waitFor();
    expect(new URL(world.page.url()).origin).toBe(world.demo.origin);
    expect(await readerAt()).toBe('');
  });

  test('a changed group is at the wiki without a login', async () => {
    const { page } = world;
    await world.signIn('bob');
    expect(await readerAt()).toBe('Bob');
    await world.open('/account/edit');
    await page.getByLabel('demo-translators').check();
    await page.getByLabel('demo-supporters').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Everything has been delivered.').waitFor();
    expect(await groupsOf('Bob')).toEqual(['translators']);
  });

  test('a log-out at the wiki ends the session at the site, everywhere if so wished', async () => {
    await goToSignIn();
    await world.pick('alice');
    await world.page.waitForURL(url('Main_Page'));
    await world.inAnotherBrowser(async (other) => {
      await world.signIn('alice', other);
      await logOut();
      await world.open('/');
      await world.page.getByRole('link', { name: 'Sign in' }).waitFor();
      expect(await readerAt()).toBe('');
      expect(await readerAt(other)).toBe('Alice');

      await logOut(other, true);
      await world.open('/', other);
      await other.getByRole('link', { name: 'Sign in' }).waitFor();
    });
  });

  test('a sign-out at the site ends the sessions at the wiki', async () => {
    await world.signIn('bob');
    expect(await readerAt()).toBe('Bob');
    await world.inAnotherBrowser(async (other) => {
      await world.signIn('bob', other);
      expect(await readerAt(other)).toBe('Bob');
      await world.signOut();
      for (let tries = 0; tries < 100; tries++) {
        if ((await world.ask('discourse-connect-provider', '/emulator')).includes('user_logged_out')) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      // It asks the site at once, which does not know him any more, either.
      await other.goto(url('Help'));
      await other.getByText('Authentication failed').waitFor();
      expect(await readerAt(other)).toBe('');
    });
  });

  test('a request that was tampered with ends at the site, before anybody is asked to sign in', async () => {
    const { page } = world;
    await page.goto(url('Main_Page'));
    const held = await holdBack(page, '*/session/sso_provider?*');
    await page.getByRole('link', { name: 'Log in' }).click();
    const request = new URL(await held.url);
    await held.release();
    const payload = Buffer.from(request.searchParams.get('sso') ?? '', 'base64').toString('utf8');
    request.searchParams.set(
      'sso',
      Buffer.from(payload.replace(/nonce=[0-9a-f]{8}/, 'nonce=00000000')).toString('base64'),
    );
    const response = await page.goto(request.href);
    expect(response?.status()).toBe(422);
    expect(page.url()).toBe(request.href);
    await page.getByText('ERR_PROVIDER_SIGNATURE_INVALID').waitFor();
  });

  test('real clients get a form’s redirect as well: their line says no port', async () => {
    const port = await freePort('127.0.0.1');
    const origin = `http://site.localhost:${port}`;
    const secret = 'the secret between the wiki and the site';
    const wikiPort = await freePort('127.0.0.1');
    const real = await startWikiEmulator({
      port: wikiPort,
      publicUrl: `http://pages.localhost:${wikiPort}`,
      config: { DiscourseUrl: origin, Sso: { Enable: true, SharedSecret: secret } },
    });
    const demo = await startTestDemo(
      {
        PORT: String(port),
        COMMUNITY_PORT: '0',
        DISCOURSE_CONNECT_PROVIDER_SECRETS: `pages.localhost|${secret}`,
      },
      { site: 'site.localhost' },
    );
    try {
      await world.page.goto(`${real.origin}/index.php?title=Main_Page`);
      await world.page.getByRole('link', { name: 'Log in' }).click();
      await world.pick('alice');
      await world.page.getByText('This page is read as Alice.').waitFor();
      expect(new URL(world.page.url()).origin).toBe(real.origin);
    } finally {
      await demo.close();
      await real.close();
    }
  });
});
