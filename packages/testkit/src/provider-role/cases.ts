import assert from 'node:assert/strict';

import { BrowserClient } from '../http/browser-client.js';
import type { WireReply } from '../http/reply.js';
import { answerIn, client, requestQuery } from './client.js';
import type { ProviderPerson, ProviderRoleHarness, ProviderSetUp, RunningProvider } from './harness.js';
import { type ProviderVector, readProviderVectors, type WildcardVector } from './vectors.js';

/** One thing that a forum does as a provider, as data. It throws when it is done otherwise. */
export interface ProviderRoleCase {
  readonly name: string;
  run(harness: ProviderRoleHarness): Promise<void>;
}

const sam: ProviderPerson = {
  id: 1,
  username: 'sam',
  email: 'sam@example.com',
  name: 'Sam Saffron',
  groups: ['trust_level_0', 'makers'],
};
const carla: ProviderPerson = { id: 2, username: 'carla', email: 'carla@example.com', secondFactor: true };

/** A case with one provider, which is stopped afterwards. */
function providerCase(
  name: string,
  check: (provider: RunningProvider) => Promise<void>,
  setUp: Partial<ProviderSetUp> = {},
): ProviderRoleCase {
  return {
    name,
    run: (harness) =>
      withProvider(
        harness,
        { lines: [`${client.domain}|${client.secret}`], people: [sam, carla], ...setUp },
        check,
      ),
  };
}

async function withProvider(
  harness: ProviderRoleHarness,
  setUp: ProviderSetUp,
  check: (provider: RunningProvider) => Promise<void>,
): Promise<void> {
  const provider = await harness.start(setUp);
  try {
    await check(provider);
  } finally {
    await provider.close();
  }
}

async function browserOf(provider: RunningProvider, username: string): Promise<BrowserClient> {
  const browser = new BrowserClient();
  await provider.logIn(browser, username);
  return browser;
}

/** Opens a request as a browser that comes from the client. */
const ask = (provider: RunningProvider, browser: BrowserClient, query: string): Promise<WireReply> =>
  browser.open(`${provider.origin}/session/sso_provider?${query}`, { from: `https://${client.domain}/` });

function isAtClient(reply: WireReply): void {
  assert.ok(reply.status === 302 || reply.status === 303, `it was answered with ${reply.status}`);
  assert.ok(reply.target.startsWith(`${client.returnUrl}?`), 'it does not lead to the client');
}

function pick(
  answer: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(names.map((name) => [name, answer[name]]));
}

/** The last digit of the signature, changed. */
const forged = (query: string): string => query.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));

const loginCases: readonly ProviderRoleCase[] = [
  providerCase(
    'somebody who is logged in is told to the client at once, groups and rights included',
    async (provider) => {
      const browser = await browserOf(provider, 'sam');
      const reply = await ask(provider, browser, requestQuery({ 'custom.state': 'a/b?c' }));
      isAtClient(reply);
      assert.deepEqual(answerIn(reply.target), {
        nonce: client.nonce,
        return_sso_url: client.returnUrl,
        name: 'Sam Saffron',
        username: 'sam',
        email: 'sam@example.com',
        external_id: '1',
        admin: 'false',
        moderator: 'false',
        groups: 'trust_level_0,makers',
        'custom.state': 'a/b?c',
      });
    },
  ),
  providerCase('whoever is not logged in goes to the login page, and on from there', async (provider) => {
    const browser = new BrowserClient();
    const asked = await ask(provider, browser, requestQuery());
    assert.equal(asked.status, 302);
    assert.equal(new URL(asked.target).origin, provider.origin);
    const reply = await provider.logInOnTheWay(browser, asked, 'sam');
    isAtClient(reply);
    assert.deepEqual(pick(answerIn(reply.target), ['external_id', 'username', 'confirmed_2fa']), {
      external_id: '1',
      username: 'sam',
      confirmed_2fa: undefined,
    });
    assert.equal(await provider.whoIs(browser), 'sam');
  }),
  providerCase(
    'prompt=none without a login goes back without a page, and without any detail',
    async (provider) => {
      const reply = await ask(
        provider,
        new BrowserClient(),
        requestQuery({ prompt: 'none', 'custom.a': '1' }),
      );
      isAtClient(reply);
      assert.deepEqual(answerIn(reply.target), {
        nonce: client.nonce,
        return_sso_url: client.returnUrl,
        prompt: 'none',
        failed: 'true',
        'custom.a': '1',
      });
    },
  ),
  providerCase('whoever was suspended meanwhile counts as nobody', async (provider) => {
    const browser = await browserOf(provider, 'sam');
    await provider.suspend('sam');
    const reply = await ask(provider, browser, requestQuery({ prompt: 'none' }));
    assert.deepEqual(Object.keys(answerIn(reply.target)).sort(), [
      'failed',
      'nonce',
      'prompt',
      'return_sso_url',
    ]);
  }),
  providerCase('a nonce of 256 characters comes back whole', async (provider) => {
    const nonce = `${'0123456789abcdef'.repeat(16)}`;
    const reply = await ask(provider, await browserOf(provider, 'sam'), requestQuery({ nonce }));
    assert.equal(answerIn(reply.target).nonce, nonce);
  }),
  providerCase('the answer joins the query of the return address', async (provider) => {
    const returnUrl = `${client.returnUrl}?title=Special:Login&x=%2B`;
    const reply = await ask(
      provider,
      await browserOf(provider, 'sam'),
      requestQuery({ return_sso_url: returnUrl }),
    );
    assert.ok(reply.header('location')?.startsWith(`${returnUrl}&sso=`));
    assert.equal(answerIn(reply.target).return_sso_url, returnUrl);
  }),
  providerCase(
    'the base64 of an answer holds no plus, whatever the name',
    async (provider) => {
      const reply = await ask(provider, await browserOf(provider, 'tilde'), requestQuery());
      assert.match(new URL(reply.target).searchParams.get('sso') ?? '', /^[A-Za-z0-9]+=*$/);
      assert.equal(answerIn(reply.target).name, '~~~>?~~ü☃');
    },
    { people: [{ ...sam, username: 'tilde', name: '~~~>?~~ü☃' }] },
  ),
  providerCase('the answer can be had again: the provider counts no nonces', async (provider) => {
    const browser = await browserOf(provider, 'sam');
    for (let i = 0; i < 2; i++) isAtClient(await ask(provider, browser, requestQuery()));
  }),
];

