import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { userFields } from '../../../src/discourse/forum/user-fields.js';
import { type DiscourseFields, type DiscourseOptions, discourse } from '../../../src/discourse/index.js';
import { fieldTable } from '../../../src/discourse/protocol/fields.js';
import { isRefusal } from '../../../src/errors.js';
import type { ForumSsoEvent } from '../../../src/events/event.js';
import { createForumSso } from '../../../src/forum-sso.js';
import type { SsoReply } from '../../../src/http/reply.js';
import type { SsoRequest } from '../../../src/http/request.js';
import type { SiteUser } from '../../../src/site-user.js';
import { vectors } from '../protocol/vectors.js';

const forumUrl = 'https://forum.example.com';
const returnUrl = `${forumUrl}/session/sso_login`;
const secret = randomBytes(16).toString('hex');
const nonce = randomBytes(16).toString('hex');
const alice: SiteUser = {
  id: 'u-1',
  email: 'alice@example.com',
  emailVerified: true,
  username: 'alice',
  name: 'Alice A.',
};

/** The forum's side, made with nothing of ours. */
function signed(fields: Record<string, string>, key = secret): string {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  return `sso=${encodeURIComponent(sso)}&sig=${createHmac('sha256', key).update(sso).digest('hex')}`;
}

function answerOf(reply: SsoReply | null, key = secret): Record<string, string> {
  expect(reply?.status).toBe(302);
  const location = new URL(reply?.headers.find(([name]) => name === 'Location')?.[1] ?? '');
  const { sso = '', sig } = Object.fromEntries(location.searchParams);
  expect(sig).toBe(createHmac('sha256', key).update(sso).digest('hex'));
  expect(location.origin + location.pathname).toBe(returnUrl);
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
}

function userFieldsOf(user: SiteUser) {
  const fields = userFields(user, {});
  if (isRefusal(fields)) throw new Error(fields.detail);
  return fields;
}

function site(more: Partial<DiscourseOptions> = {}, user: SiteUser | null = alice) {
  const events: ForumSsoEvent[] = [];
  const sso = createForumSso({
    baseUrl: 'https://site.example.com/sso',
    keys: randomBytes(32).toString('base64'),
    connectors: [discourse({ forumUrl, secret, ...more })],
    events: (event) => {
      if (event.type !== 'setup.warning') events.push(event);
    },
  });
  const session = { currentUser: async () => user, signIn: async () => {}, signOut: async () => {} };
  const ask = (query: string) => sso.handle(get(`/sso/discourse?${query}`), session);
  return { sso, events, ask };
}

const get = (url: string): SsoRequest => ({
  method: 'GET',
  url,
  headers: { 'sec-fetch-dest': 'document' },
  ip: '127.0.0.1',
  body: async () => new Uint8Array(),
});
const question = { nonce, return_sso_url: returnUrl };

function problemsOf(options: unknown): string {
  try {
    createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys: randomBytes(32).toString('base64'),
      connectors: [Reflect.apply(discourse, undefined, [options])],
    });
  } catch (error) {
    return String(error);
  }
  throw new Error('it started');
}

