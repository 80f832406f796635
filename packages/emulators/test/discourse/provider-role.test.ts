import {
  type BrowserClient,
  describeProviderRole,
  type ProviderPerson,
} from '@forum-sso/testkit/provider-role';

import { type SeedUser, startDiscourseEmulator } from '../../src/discourse/index.js';

describeProviderRole({
  name: 'the Discourse emulator',
  differences: {},
  ownPictures: true,
  async start({ lines, people, enabled = true }) {
    const forum = await startDiscourseEmulator({
      users: people.map(seedOf),
      settings: {
        enable_discourse_connect_provider: enabled,
        discourse_connect_provider_secrets: lines.join('\n'),
        // Clients end the session of one browser.
        log_out_strict: false,
      },
    });
    const { origin } = forum;
    return {
      origin,
      async logIn(browser, username) {
        const { status } = await browser.script(`${origin}/emulator/log_in`, {
          from: origin,
          method: 'POST',
          headers: [['Content-Type', 'application/json']],
          body: JSON.stringify({ username }),
        });
        if (status !== 200) throw new Error(`Logging ${username} in was answered with ${status}.`);
      },
      async logInOnTheWay(browser, asked, login) {
        const page = await browser.follow(asked);
        return browser.submit(`${origin}/session`, { login }, { from: page.url });
      },
      async confirmSecondFactor(browser, asked) {
        const page = await browser.follow(asked);
        const nonce = new URL(page.url).searchParams.get('nonce') ?? '';
        const form = { nonce, second_factor_method: '1', second_factor_token: '123456' };
        return browser.follow(await browser.submit(`${origin}/session/2fa`, form, { from: page.url }));
      },
      whoIs: (browser) => whoIs(origin, browser),
      suspend: async (username) => void forum.suspend(username, new Date(Date.now() + 60_000)),
      log: () => JSON.stringify(forum.log()),
      close: () => forum.close(),
    };
  },
});

async function whoIs(origin: string, browser: BrowserClient): Promise<string | null> {
  return /class="quiet">@([^<]+)</.exec((await browser.open(`${origin}/`)).text)?.[1] ?? null;
}

/** Groups that the forum gives by itself follow from rights and trust. */
function seedOf({ secondFactor, groups = [], ...person }: ProviderPerson): SeedUser {
  const trust = groups.map((name) => Number(/^trust_level_(\d)$/.exec(name)?.[1] ?? 0));
  const automatic = /^(?:trust_level_\d|staff|admins|moderators)$/;
  return {
    ...person,
    trustLevel: Math.max(0, ...trust),
    groups: groups.filter((name) => !automatic.test(name)),
    ...(secondFactor === true ? { secondFactor: { token: '123456', backupCodes: [] } } : {}),
  };
}