const refusalCases: readonly ProviderRoleCase[] = [
  ...(
    [
      ['nothing at all', '', 400],
      ['a signature alone', 'sig=abc', 400],
      ['an empty message', 'sso=&sig=abc', 400],
      ['a broken percent escape', 'sso=%', 400],
      ['what is no base64', 'sso=a.b', 422],
      ['what is no message', 'sso=YQ==', 422],
      ['prompt=login', requestQuery({ prompt: 'login' }), 400],
      ['a foreign return host', requestQuery({ return_sso_url: 'https://stranger.example/' }), 400],
      ['a forged signature', forged(requestQuery()), 422],
      ['an upper-case signature', requestQuery().replace(/[0-9a-f]+$/, (sig) => sig.toUpperCase()), 422],
      ['another secret', requestQuery({}, 'a-secret-of-somebody-else'), 422],
      [
        'a nonce that was changed',
        `${requestQuery({ nonce: 'changed' }).split('&')[0]}&${requestQuery().split('&')[1]}`,
        422,
      ],
    ] as const
  ).map(([what, query, status]) =>
    providerCase(`refused, ${what}: status ${status}, and nobody leaves the provider`, async (provider) => {
      const reply = await ask(provider, await browserOf(provider, 'sam'), query);
      assert.equal(reply.status, status);
      assert.equal(reply.header('location'), undefined);
      const right = new URLSearchParams(requestQuery()).get('sig') ?? 'x';
      assert.ok(!`${reply.text}${provider.log()}`.includes(right), 'the right signature is told');
      assert.ok(!`${reply.text}${provider.log()}`.includes(client.secret), 'the secret is told');
    }),
  ),
  providerCase('the text for prompt=login names the field', async (provider) => {
    const reply = await ask(provider, new BrowserClient(), requestQuery({ prompt: 'login' }));
    assert.match(reply.text, /prompt/);
  }),
  providerCase(
    'who is no provider has no such address',
    async (provider) => {
      assert.equal((await ask(provider, new BrowserClient(), requestQuery())).status, 404);
    },
    { enabled: false },
  ),
];

const logOutCases: readonly ProviderRoleCase[] = [
  providerCase(
    'logout=true ends the session before the browser goes to the bare address',
    async (provider) => {
      const [here, there] = [await browserOf(provider, 'sam'), await browserOf(provider, 'sam')];
      const returnUrl = `${client.returnUrl}?bye=1`;
      const reply = await ask(provider, here, requestQuery({ logout: 'true', return_sso_url: returnUrl }));
      assert.deepEqual([reply.status, reply.header('location')], [302, returnUrl]);
      assert.equal(await provider.whoIs(here), null);
      assert.equal(await provider.whoIs(there), 'sam', 'it ended more than this browser');
    },
  ),
  providerCase('logout=true needs a signature', async (provider) => {
    const browser = await browserOf(provider, 'sam');
    const reply = await ask(provider, browser, forged(requestQuery({ logout: 'true' })));
    assert.equal(reply.status, 422);
    assert.equal(await provider.whoIs(browser), 'sam');
  }),
  providerCase('logout=true when nobody is there goes back all the same', async (provider) => {
    const reply = await ask(provider, new BrowserClient(), requestQuery({ logout: 'true', prompt: 'none' }));
    assert.equal(reply.header('location'), client.returnUrl);
  }),
];