describe('a login', () => {
  test('is answered with the user and the nonce, signed with the forum’s secret', async () => {
    const { ask, events } = site();
    const reply = await ask(signed(question));
    expect(answerOf(reply)).toEqual({
      nonce,
      external_id: 'u-1',
      email: alice.email,
      username: 'alice',
      name: 'Alice A.',
    });
    expect(reply?.headers).toContainEqual(['Cache-Control', 'no-store']);
    expect(events).toMatchObject([
      { type: 'login.answered', connector: 'discourse', user: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/alice|u-1/);
  });

  test('of an anonymous person goes to the sign-in page and comes back whole', async () => {
    const query = signed(question);
    const reply = await site({}, null).ask(query);
    const location = reply?.headers.find(([name]) => name === 'Location')?.[1] ?? '';
    const back = new URL(location, 'https://site.example.com').searchParams.get('returnTo');
    expect(back).toBe(`/sso/discourse?${query}`);
  });

  test('sends every detail the site gives', async () => {
    const { ask } = site(
      { groups: { mode: 'managed', names: ['Staff', 'eurorack', 'guests'] } },
      {
        ...alice,
        avatarUrl: 'https://site.example.com/a.png',
        bio: 'two\nlines & more',
        website: 'https://alice.example',
        location: 'Åland',
        title: 'Dr.',
        locale: 'sv',
        admin: false,
        moderator: true,
        groups: ['staff', 'eurorack', 'choir'],
        custom: { user_field_1: 'x' },
      },
    );
    expect(answerOf(await ask(signed(question)))).toMatchObject({
      avatar_url: 'https://site.example.com/a.png',
      bio: 'two\nlines & more',
      website: 'https://alice.example',
      location: 'Åland',
      title: 'Dr.',
      locale: 'sv',
      admin: 'false',
      moderator: 'true',
      add_groups: 'Staff,eurorack',
      remove_groups: 'guests',
      'custom.user_field_1': 'x',
    });
  });

  test('marks an address that is not verified, whatever mapUser says', async () => {
    const { ask } = site(
      { mapUser: (fields) => ({ ...fields, requireActivation: false, suppressWelcomeMessage: true }) },
      { ...alice, emailVerified: false },
    );
    expect(answerOf(await ask(signed(question)))).toMatchObject({
      require_activation: 'true',
      suppress_welcome_message: 'true',
    });
  });

  test('marks another address than the one that is verified, unless mapUser says that it is, too', async () => {
    const sent = async (changes: DiscourseFields) =>
      answerOf(await site({ mapUser: (fields) => ({ ...fields, ...changes }) }).ask(signed(question)));
    const email = 'alice@work.example';
    expect(await sent({ email })).toMatchObject({ email, require_activation: 'true' });
    expect(await sent({ email, requireActivation: false })).toMatchObject({
      email,
      require_activation: 'false',
    });
    expect(await sent({ email: alice.email.toUpperCase() })).not.toHaveProperty('require_activation');
    expect(await sent({ title: 'Dr.' })).not.toHaveProperty('require_activation');
  });

  test('mends what a forum would answer with an error page', async () => {
    const sent = async (user: Partial<SiteUser>) =>
      answerOf(await site({}, { ...alice, ...user }).ask(signed(question)));
    expect(await sent({ website: 'http://localhost/' })).not.toHaveProperty('website');
    expect(await sent({ website: 'alice.example' })).not.toHaveProperty('website');
    expect(await sent({ website: 'ftp://alice.example' })).not.toHaveProperty('website');
    expect(await sent({ website: '' })).toMatchObject({ website: '' });
    expect(await sent({ bio: 'a\0b' })).toMatchObject({ bio: 'ab' });
    const { location } = userFieldsOf({ ...alice, location: `${'x'.repeat(2_999)}\u{1f680}` });
    expect(location).toBe('x'.repeat(2_999));
    expect(userFieldsOf({ ...alice, bio: 'y'.repeat(9_000) }).bio).toHaveLength(3_000);
  });

  test('of a suspended person is a page, and no answer', async () => {
    const { ask, events } = site({}, { ...alice, suspended: true });
    const reply = await ask(signed(question));
    expect(reply).toMatchObject({ status: 403, body: expect.stringContaining('suspended') });
    expect(reply?.headers.some(([name]) => name === 'Location')).toBe(false);
    expect(events).toMatchObject([{ code: 'ERR_USER_SUSPENDED' }]);
  });

  test('repeats nothing but the nonce: all 29 planted fields are gone', async () => {
    const planted = Object.fromEntries(
      fieldTable.map(({ wire, kind }) => [wire, kind === 'boolean' ? 'true' : 'planted']),
    );
    const answer = answerOf(await site().ask(signed({ ...planted, 'custom.x': 'planted', ...question })));
    expect(answer).toEqual({
      nonce,
      external_id: 'u-1',
      email: alice.email,
      username: 'alice',
      name: 'Alice A.',
    });
  });

  test('mapUser may not change the nonce, and its failure is the operator’s', async () => {
    const meddling = site({ mapUser: (fields) => ({ ...fields, nonce: 'other', name: 'N' }) });
    expect(answerOf(await meddling.ask(signed(question)))).toMatchObject({ nonce, name: 'N' });
    const failing = site({
      mapUser: () => {
        throw new Error('no such column');
      },
    });
    expect(await failing.ask(signed(question))).toMatchObject({ status: 503 });
    expect(failing.events).toMatchObject([
      { code: 'ERR_SITE_CALLBACK_FAILED', cause: new Error('no such column') },
    ]);
  });
});

describe('refused', () => {
  test.each([
    ['no parameters', '', 403, 'ERR_SSO_SIGNATURE_MISSING'],
    ['no signature', signed(question).split('&')[0] ?? '', 403, 'ERR_SSO_SIGNATURE_MISSING'],
    ['no payload', signed(question).split('&')[1] ?? '', 400, 'ERR_PARAMETER_MISSING'],
    ['another secret', signed(question, 'another secret!!'), 403, 'ERR_SSO_SIGNATURE_INVALID'],
    [
      'a cut payload',
      signed(question).replace('&sig', 'x&sig').replace('%3D', ''),
      403,
      'ERR_SSO_SIGNATURE_INVALID',
    ],
    ['a repeated parameter', `${signed(question)}&${signed(question)}`, 400, 'ERR_PARAMETER_REPEATED'],
    ['double encoding', signed(question).replaceAll('%', '%25'), 403, 'ERR_SSO_SIGNATURE_INVALID'],
    ['a broken escape', 'sso=%zz&sig=00', 400, 'ERR_QUERY_MALFORMED'],
    ['bytes that are not UTF-8', 'sso=%E9&sig=00', 400, 'ERR_QUERY_MALFORMED'],
    [
      'an oversized payload',
      signed({ ...question, bio: 'x'.repeat(7_000) }),
      413,
      'ERR_SSO_MESSAGE_TOO_LARGE',
    ],
    ['no nonce', signed({ return_sso_url: returnUrl }), 400, 'ERR_SSO_NONCE_MISSING'],
    ['an empty nonce', signed({ ...question, nonce: '' }), 400, 'ERR_SSO_NONCE_MISSING'],
    ['an endless nonce', signed({ ...question, nonce: 'n'.repeat(257) }), 413, 'ERR_SSO_MESSAGE_TOO_LARGE'],
    ['no return address', signed({ nonce }), 403, 'ERR_SSO_RETURN_URL_FOREIGN'],
  ])('%s', async (_, query, status, code) => {
    const { ask, events } = site();
    const reply = await ask(query);
    expect(reply?.status).toBe(status);
    expect(reply?.headers.some(([name]) => name === 'Location')).toBe(false);
    expect(events).toMatchObject([{ type: 'request.refused', code, status, path: '/sso/discourse' }]);
    expect(JSON.stringify([reply, events])).not.toContain(secret);
  });

  test.each([
    'https://evil.example/session/sso_login',
    'https://forum.example.com.evil.example/session/sso_login',
    'https://forum.example.com@evil.example/session/sso_login',
    'https://user@forum.example.com/session/sso_login',
    'http://forum.example.com/session/sso_login',
    'https://forum.example.com:8443/session/sso_login',
    'https://forum.example.com/session/sso_login?x=1',
    'https://forum.example.com/session/sso_login#x',
    'https://forum.example.com/session/sso_login/',
    'https://forum.example.com/session/sso_loginx',
    'https://forum.example.com/x/../session/sso_login/..',
    '//forum.example.com/session/sso_login',
    '/session/sso_login',
    'javascript:alert(1)',
    '',
  ])('the return address %s', async (foreign) => {
    const { ask, events } = site();
    expect(await ask(signed({ nonce, return_sso_url: foreign }))).toMatchObject({ status: 403 });
    expect(events).toMatchObject([{ code: 'ERR_SSO_RETURN_URL_FOREIGN' }]);
  });

  test('the forum’s address in another spelling is the same address', async () => {
    const reply = await site().ask(
      signed({ nonce, return_sso_url: 'https://FORUM.example.com:443/session/sso_login' }),
    );
    expect(answerOf(reply)).toMatchObject({ nonce });
  });

  test.each(['none', 'NULL', ' nil', 'undefined', 'NaN', '[object Object]'])('the id %j', async (id) => {
    const { ask, events } = site({}, { ...alice, id });
    expect(await ask(signed(question))).toMatchObject({ status: 500 });
    expect(events).toMatchObject([{ code: 'ERR_SITE_USER_INVALID' }]);
  });

  test.each(['a,b', ' a', 'a ', '@a', ''])('the group name %j', async (group) => {
    for (const groups of [{ mode: 'exact' as const }, { mode: 'managed' as const, names: ['x'] }]) {
      const { ask, events } = site({ groups }, { ...alice, groups: [group] });
      expect(await ask(signed(question))).toMatchObject({ status: 500 });
      expect(events).toMatchObject([{ code: 'ERR_SITE_USER_INVALID' }]);
    }
  });
});

describe('the id of a person, held against what Discourse accepts', () => {
  /** Where we refuse what Discourse takes, and why. */
  const stricter: Readonly<Record<string, string>> = {
    undefined:
      'only a fault in the code of a site makes such an id, and everybody it happens to would be one person',
    '  none ': 'the same word with blanks around it',
    '0 (number)': 'the id of a site user is a text',
    '5 (number)': 'the id of a site user is a text',
  };
  const nameOf = (id: string | number | null): string =>
    typeof id === 'number' ? `${id} (number)` : `${id}`;

  test.each(vectors.external_ids.map((vector) => [nameOf(vector.external_id), vector] as const))(
    '%j',
    async (name, { external_id: id, accepted }) => {
      const session = {
        currentUser: async () => JSON.parse(JSON.stringify({ ...alice, id })),
        signIn: async () => {},
        signOut: async () => {},
      };
      const reply = await site().sso.handle(get(`/sso/discourse?${signed(question)}`), session);
      const taken = reply?.status === 302;
      if (taken) expect(answerOf(reply)).toMatchObject({ external_id: id });
      else
        expect(reply).toMatchObject({ status: 500, body: expect.stringContaining('ERR_SITE_USER_INVALID') });
      expect(taken).toBe(accepted && stricter[name] === undefined);
      if (stricter[name] !== undefined) expect(accepted).toBe(true);
    },
  );

  test('every listed difference is about a vector', () => {
    const names = vectors.external_ids.map(({ external_id }) => nameOf(external_id));
    for (const name of Object.keys(stricter)) expect(names).toContain(name);
  });
});

describe('groups', () => {
  test('exact: the whole list, the empty one included; a user without a list is refused', async () => {
    const groups = { mode: 'exact' } as const;
    expect(
      answerOf(await site({ groups }, { ...alice, groups: ['a', 'b'] }).ask(signed(question))),
    ).toMatchObject({ groups: 'a,b' });
    expect(answerOf(await site({ groups }, { ...alice, groups: [] }).ask(signed(question)))).toMatchObject({
      groups: '',
    });
    expect(await site({ groups }).ask(signed(question))).toMatchObject({ status: 500 });
  });

  test('managed: a user without a list changes nothing; with an empty one leaves all managed groups', async () => {
    const groups = { mode: 'managed', names: ['a', 'b'] } as const;
    const unknown = answerOf(await site({ groups }).ask(signed(question)));
    expect(unknown).not.toHaveProperty('add_groups');
    expect(unknown).not.toHaveProperty('remove_groups');
    expect(answerOf(await site({ groups }, { ...alice, groups: [] }).ask(signed(question)))).toMatchObject({
      remove_groups: 'a,b',
    });
  });

  test('managed: case makes no difference, but no other letter becomes one of ASCII', async () => {
    const groups = { mode: 'managed', names: ['Kernel', 'staff'] } as const;
    const held = async (names: string[]) =>
      answerOf(await site({ groups }, { ...alice, groups: names }).ask(signed(question)));
    expect(await held(['kERNEL', 'STAFF'])).toMatchObject({ add_groups: 'Kernel,staff' });
    // The Kelvin sign, and the long s.
    const lookalikes = await held(['\u212aernel', '\u017ftaff']);
    expect(lookalikes).toMatchObject({ remove_groups: 'Kernel,staff' });
    expect(lookalikes).not.toHaveProperty('add_groups');
  });

  test('without the option none are sent', async () => {
    const answer = answerOf(await site({}, { ...alice, groups: ['a'] }).ask(signed(question)));
    expect(Object.keys(answer).filter((name) => name.includes('group'))).toEqual([]);
  });
});

describe('the address line stays short', () => {
  const full: SiteUser = {
    ...alice,
    bio: 'x'.repeat(3_000),
    avatarUrl: 'https://site.example.com/a.png',
    custom: { a: 'y'.repeat(900) },
    groups: ['a'],
  };

  test('bulky optional fields are left out one by one, and an event says which', async () => {
    const { ask, events } = site({}, full);
    const reply = await ask(signed(question));
    const answer = answerOf(reply);
    expect(answer).toMatchObject({
      nonce,
      external_id: 'u-1',
      email: alice.email,
      avatar_url: full.avatarUrl,
      'custom.a': full.custom?.a,
    });
    expect(answer).not.toHaveProperty('bio');
    expect(events).toMatchObject([
      { type: 'login.slimmed', leftOut: ['bio'], length: expect.any(Number) },
      { type: 'login.answered' },
    ]);
  });

  test('all goes that must; the exact list of groups never does', async () => {
    const groups = Array.from({ length: 300 }, (_, i) => `group-${i}`);
    const { ask, events } = site({ groups: { mode: 'exact' } }, { ...full, groups });
    expect(answerOf(await ask(signed(question)))).toMatchObject({ groups: groups.join(',') });
    expect(events[0]).toMatchObject({ type: 'login.slimmed', leftOut: ['bio', 'custom', 'avatarUrl'] });
  });
});

describe('secrets', () => {
  const old = randomBytes(16).toString('hex');

  test('the answer is signed with the secret that verified the request; an old one is an event', async () => {
    const { ask, events } = site({ secret: [secret, old] });
    expect(answerOf(await ask(signed(question, old)), old)).toMatchObject({ nonce });
    expect(events).toMatchObject([{ type: 'secret.old_used', position: 1 }, { type: 'login.answered' }]);
    expect(answerOf(await ask(signed(question)))).toMatchObject({ nonce });
  });

  test('an old secret ends with its "until"', async () => {
    let now = new Date('2026-01-01');
    const sso = createForumSso({
      baseUrl: 'https://site.example.com',
      keys: randomBytes(32).toString('base64'),
      connectors: [discourse({ forumUrl, secret: [secret, { secret: old, until: new Date('2026-02-01') }] })],
      now: () => now,
    });
    const session = { currentUser: async () => alice, signIn: async () => {}, signOut: async () => {} };
    expect(await sso.handle(get(`/discourse?${signed(question, old)}`), session)).toMatchObject({
      status: 302,
    });
    now = new Date('2026-02-01');
    expect(await sso.handle(get(`/discourse?${signed(question, old)}`), session)).toMatchObject({
      status: 403,
    });
  });

  test('two forums: each secret opens its own address and returns to its own forum only', async () => {
    const other = { url: 'https://other.example.com', secret: randomBytes(16).toString('hex') };
    const sso = createForumSso({
      baseUrl: 'https://site.example.com',
      keys: randomBytes(32).toString('base64'),
      connectors: [
        discourse({ forumUrl, secret }),
        discourse({ name: 'other', forumUrl: other.url, secret: other.secret }),
      ],
    });
    const session = { currentUser: async () => alice, signIn: async () => {}, signOut: async () => {} };
    const returns = { discourse: returnUrl, other: `${other.url}/session/sso_login` };
    const keys = { discourse: secret, other: other.secret };
    const names = ['discourse', 'other'] as const;
    for (const address of names) {
      for (const key of names) {
        for (const target of names) {
          const query = signed({ nonce, return_sso_url: returns[target] }, keys[key]);
          const reply = await sso.handle(get(`/${address}?${query}`), session);
          const right = address === key && address === target;
          expect(reply?.status).toBe(right ? 302 : 403);
          if (right) expect(reply?.headers[0]?.[1]).toMatch(new RegExp(`^${returns[target]}`));
        }
      }
    }
  });
});

describe('options', () => {
  test.each([
    [undefined, 'options'],
    [{ secret }, 'forumUrl'],
    [{ forumUrl, secret: 'short' }, 'discourse connect secret'],
    [{ forumUrl, secret: '          ' }, 'blank'],
    [{ forumUrl }, 'DISCOURSE_CONNECT_SECRET'],
    [{ forumUrl: 'http://forum.example.com', secret }, 'https'],
    [{ forumUrl: `${forumUrl}?x=1`, secret }, 'query'],
    [{ forumUrl: 'https://user:word@forum.example.com', secret }, 'password'],
    [{ forumUrl, secret, group: [] }, 'group'],
    [{ forumUrl, secret, groups: { mode: 'managed', names: [] } }, 'groups.names'],
    [{ forumUrl, secret, groups: { mode: 'managed', names: ['a,b'] } }, 'comma'],
    [{ forumUrl, secret, mapUser: 'no' }, 'mapUser'],
    [{ forumUrl, secret, name: 'a/b' }, 'name'],
  ])('%j is refused with a sentence about %s', (options, named) => {
    const text = problemsOf(options);
    expect(text).toContain(named);
    expect(text).not.toContain(secret);
  });

  test('the API key is neither the secret nor the key of another forum', () => {
    const text = problemsOf({ forumUrl, secret, api: { key: secret } });
    expect(text).toMatch(/The same secret serves .*DISCOURSE_CONNECT_SECRET.* and .*DISCOURSE_ADMIN_API_KEY/);
    expect(text).not.toContain(secret);
  });

  test('every fault is told, and each once', () => {
    const text = problemsOf({ forumUrl: 'http://forum.example.com', secret: 'short', api: { key: 'a b' } });
    expect(text.match(/\n {2}- /g)).toHaveLength(3);
    expect(text).toMatch(/https[\s\S]*shorter than 10[\s\S]*api\.key/);
    const misspelt = problemsOf({ forumUrl: 'http://forum.example.com', secret: 'short', gruops: {} });
    expect(misspelt).toMatch(/gruops[\s\S]*https[\s\S]*shorter than 10/);
  });

  test('a forum below a path returns there', async () => {
    const { ask } = site({ forumUrl: `${forumUrl}/community/` });
    const reply = await ask(signed({ nonce, return_sso_url: `${forumUrl}/community/session/sso_login` }));
    expect(reply?.headers[0]?.[1]).toMatch(
      /^https:\/\/forum\.example\.com\/community\/session\/sso_login\?sso=/,
    );
  });
});
