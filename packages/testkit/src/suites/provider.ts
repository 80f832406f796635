import assert from 'node:assert/strict';

import { discourse } from '@forum-sso/core/discourse';

import type { CaseContext, CaseOptions, CaseSite, ConformanceCase } from '../case.js';
import { isMissing, isRedirect, isRefusedPage, isSitePage, sameJson } from '../expect.js';
import type { WireReply } from '../http/reply.js';
import { forumQuestion, readAnswer, signedQuery } from '../site/forum-side.js';
import { plainSession } from '../site/own-session.js';
import { pagesPath } from '../site/pages.js';
import { people } from '../site/people.js';

const forum = {
  url: 'https://forum.example.com',
  returnUrl: 'https://forum.example.com/session/sso_login',
  topic: 'https://forum.example.com/t/welcome/5',
  secret: 'kT4-the-forums-new-secret-8QvZ2mWs',
  oldSecret: 'x9R-the-forums-old-secret-LpE3nYcA',
} as const;

const second = {
  url: 'https://second.example.com/community',
  returnUrl: 'https://second.example.com/community/session/sso_login',
  secret: 'b7H-the-other-forums-secret-uJ5dRfN',
} as const;

const twoForums: CaseOptions = {
  connectors: [
    discourse({
      forumUrl: forum.url,
      secret: [forum.secret, forum.oldSecret],
      groups: { mode: 'managed', names: ['staff', 'editors'] },
    }),
    discourse({ name: 'second', forumUrl: second.url, secret: second.secret }),
  ],
};