const secondFactorCases: readonly ProviderRoleCase[] = [
  providerCase('require_2fa: who has none is let through, and the client is told', async (provider) => {
    const reply = await ask(
      provider,
      await browserOf(provider, 'sam'),
      requestQuery({ require_2fa: 'true' }),
    );
    assert.deepEqual(pick(answerIn(reply.target), ['username', 'no_2fa_methods', 'confirmed_2fa']), {
      username: 'sam',
      no_2fa_methods: 'true',
      confirmed_2fa: undefined,
    });
  }),
  providerCase(
    'require_2fa: it is asked for on a page of the provider, and confirmed to the client',
    async (provider) => {
      const browser = await browserOf(provider, 'carla');
      const asked = await ask(provider, browser, requestQuery({ require_2fa: 'true' }));
      assert.equal(asked.status, 302);
      assert.equal(new URL(asked.target).origin, provider.origin);
      const reply = await provider.confirmSecondFactor(browser, asked);
      isAtClient(reply);
      assert.deepEqual(pick(answerIn(reply.target), ['username', 'confirmed_2fa', 'no_2fa_methods']), {
        username: 'carla',
        confirmed_2fa: 'true',
        no_2fa_methods: undefined,
      });
    },
  ),
];

function vectorCase(vector: ProviderVector): ProviderRoleCase {
  const { secrets: lines, query, logged_in_user: user, result, error } = vector;
  return {
    name: `vector: ${vector.name}`,
    run: (harness) =>
      withProvider(
        harness,
        { lines, people: peopleOf(vector), enabled: vector.enabled !== false },
        async (provider) => {
          const browser = user === null ? new BrowserClient() : await browserOf(provider, user.username);
          const first = await ask(provider, browser, query);
          const reply =
            vector.confirmed_2fa === true ? await provider.confirmSecondFactor(browser, first) : first;
          if (error !== undefined) {
            // The setting is looked at first, so that nothing else is.
            assert.equal(reply.status, vector.enabled === false ? 404 : (vector.status ?? 500));
          } else if (result?.login_page === true) {
            assert.equal(reply.status, 302);
            assert.equal(new URL(reply.target).origin, provider.origin);
          } else {
            sameAnswer(reply, result?.redirect ?? '', vector, harness.ownPictures ? provider.origin : null);
            if (result?.logout === true) assert.equal(await provider.whoIs(browser), null);
          }
        },
      ),
  };
}

/** Byte for byte; where pictures are the provider's own, all fields but that one. */
function sameAnswer(
  reply: WireReply,
  expected: string,
  { logged_in_user: user, matched_secret: secret }: ProviderVector,
  ownPictures: string | null,
): void {
  if (ownPictures === null || user?.avatar_url === undefined || !expected.includes('sso=')) {
    assert.equal(reply.header('location'), expected);
    return;
  }
  const base = expected.slice(0, expected.indexOf('sso='));
  assert.ok(reply.header('location')?.startsWith(base));
  const [got, wanted] = [answerIn(reply.target, secret), answerIn(expected, secret)];
  assert.ok(got.avatar_url?.startsWith(`${ownPictures}/`), 'the picture is elsewhere');
  assert.deepEqual({ ...got, avatar_url: null }, { ...wanted, avatar_url: null });
}

function peopleOf({ logged_in_user: user, confirmed_2fa }: ProviderVector): readonly ProviderPerson[] {
  if (user === null) return [];
  const { external_id, avatar_url, groups, ...rest } = user;
  return [
    {
      ...rest,
      id: Number(external_id),
      groups: groups.split(','),
      ...(avatar_url === undefined ? {} : { avatarUrl: avatar_url }),
      ...(confirmed_2fa === true ? { secondFactor: true } : {}),
    },
  ];
}

function wildcardCase({ pattern, host, match }: WildcardVector): ProviderRoleCase {
  return providerCase(
    `wildcard: a line for ${pattern} and the host ${host}: ${match}`,
    async (provider) => {
      const returnUrl = `https://${host}/back`;
      const reply = await ask(
        provider,
        new BrowserClient(),
        requestQuery({ return_sso_url: returnUrl, prompt: 'none' }),
      );
      assert.equal(reply.status, match ? 302 : 400);
      assert.equal(reply.header('location')?.startsWith(`${returnUrl}?sso=`) ?? false, match);
    },
    { lines: [`${pattern}|${client.secret}`] },
  );
}

const vectors = readProviderVectors();

/** What a forum does as the provider of DiscourseConnect, wherever one can see it from outside. */
export const providerRoleCases: readonly ProviderRoleCase[] = [
  ...vectors.provider.map(vectorCase),
  ...vectors.wildcard.map(wildcardCase),
  ...loginCases,
  ...refusalCases,
  ...logOutCases,
  ...secondFactorCases,
];
