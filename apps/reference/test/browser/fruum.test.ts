import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { startForeignSite } from './foreign-site.js';
import { describeInChromium } from './in-chromium.js';
import { policyComplaints } from './policy-complaints.js';

const anonymous = 'you are anonymous';
const alice = 'you are Alice Example';

describeInChromium('a Fruum forum in a page of the site, in Chromium', (world) => {
  const linesWith = (code: string): readonly string[] =>
    world.demo.lines.filter((line) => line.includes(code));

  async function expectPanel(text: string, at: Page = world.page): Promise<void> {
    await at.locator('#fruum-who').getByText(text, { exact: true }).waitFor();
  }

  /** As after a lost connection: the panel sends what it has once more. */
  async function reconnect(at: Page = world.page): Promise<void> {
    const before = await connections(at);
    await at.getByRole('button', { name: 'Reconnect' }).click();
    await at.locator(`#fruum[data-connections="${before + 1}"]:not([data-state="connecting"])`).waitFor();
  }

  async function connections(at: Page = world.page): Promise<number> {
    return Number(await at.locator('#fruum').getAttribute('data-connections'));
  }

  /** What the page has handed over, as JSON. */
  function handedOver(): Promise<string> {
    return world.page.evaluate('JSON.stringify(window.fruumSettings.user ?? null)');
  }

  /** Connects with something else, as any script of the page could. */
  async function handOver(json: string): Promise<void> {
    await world.page.evaluate(`window.fruumSettings.user = ${json}`);
    await reconnect();
  }

  /** How many questions Fruum has put to the site. */
  async function questions(): Promise<number> {
    return (await world.ask('fruum', '/overview')).split('<code>/sso/fruum/auth</code>').length - 1;
  }

  test('nobody is asked about a guest; signed in, the forum knows name, address and role', async () => {
    const { page, demo } = world;
    const complaints = policyComplaints(page);
    await world.open('/help');
    await expectPanel(anonymous);
    expect(await handedOver()).toBe('null');
    expect(await questions()).toBe(0);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await world.pick('alice');
    await page.waitForURL(`${demo.origin}/help`);
    await expectPanel(alice);
    await page.getByText('@alice · id demo-alice · administrator · mails to alice@example.com').waitFor();
    expect(await questions()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('its own address leads to the page of the site', async () => {
    await world.signIn('bob');
    await world.page.goto(world.demo.community('fruum'));
    await world.page.waitForURL(`${world.demo.origin}/help`);
    await expectPanel('you are Bob Example');
    await world.page.getByText('@bob · id demo-bob · member').waitFor();
  });

  test('the page with a hash in it is kept nowhere', async () => {
    await world.signIn('alice');
    const response = await world.page.goto(`${world.demo.origin}/help`);
    expect(response?.headers()['cache-control']).toBe('private, no-store');
    await expectPanel(alice);
    expect(JSON.parse(await handedOver())).toEqual({
      id: 'demo-alice',
      hash: expect.stringMatching(/^1\.\d{10}\.[\w-]{43}$/),
    });
  });

  test('signing out on the page is told to the panel at once, also in other tabs', async () => {
    const { page, context, demo } = world;
    await world.signIn('alice');
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await world.open('/help', tab);
      await expectPanel(alice, tab);
      await tab.evaluate('window.stillHere = true');
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const tab of [page, other]) {
      await expectPanel(anonymous, tab);
      await tab.getByRole('link', { name: 'Sign in' }).waitFor();
      // Neither page was loaded anew.
      expect(await tab.evaluate('window.stillHere')).toBe(true);
    }
    await page.getByRole('link', { name: 'Sign in' }).click();
    await world.pick('bob');
    await page.waitForURL(`${demo.origin}/help`);
    await expectPanel('you are Bob Example');
  });

  test('after a sign-out elsewhere, what a page still has is worthless; a new sign-in gives another', async () => {
    const { context } = world;
    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    const stale = await handedOver();
    await world.signOut(await context.newPage());
    await expectPanel(alice); // Fruum does not hear of it before it connects again.
    await reconnect();
    await expectPanel(anonymous);
    expect(linesWith('ERR_FRUUM_SIGNED_OUT')).toHaveLength(1);

    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    await handOver(stale);
    await expectPanel(anonymous);
    expect(linesWith('ERR_FRUUM_SIGNED_OUT')).toHaveLength(2);
  });

  test('a sign-out that begins in another community counts as well', async () => {
    const { page, context } = world;
    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    const news = await context.newPage();
    await world.open('/news', news);
    await news.getByRole('button', { name: 'Sign Out', exact: true }).click();
    await news.getByRole('link', { name: 'Sign in' }).waitFor();
    await reconnect();
    await expectPanel(anonymous);
    expect(linesWith('ERR_FRUUM_SIGNED_OUT')).toHaveLength(1);
    await page.reload();
    await expectPanel(anonymous);
    expect(await handedOver()).toBe('null');
  });

  test('an open page fetches the next hash in time', async () => {
    const { page, demo } = world;
    await page.clock.install();
    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    const first = await handedOver();
    const sixAndAHalf = 6.5 * 3_600;
    demo.pass(sixAndAHalf);
    await page.clock.fastForward(sixAndAHalf * 1_000);
    await page.locator('#fruum[data-connections="2"][data-state="admin"]').waitFor();
    expect(await handedOver()).not.toBe(first);
    // Two hours on, the first one is over; this one is not.
    demo.pass(2 * 3_600);
    await reconnect();
    await expectPanel(alice);
    await handOver(first);
    await expectPanel(anonymous);
    expect(linesWith('ERR_FRUUM_HASH_EXPIRED')).toHaveLength(1);
  });

  test('a hash is over after eight hours, as when a machine slept; the page can fetch another', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    demo.pass(8 * 3_600 + 1);
    await reconnect();
    await expectPanel(anonymous);
    expect(linesWith('ERR_FRUUM_HASH_EXPIRED')).toHaveLength(1);
    await page.evaluate('window.forumSsoFruum.renew()');
    await expectPanel(alice);
  });

  test('a page that asks for a new hash after the session is over makes the panel forget the person', async () => {
    const { page, context } = world;
    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    await world.signOut(await context.newPage());
    await page.evaluate('window.forumSsoFruum.renew()');
    await expectPanel(anonymous);
  });

  test('what is made up, or somebody else’s, logs nobody in', async () => {
    await world.signIn('bob');
    await world.open('/help');
    await expectPanel('you are Bob Example');
    const [, hash = ''] = /"hash":"([^"]+)"/.exec(await handedOver()) ?? [];
    const forged = [
      JSON.stringify({ id: 'demo-alice', hash }),
      JSON.stringify({ id: 'demo-alice', hash: `1.${hash.split('.')[1]}.${'A'.repeat(43)}` }),
      JSON.stringify({ id: 'demo-bob', hash: [] }),
      // The MD5 of the address, which other sites hand over.
      JSON.stringify({ id: 'demo-alice', hash: 'c160f8cc69a4f0bf2b0362752353d060' }),
      '"demo-alice"',
    ];
    for (const [index, json] of forged.entries()) {
      await handOver(json);
      await expectPanel(anonymous);
      expect(linesWith('request.refused')).toHaveLength(index + 1);
    }
    await handOver(JSON.stringify({ id: 'demo-bob', hash }));
    await expectPanel('you are Bob Example');
  });

  test('carol comes in without her address, which nobody confirmed', async () => {
    await world.signIn('carol');
    await world.open('/help');
    await expectPanel('you are Carol Example');
    await world.page.getByText('@carol · id demo-carol · member · no mails').waitFor();
    expect(await world.ask('fruum', '/overview')).not.toContain('carol@');
  });

  test('dave, who is suspended, stays anonymous and is told why', async () => {
    await world.signIn('dave');
    await world.open('/help');
    await world.page.getByText('Your account is suspended.').waitFor();
    await expectPanel(anonymous);
    expect(await handedOver()).toBe('null');
    expect(await questions()).toBe(0);
  });

  test('a page of another site gets no hash', async () => {
    const { page, demo } = world;
    await world.signIn('alice');
    const foreign = await startForeignSite(
      `<p>waiting</p><script>
fetch('${demo.origin}/sso/fruum/user', { method: 'POST', credentials: 'include' })
  .then((answer) => answer.text(), () => 'kept away')
  .then((text) => { document.querySelector('p').textContent = text; });
</script>`,
      'stranger.site.localhost',
    );
    try {
      await page.goto(foreign.url);
      await page.getByText('kept away').waitFor();
    } finally {
      await foreign.close();
    }
    expect(linesWith('ERR_ORIGIN_FOREIGN')).toHaveLength(1);
  });

  test('nobody but Fruum gets an answer at the auth URL', async () => {
    const { demo } = world;
    await world.signIn('alice');
    await world.open('/help');
    await expectPanel(alice);
    const { port } = new URL(demo.origin);
    const answer = await fetch(`http://127.0.0.1:${port}/sso/fruum/auth`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: await handedOver(),
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('{}');
    expect(linesWith('ERR_FRUUM_CALLER_UNKNOWN')).toHaveLength(1);
  });
});