interface Question {
  readonly nonce?: string;
  readonly returnUrl?: string;
  readonly secret?: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** The query of a forum's question; everything that is not given is right. */
function question({
  nonce = 'cb68251eefb5211e58c00ff1395f0c0b',
  returnUrl,
  secret,
  more = {},
}: Question = {}): string {
  return forumQuestion({
    nonce,
    returnUrl: returnUrl ?? forum.returnUrl,
    secret: secret ?? forum.secret,
    more,
  });
}

/** The answer of a redirect to the first forum. */
function answerIn(reply: WireReply, secret: string = forum.secret): ReadonlyMap<string, string> {
  isRedirect(reply);
  return readAnswer(reply.header('location') ?? '', forum.returnUrl, secret);
}

/** Alice's redirect to the forum, with everything in it. */
function isAliceAnswered(
  reply: WireReply,
  { nonce = 'cb68251eefb5211e58c00ff1395f0c0b', secret }: Question = {},
): void {
  sameJson(
    [...answerIn(reply, secret)].sort(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['add_groups', 'staff'],
      ['admin', 'true'],
      ['custom.user_field_1', 'a=b&c'],
      ['email', people.alice.email],
      ['external_id', people.alice.id],
      ['moderator', 'false'],
      ['name', people.alice.name],
      ['nonce', nonce],
      ['remove_groups', 'editors'],
      ['username', 'alice'],
    ],
  );
  assert.equal(reply.header('set-cookie'), undefined, 'an answer changes no session');
}

/** Opens a question as the person who clicked "Log In" at the forum. */
async function ask(
  site: CaseSite,
  name: string | null,
  query: string,
  path = '/sso/discourse',
): Promise<WireReply> {
  const browser = name === null ? site.browser() : await site.browserOf(name);
  return browser.open(site.url(`${path}?${query}`), { from: forum.topic });
}

const start = (context: CaseContext, options: CaseOptions = {}): Promise<CaseSite> =>
  context.start({ ...twoForums, ...options });

/** A site at which the given person is always signed in, whoever asks. */
const startAs = (
  context: CaseContext,
  name: keyof typeof people,
  options: CaseOptions = {},
): Promise<CaseSite> =>
  context.start({ ...twoForums, ...options }, { ownSession: { currentUser: () => people[name] } });

export const providerCases: readonly ConformanceCase[] = [
  {
    name: 'an anonymous person signs in at the site and arrives at the forum, logged in',
    async run(context) {
      const site = await start(context);
      const browser = site.browser();
      const target = `/sso/discourse?${question()}&extra=%20a+b%2Fc`;
      const away = await browser.open(site.url(target), { from: forum.topic });
      isRedirect(away, `${pagesPath}/sign-in?returnTo=${encodeURIComponent(target)}`);
      assert.equal(away.header('set-cookie'), undefined, 'a stranger gets no cookie');

      const signInPage = await browser.follow(away);
      isSitePage(signInPage, { signInPage: target });
      const signedIn = await browser.submit(
        site.url(`${pagesPath}/sign-in?user=alice&returnTo=${encodeURIComponent(target)}`),
        {},
        { from: signInPage.url },
      );
      assert.equal(signedIn.status, 303);
      const answer = await browser.follow(signedIn);
      assert.equal(answer.url, site.url(target), 'the way back carries the whole request');
      isAliceAnswered(answer);
      assert.ok(
        site.events.some(({ type }) => type === 'login.answered'),
        'no event tells of the login',
      );
    },
  },
  {
    name: 'a signed-in person is answered at once',
    async run(context) {
      isAliceAnswered(await ask(await start(context), 'alice', question()));
    },
  },
  {
    name: 'a program without fetch metadata is answered, too',
    async run(context) {
      const site = await startAs(context, 'alice');
      isAliceAnswered(await site.send('GET', `/sso/discourse?${question()}`));
    },
  },
  {
    name: 'two browsers are two people',
    async run(context) {
      const site = await start(context);
      const [alice, bob, nobody] = [
        await site.browserOf('alice'),
        await site.browserOf('bob'),
        site.browser(),
      ];
      const target = site.url(`/sso/discourse?${question()}`);
      const replies = [
        await bob.open(target),
        await alice.open(target),
        await nobody.open(target),
        await bob.open(target),
      ];
      const ids = replies.map((reply) =>
        reply.header('location')?.startsWith(pagesPath) === true ? null : answerIn(reply).get('external_id'),
      );
      sameJson(ids, [people.bob.id, people.alice.id, null, people.bob.id]);
    },
  },
  {
    name: "the site's own session is asked, and the built-in one is not",
    async run(context) {
      const ownSession = plainSession();
      const site = await context.start(twoForums, { ownSession });
      isAliceAnswered(await ask(site, 'alice', question()));
      isRedirect(await ask(site, null, question()), undefined);
      const browser = await site.browserOf('alice');
      sameJson([...(await browser.cookies(site.origin)).keys()], ['site-session']);
    },
  },
  {
    name: 'the secret that verified the question signs the answer',
    async run(context) {
      const site = await startAs(context, 'alice');
      for (const secret of [forum.oldSecret, forum.secret]) {
        isAliceAnswered(await site.send('GET', `/sso/discourse?${question({ secret })}`), { secret });
      }
      assert.equal(site.events.filter(({ type }) => type === 'secret.old_used').length, 1);
    },
  },
  {
    name: 'each forum has its own secret and its own way back',
    async run(context) {
      const site = await startAs(context, 'bob');
      const query = question({ secret: second.secret, returnUrl: second.returnUrl });
      const reply = await site.send('GET', `/sso/second?${query}`);
      isRedirect(reply);
      const answer = readAnswer(reply.header('location') ?? '', second.returnUrl, second.secret);
      assert.equal(answer.get('external_id'), people.bob.id);

      for (const [path, wrong, code] of [
        ['discourse', question({ secret: second.secret }), 'ERR_SSO_SIGNATURE_INVALID'],
        ['second', question({ returnUrl: second.returnUrl }), 'ERR_SSO_SIGNATURE_INVALID'],
        ['discourse', question({ returnUrl: second.returnUrl }), 'ERR_SSO_RETURN_URL_FOREIGN'],
        ['second', question({ secret: second.secret }), 'ERR_SSO_RETURN_URL_FOREIGN'],
      ] as const) {
        isRefusedPage(site, await site.send('GET', `/sso/${path}?${wrong}`), code);
      }
    },
  },
  {
    name: 'a wrong, tampered or cut signature is refused',
    async run(context) {
      const site = await startAs(context, 'alice');
      const right = question();
      const flipped = right.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
      for (const query of [
        question({ secret: 'a-secret-that-nobody-here-knows' }),
        flipped,
        right.slice(0, -1),
        right.replace('sso=b', 'sso=c'),
      ]) {
        assert.notEqual(query, right);
        isRefusedPage(site, await site.send('GET', `/sso/discourse?${query}`), 'ERR_SSO_SIGNATURE_INVALID');
      }
    },
  },
  {
    name: 'a return address that is not exactly the one of the forum is refused',
    async run(context) {
      const site = await startAs(context, 'alice');
      for (const returnUrl of [
        'https://evil.example/session/sso_login',
        'https://forum.example.com.evil.example/session/sso_login',
        'https://forum.example.com@evil.example/session/sso_login',
        'http://forum.example.com/session/sso_login',
        'https://forum.example.com:8443/session/sso_login',
        'https://forum.example.com/session/sso_login/../../t/1',
        'https://forum.example.com/session/sso_login?next=1',
        '//evil.example/session/sso_login',
        '/.//evil.example',
        'javascript:alert(1)',
        '',
      ]) {
        const reply = await site.send('GET', `/sso/discourse?${question({ returnUrl })}`);
        isRefusedPage(site, reply, 'ERR_SSO_RETURN_URL_FOREIGN');
        assert.ok(!reply.text.includes('evil'), 'the page repeats what the stranger wrote');
      }
    },
  },
  {
    name: 'fields planted in the question do not come back in the answer',
    async run(context) {
      const site = await startAs(context, 'bob');
      const more = {
        admin: 'true',
        moderator: 'true',
        email: 'root@example.com',
        external_id: '1001',
        username: 'alice',
        groups: 'staff',
        add_groups: 'staff',
        bio: 'planted',
        suppress_welcome_message: 'true',
        'custom.user_field_1': 'planted',
        'custom.__proto__': 'planted',
      };
      const answer = answerIn(await site.send('GET', `/sso/discourse?${question({ more })}`));
      sameJson(
        [...answer].sort(([a], [b]) => (a < b ? -1 : 1)),
        [
          ['email', people.bob.email],
          ['external_id', people.bob.id],
          ['nonce', 'cb68251eefb5211e58c00ff1395f0c0b'],
          ['remove_groups', 'staff,editors'],
          ['username', 'bob'],
        ],
      );
    },
  },
  {
    name: 'missing and repeated parameters are refused',
    async run(context) {
      const site = await startAs(context, 'alice');
      const [sso = '', sig = ''] = question().split('&');
      const status: Record<string, number> = {};
      for (const query of [
        '',
        sso,
        sig,
        `sso=&${sig}`,
        `${sso}&sig=`,
        `${sso}&${sso}&${sig}`,
        `${sso}&${sig}&${sig}`,
      ]) {
        const reply = await site.send('GET', `/sso/discourse${query === '' ? '' : '?'}${query}`);
        assert.ok(reply.status === 400 || reply.status === 403, `${reply.status} for ${query}`);
        const code = site.events.at(-1);
        assert.ok(code?.type === 'request.refused' && reply.text.includes(code.code));
        status[query] = reply.status;
      }
      assert.equal(Object.keys(status).length, 7);
      const doubled = await site.send('GET', `/sso/discourse?${sso}&${sig}&${sig}`);
      isRefusedPage(site, doubled, 'ERR_PARAMETER_REPEATED');
    },
  },
  {
    name: 'the query is decoded once, from what was received',
    async run(context) {
      const site = await startAs(context, 'alice');
      const query = question();
      const [sso = '', sig = ''] = query.split('&');
      // Every character escaped is the same query; everything escaped twice is another.
      const escaped = (text: string): string =>
        decodeURIComponent(text).replace(/./g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
      isAliceAnswered(await site.send('GET', `/sso/discourse?sso=${escaped(sso.slice(4))}&${sig}`));
      isAliceAnswered(await site.send('GET', `/sso/discourse?${sig}&unknown=%zz&${sso}`));
      const twice = await site.send('GET', `/sso/discourse?sso=${encodeURIComponent(sso.slice(4))}&${sig}`);
      assert.equal(twice.status === 400 || twice.status === 403, sso.includes('%'), 'decoded twice');
    },
  },
  {
    name: 'what is not UTF-8 or badly escaped is refused',
    async run(context) {
      const site = await startAs(context, 'alice');
      const [sso = '', sig = ''] = question().split('&');
      for (const broken of ['%ff', '%', '%zz', '%c3%28', '%ed%a0%80']) {
        const reply = await site.send('GET', `/sso/discourse?${sso}${broken}&${sig}`);
        isRefusedPage(site, reply, 'ERR_QUERY_MALFORMED');
      }
      const bytes = await site.send('GET', `/sso/discourse?${sso}\u00ff&${sig}`);
      assert.ok(bytes.status === 400 || bytes.status === 403, `${bytes.status} for a bare byte`);
      // Signed by the forum, and still no UTF-8 inside.
      const payload = Buffer.from('nonce=%ff%fe&return_sso_url=%ff').toString('base64');
      const signed = await site.send('GET', `/sso/discourse?${signedQuery(payload, forum.secret)}`);
      assert.ok(
        signed.status >= 400 && signed.status < 500,
        `${signed.status} for a signed payload that is no text`,
      );
    },
  },
  {
    name: 'a signed text that is no payload is refused',
    async run(context) {
      const site = await startAs(context, 'alice');
      for (const sso of [
        'not base64!',
        Buffer.from('nonce=%zz').toString('base64'),
        Buffer.from('').toString('base64'),
      ]) {
        const reply = await site.send('GET', `/sso/discourse?${signedQuery(sso, forum.secret)}`);
        assert.ok(reply.status >= 400 && reply.status < 500, `${reply.status} for ${JSON.stringify(sso)}`);
      }
      const withoutNonce = await site.send('GET', `/sso/discourse?${question({ nonce: '' })}`);
      isRefusedPage(site, withoutNonce, 'ERR_SSO_NONCE_MISSING');
    },
  },
  {
    name: 'a question of more than 8 kB is refused',
    async run(context) {
      const site = await startAs(context, 'alice');
      const query = question({ more: { bio: 'x'.repeat(7_000) } });
      isRefusedPage(site, await site.send('GET', `/sso/discourse?${query}`), 'ERR_SSO_MESSAGE_TOO_LARGE');
    },
  },
  {
    name: 'a suspended person gets a page, not a login',
    async run(context) {
      const site = await start(context);
      isRefusedPage(site, await ask(site, 'dave', question()), 'ERR_USER_SUSPENDED');
    },
  },
  {
    name: 'an address that is not verified is marked so',
    async run(context) {
      const answer = answerIn(await ask(await start(context), 'carol', question()));
      assert.equal(answer.get('require_activation'), 'true');
      assert.equal(answer.get('email'), people.carol.email);
    },
  },
  {
    name: 'a session callback that fails, or returns nobody, gets a page and no login',
    async run(context) {
      const failing = await context.start(twoForums, {
        ownSession: {
          currentUser: async () => {
            throw new Error('connect ECONNREFUSED 10.0.0.5:5432');
          },
        },
      });
      const broken = await failing.send('GET', `/sso/discourse?${question()}`);
      isRefusedPage(failing, broken, 'ERR_SITE_CALLBACK_FAILED');
      assert.ok(!broken.text.includes('10.0.0.5'), 'the page shows an inner error');

      const anonymous = await context.start(twoForums, { ownSession: { currentUser: () => null } });
      isRedirect(await anonymous.send('GET', `/sso/discourse?${question()}`));

      const unusable = await context.start(twoForums, {
        ownSession: { currentUser: () => ({ ...people.bob, email: 'not an address' }) },
      });
      const refused = await unusable.send('GET', `/sso/discourse?${question()}`);
      isRefusedPage(unusable, refused, 'ERR_SITE_USER_INVALID');
    },
  },
  {
    name: 'only a page that a person opens is answered',
    async run(context) {
      const site = await start(context);
      const browser = await site.browserOf('alice');
      const target = site.url(`/sso/discourse?${question()}`);
      for (const as of ['iframe', 'image', 'script'] as const) {
        for (const from of [forum.topic, site.url('/')]) {
          isRefusedPage(site, await browser.embed(target, { as, from }), 'ERR_NOT_A_NAVIGATION');
        }
      }
      isRefusedPage(site, await browser.script(target, { from: site.url('/') }), 'ERR_NOT_A_NAVIGATION');
      isRefusedPage(site, await browser.prefetch(target, { from: site.url('/') }), 'ERR_PREFETCH');
      const older = await browser.open(target, { headers: [['Purpose', 'prefetch']] });
      isRefusedPage(site, older, 'ERR_PREFETCH');
      isAliceAnswered(await browser.open(target, { from: forum.topic }));
    },
  },
  {
    name: 'a doubled header does not open the gate',
    async run(context) {
      const site = await startAs(context, 'alice');
      for (const order of [
        ['document', 'iframe'],
        ['iframe', 'document'],
      ]) {
        const headers = order.map((destination) => ['Sec-Fetch-Dest', destination] as const);
        const reply = await site.send('GET', `/sso/discourse?${question()}`, { headers });
        isRefusedPage(site, reply, 'ERR_NOT_A_NAVIGATION');
      }
    },
  },
  {
    name: 'cookies in several lines are one set of cookies',
    async run(context) {
      const site = await start(context);
      const cookies = await (await site.browserOf('alice')).cookies(site.origin);
      const [[name, value] = ['', '']] = cookies;
      const reply = await site.send('GET', `/sso/discourse?${question()}`, {
        headers: [
          ['Cookie', 'first=1'],
          ['Cookie', `${name}=${value}`],
          ['Cookie', 'last=2'],
        ],
      });
      isAliceAnswered(reply);
    },
  },
  {
    name: 'other methods than GET are refused with what is allowed',
    async run(context) {
      const site = await startAs(context, 'alice');
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        const reply = await site.send(method, `/sso/discourse?${question()}`);
        isRefusedPage(site, reply, 'ERR_METHOD_NOT_ALLOWED');
        assert.equal(reply.header('allow'), 'GET');
      }
      const head = await site.send('HEAD', `/sso/discourse?${question()}`);
      assert.equal(head.status, 405);
      assert.equal(head.header('allow'), 'GET');
      assert.equal(head.header('location'), undefined);
      assert.equal(head.body.byteLength, 0);
    },
  },
  {
    name: 'a slash at the end of the path changes nothing',
    async run(context) {
      isAliceAnswered(await ask(await start(context), 'alice', question(), '/sso/discourse/'));
    },
  },
  {
    name: 'what is not ours goes on to the site',
    async run(context) {
      const site = await start(context);
      isSitePage(await site.browser().open(site.url(`${pagesPath}/page`)), { user: null });
      for (const target of [
        '/',
        '/sso',
        '/sso/',
        '/sso/unknown',
        '/sso/discourse/unknown',
        '/sso/discoursex',
        '/SSO/DISCOURSE',
        '//sso/discourse',
        '/sso//discourse',
        '/x/sso/discourse',
        '/sso%2Fdiscourse',
        `//evil.example/sso/discourse?${question()}`,
        `/.//evil.example/sso/discourse?${question()}`,
      ]) {
        isMissing(await site.send('GET', target));
      }
    },
  },
  {
    name: 'works when it is mounted at its own path',
    async run(context) {
      const site = await context.start(twoForums, { mountPath: '/sso' });
      isAliceAnswered(await ask(site, 'alice', question()));
      isRedirect(
        await ask(site, null, question()),
        `${pagesPath}/sign-in?returnTo=${encodeURIComponent(`/sso/discourse?${question()}`)}`,
      );
      isMissing(await site.send('GET', '/sso/unknown'));
      isMissing(await site.send('GET', '/discourse'));
    },
  },
  {
    name: 'works below a prefix and at the root',
    async run(context) {
      const deep = await context.start(
        { ...twoForums, basePath: '/community/login' },
        { mountPath: '/community' },
      );
      isAliceAnswered(await ask(deep, 'alice', question(), '/community/login/discourse'));
      isRedirect(
        await ask(deep, null, question(), '/community/login/discourse'),
        `${pagesPath}/sign-in?returnTo=${encodeURIComponent(`/community/login/discourse?${question()}`)}`,
      );
      isMissing(await deep.send('GET', '/login/discourse'));
      const root = await context.start({ ...twoForums, basePath: '' });
      isAliceAnswered(await ask(root, 'alice', question(), '/discourse'));
    },
  },
  {
    name: 'what proxies and clients say about the host changes nothing',
    async run(context) {
      const site = await start(context);
      const liars = [
        ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Prefix', '/evil'],
        ['X-Forwarded-Port', '8443'],
        ['X-Forwarded-For', '203.0.113.9'],
        ['X-Original-URL', '/evil'],
        ['X-Rewrite-URL', '/evil'],
        ['X-HTTP-Method-Override', 'POST'],
        ['Forwarded', 'host=evil.example;proto=https'],
      ] as const;
      const target = `/sso/discourse?${question()}`;
      const browser = await site.browserOf('alice');
      isAliceAnswered(await browser.open(site.url(target), { headers: liars }));
      const anonymous = await site.send('GET', target, { headers: [['Host', 'evil.example'], ...liars] });
      isRedirect(anonymous, `${pagesPath}/sign-in?returnTo=${encodeURIComponent(target)}`);
      isMissing(await site.send('GET', '/nothing', { headers: [['X-Original-URL', target]] }));
    },
  },
];
