import { expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';

import { type Club, clubOf } from '../support/club.js';
import { startForeignSite } from './foreign-site.js';
import { holdBack } from './hold-back.js';
import { describeInChromium, hosts, type World } from './in-chromium.js';
import { policyComplaints } from './policy-complaints.js';

/** What the tests have besides the world: the Club forum, and people on their way between it and the site. */
function clubIn(world: World) {
  const club = (): Club => clubOf(world.demo);
  return {
    club,
    /** Picks an account on the forum's log-in page that is open. */
    async pickAtClub(name: string, at = world.page): Promise<void> {
      await at.getByRole('button', { name: `Log in as ${name}` }).click();
    },
    /** Logs in at the forum, without the site. */
    async logInAtClub(name: string, at = world.page): Promise<void> {
      await at.goto(`${club().url}/login`);
      await at.getByRole('button', { name: `Log in as ${name}` }).click();
      await at.waitForURL(`${club().url}/`);
    },
    /** From the button on the site's sign-in page to the account page; not logged in at the forum before. */
    async signInWithClub(name: string, at = world.page): Promise<void> {
      await world.open('/login', at);
      await at.getByRole('link', { name: 'Sign in with the Club forum' }).click();
      await at.getByRole('button', { name: `Log in as ${name}` }).click();
      await at.waitForURL(`${world.demo.origin}/account`);
    },
    /** Who is signed in at the site, by a page that is opened now; null: nobody. */
    async userOf(at = world.page): Promise<string | null> {
      await world.open('/', at);
      await at.waitForURL(`${world.demo.origin}/`);
      const shown = at.locator('.who strong');
      return (await shown.count()) === 0 ? null : shown.textContent();
    },
    /** Whether somebody is logged in at the forum in this browser. */
    async isAtClub(at = world.page): Promise<boolean> {
      await at.goto(club().url);
      return (await at.getByRole('button', { name: 'Log Out' }).count()) > 0;
    },
  };
}

describeInChromium('signing in to the site with the Club forum, in Chromium', (world) => {
  const { club, pickAtClub, signInWithClub, userOf, isAtClub } = clubIn(world);

  test('somebody new gets an account, and its page shows what the forum told, picture and all', async () => {
    const complaints = policyComplaints(world.page);
    await signInWithClub('erin');
    await world.page.getByText('demo-emulated-club-').waitFor();
    // Some of it comes with the webhook of the login there.
    await club().webhooks();
    await world.page.reload();
    await world.page.getByText('Europe/Lisbon').waitFor();
    expect(await world.page.evaluate("document.querySelector('img.face').naturalWidth")).toBe(84);
    expect(complaints).toEqual([]);
  });

  test('accounts are connected on a page that names both; then the forum’s signs in to the site’s', async () => {
    const { page } = world;
    const complaints = policyComplaints(page);
    await world.signIn('alice');
    await page.getByRole('button', { name: 'Connect my account there' }).click();
    await pickAtClub('ally');
    await page.getByText('Forum account: ally').waitFor();
    await page.getByText('Account at this site: alice').waitFor();
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.waitForURL(`${world.demo.origin}/account`);
    await page.getByText('Connected with this account.').waitFor();
    await world.inAnotherBrowser(async (other) => {
      await signInWithClub('ally', other);
      expect(await userOf(other)).toBe('alice');
    });
    expect(complaints).toEqual([]);
  });

  test('whoever does not confirm connects nothing', async () => {
    await world.signIn('bob');
    await world.page.getByRole('button', { name: 'Connect my account there' }).click();
    await pickAtClub('erin');
    await world.page.getByRole('link', { name: 'Back to the site' }).click();
    expect(await userOf()).toBe('bob');
    await world.open('/account');
    await world.page.getByText('Not connected.').waitFor();
  });

  test('a form on a page of another site connects nothing', async () => {
    const { page } = world;
    await world.signIn('alice');
    const link = `${world.demo.origin}/sso/discourse-login/link`;
    const foreign = await startForeignSite(
      `<form method="post" action="${link}"><button>Win</button></form><form method="post" action="${link}/confirm"><button>A prize</button></form>`,
    );
    try {
      for (const name of ['Win', 'A prize']) {
        await page.goto(foreign.url);
        await page.getByRole('button', { name }).click();
        await page.getByText('ERR_ORIGIN_FOREIGN').waitFor();
      }
    } finally {
      await foreign.close();
    }
    await world.open('/account');
    await page.getByText('Not connected.').waitFor();
  });

  test('the forum’s answer counts in the browser that asked, and once', async () => {
    const { page } = world;
    await world.open('/login');
    await page.getByRole('link', { name: 'Sign in with the Club forum' }).click();
    const held = await holdBack(page, '*/sso/discourse-login/callback*');
    await pickAtClub('erin');
    const answer = await held.url;
    await held.release();
    await world.inAnotherBrowser(async (other) => {
      await other.goto(answer);
      await other.getByText('ERR_LOGIN_ATTEMPT_MISSING').waitFor();
      expect(await userOf(other)).toBeNull();
    });
    await page.goto(answer);
    await page.waitForURL(`${world.demo.origin}/account`);
    await page.goto(answer);
    await page.getByText('ERR_LOGIN_ATTEMPT_MISSING').waitFor();
  });

  test('it may stand between another forum that asks and its answer', async () => {
    const { page } = world;
    const forum = world.demo.community('discourse');
    await page.goto(`${forum}/session/sso`);
    await page.getByRole('link', { name: 'Sign in with the Club forum' }).click();
    await pickAtClub('erin');
    // The site vouches for no address that a forum named.
    await page.waitForURL(`${forum}/u/account-created`);
    expect(await userOf()).toBe('erin');
  });

  test('a group that staff give and take at the forum is had and lost here, without a login', async () => {
    const { page, context } = world;
    await signInWithClub('erin');
    await page.getByRole('link', { name: 'Change erin in the forum’s admin area' }).click();
    const groups = await context.newPage();
    const hosts = page.getByRole('row', { name: 'hosts' }).getByRole('button');
    for (const [button, count] of [
      ['Put in', 1],
      ['Take out', 0],
    ] as const) {
      expect(await hosts.textContent()).toBe(button);
      await hosts.click();
      await page.waitForLoadState();
      expect((await club().webhooks()).at(-1)?.answer).toBe('handled');
      await world.open('/account', groups);
      expect(await groups.getByText('demo-club-hosts').count()).toBe(count);
    }
  });

  test('a session that ran out comes back without a click, as long as there is one at the forum', async () => {
    await signInWithClub('erin');
    world.demo.pass(2 * 86_400);
    expect(await userOf()).toBe('erin');
    await club().act('erin', 'deactivate');
    await club().act('erin', 'activate');
    world.demo.pass(2 * 86_400);
    expect(await userOf()).toBeNull();
    // Asked once: now it is known that nobody is there.
    await world.page.goto(`${club().url}/login`);
    await pickAtClub('erin');
    expect(await userOf()).toBeNull();
  });

  test('a session that began at the own form ends with it', async () => {
    await world.signIn('bob');
    await world.page.goto(`${club().url}/login`);
    await pickAtClub('erin');
    world.demo.pass(2 * 86_400);
    expect(await userOf()).toBeNull();
  });

  test('suspended at the forum, somebody is out here at the next page, and cannot come back in', async () => {
    const { page } = world;
    await signInWithClub('erin');
    await club().act('erin', 'suspend');
    await club().webhooks();
    expect(await userOf()).toBeNull();
    await world.open('/login');
    await page.getByRole('link', { name: 'Sign in with the Club forum' }).click();
    await pickAtClub('erin');
    await page.getByText('This account is suspended').waitFor();
    expect(await userOf()).toBeNull();
  });

  test('signing out here: in this browser, at the forum as well, and nowhere else', async () => {
    const { page } = world;
    await signInWithClub('erin');
    await world.inAnotherBrowser(async (other) => {
      await signInWithClub('erin', other);
      await page.getByRole('link', { name: 'Sign out, and choose where' }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${world.demo.origin}/`);
      expect([await userOf(), await isAtClub()]).toEqual([null, false]);
      expect([await userOf(other), await isAtClub(other)]).toEqual(['erin', true]);
    });
  });

  test('signing out here: everywhere', async () => {
    const { page } = world;
    await signInWithClub('erin');
    await world.inAnotherBrowser(async (other) => {
      await signInWithClub('erin', other);
      await page.getByRole('link', { name: 'Sign out, and choose where' }).click();
      await page.getByRole('checkbox').check();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${world.demo.origin}/`);
      for (const each of [page, other])
        expect([await userOf(each), await isAtClub(each)]).toEqual([null, false]);
    });
  });

  test('logging out at the forum leads back here, signed out in this browser alone', async () => {
    const { page } = world;
    await signInWithClub('erin');
    await world.inAnotherBrowser(async (other) => {
      await signInWithClub('erin', other);
      await page.goto(club().url);
      await page.getByRole('button', { name: 'Log Out' }).click();
      await page.waitForURL(`${world.demo.origin}/`);
      expect(await userOf()).toBeNull();
      expect(await userOf(other)).toBe('erin');
    });
  });

  test('logged out at the forum by its staff, somebody is out here in every browser', async () => {
    await signInWithClub('erin');
    await world.inAnotherBrowser(async (other) => {
      await signInWithClub('erin', other);
      await club().act('erin', 'log_out');
      await club().webhooks();
      for (const each of [world.page, other]) expect(await userOf(each)).toBeNull();
    });
  });

  test('a link of others to the place after a log-out signs nobody out who is still at the forum', async () => {
    const { page } = world;
    const landing = `${world.demo.origin}/sso/discourse-login/forum-logout`;
    const foreign = await startForeignSite(`<a href="${landing}">Kittens</a><img src="${landing}" alt="">`);
    const follow = async (): Promise<void> => {
      await page.goto(foreign.url);
      await page.getByRole('link', { name: 'Kittens' }).click();
      await page.waitForURL(`${world.demo.origin}/`);
    };
    try {
      await signInWithClub('erin');
      await follow();
      expect(await userOf()).toBe('erin');
      await world.signOut();
      // Nobody is at the forum now, and this session has nothing to do with it.
      await world.signIn('bob');
      await follow();
      expect(await userOf()).toBe('bob');
    } finally {
      await foreign.close();
    }
  });
});

describeInChromium(
  'seamless login, in Chromium',
  (world) => {
    const { club, logInAtClub, userOf } = clubIn(world);

    /** Counts the pages that a browser opens of the site and of the forum. */
    function visits(page: Page): { site: number; club: number } {
      const counts = { site: 0, club: 0 };
      page.on('request', (request) => {
        if (!request.isNavigationRequest()) return;
        if (request.url().startsWith(club().url)) counts.club++;
        else counts.site++;
      });
      return counts;
    }

    test('whoever is logged in at the forum is signed in at the first visit, on the page they wanted', async () => {
      await logInAtClub('erin');
      await world.open('/news?a=b');
      await world.page.waitForURL(`${world.demo.origin}/news?a=b`);
      await world.page.getByText('Signed in as erin').waitFor();
    });

    test('whoever is not gets a normal page, and is asked about once', async () => {
      const counts = visits(world.page);
      expect(await userOf()).toBeNull();
      await world.page.getByRole('heading', { name: 'One account' }).waitFor();
      expect(counts).toEqual({ site: 4, club: 1 });
      expect(await userOf()).toBeNull();
      expect(counts).toEqual({ site: 5, club: 1 });
    });

    test('without cookies it is one more address, and never the forum', async () => {
      const counts = visits(world.page);
      await forgetCookies(world.context, world.page);
      for (const path of ['/', '/news']) {
        await world.open(path);
        await world.page.getByRole('link', { name: 'Sign in', exact: true }).waitFor();
      }
      expect(counts).toEqual({ site: 4, club: 0 });
    });

    test('a sign-out is meant until the next sign-in', async () => {
      const { page } = world;
      await logInAtClub('erin');
      expect(await userOf()).toBe('erin');
      await world.signOut();
      await logInAtClub('erin');
      expect(await userOf()).toBeNull();
      await world.open('/login');
      await page.getByRole('link', { name: 'Sign in with the Club forum' }).click();
      await page.waitForURL(`${world.demo.origin}/account`);
      expect(await userOf()).toBe('erin');
    });
  },
  hosts,
  { DEMO_SEAMLESS_LOGIN: 'on' },
);

/** As if the browser took no cookies: it has forgotten them before each request, redirects included. */
async function forgetCookies(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  session.on('Fetch.requestPaused', ({ requestId }) => {
    session
      .send('Network.clearBrowserCookies')
      .then(() => session.send('Fetch.continueRequest', { requestId }))
      // The last ones may still be under way when the page is closed.
      .catch(() => {});
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: '*', requestStage: 'Request' }] });
}
