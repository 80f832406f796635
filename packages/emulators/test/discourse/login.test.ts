import { createHmac } from 'node:crypto';

import { afterEach, describe, expect, test } from '@jest/globals';

import { startDiscourseEmulator } from '../../src/discourse/index.js';
import { parseMessage } from '../../src/discourse/protocol/connect-message.js';
import { Browser } from './browser.js';
import {
  answerUrl,
  begin,
  closeForums,
  connectUrl,
  errorKey,
  logIn,
  secret,
  startForum,
  whoIs,
} from './site.js';

afterEach(closeForums);

const sam = { external_id: '7', email: 'sam@example.com', username: 'sam', name: 'Sam Saffron' };

/** Signs any text as `sso`, however odd. */
const signed = (sso: string, key = secret) =>
  `sso=${encodeURIComponent(sso)}&sig=${createHmac('sha256', key).update(sso).digest('hex')}`;

describe('start', () => {
  test('options that Discourse would not take are refused before a port is taken', async () => {
    const start = (options: Partial<Parameters<typeof startDiscourseEmulator>[0]>) =>
      startDiscourseEmulator({ connectUrl, connectSecret: secret, ...options });
    await expect(start({ connectSecret: 'ninechars' })).rejects.toThrow('at least 10 characters');
    await expect(start({ connectSecret: '' })).rejects.toThrow('at least 10 characters');
    await expect(start({ connectUrl: '' })).rejects.toThrow('discourse_connect_url');
    await expect(start({ settings: { auth_overrides_email: true } })).rejects.toThrow('email_editable');
    await expect(start({ settings: { default_trust_level: 5 } })).rejects.toThrow('default_trust_level');
    const unknown = { title: 'Forum', discourse_connect_overides_bio: true };
    await expect(start({ settings: { ...unknown } })).rejects.toThrow(
      'discourse_connect_overides_bio is not a setting',
    );
    await expect(start({ settings: { max_username_length: Number.NaN } })).rejects.toThrow('whole numbers');
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow('loopback');
    await expect(start({ users: [{ username: 'a', email: 'nonsense' }] })).rejects.toThrow('is invalid');
  });

  test('its address may be another than where it listens', async () => {
    const forum = await startForum({ publicUrl: 'https://forum.example.com' });
    const { location } = await new Browser().get(`http://127.0.0.1:${forum.port}/session/sso`);
    const { return_sso_url } = parseMessage(new URL(location).search.slice(1), secret).fields;
    expect(return_sso_url).toBe('https://forum.example.com/session/sso_login');
  });
});

describe('GET /session/sso', () => {
  test('sends the browser to the site with a signed nonce and return URL, and nothing else', async () => {
    const forum = await startForum();
    const { status, location } = await new Browser().get(`${forum.origin}/session/sso`);
    expect(status).toBe(302);
    expect(location.startsWith(`${connectUrl}?sso=`)).toBe(true);
    const { fields, custom } = parseMessage(new URL(location).search.slice(1), secret);
    expect(fields).toEqual({
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      return_sso_url: `${forum.origin}/session/sso_login`,
    });
    expect(custom.size).toBe(0);
  });

  test('appends to a site address that has a query already', async () => {
    const forum = await startForum({ connectUrl: 'https://site.example.com/login?from=forum' });
    const { location } = await new Browser().get(`${forum.origin}/session/sso`);
    expect(location.startsWith('https://site.example.com/login?from=forum&sso=')).toBe(true);
  });

  test('is not there when DiscourseConnect is off', async () => {
    const forum = await startForum();
    forum.changeSettings({ enable_discourse_connect: false });
    expect((await new Browser().get(`${forum.origin}/session/sso`)).status).toBe(404);
    expect((await new Browser().get(`${forum.origin}/session/sso?return_path=%`)).status).toBe(400);
  });
});

describe('GET /session/sso_login: the statuses in their order', () => {
  test('a good answer logs the person in and makes the account', async () => {
    const forum = await startForum();
    const browser = new Browser();
    expect(await whoIs(forum, browser)).toBeNull();
    const page = await logIn(forum, { ...sam, admin: true }, { browser });
    expect([page.status, page.location]).toEqual([302, `${forum.origin}/`]);
    expect(await whoIs(forum, browser)).toBe('sam');
    expect(await whoIs(forum, new Browser())).toBeNull();
    expect(forum.user('7')).toMatchObject({
      id: 1,
      username: 'sam',
      name: 'Sam Saffron',
      email: 'sam@example.com',
      active: true,
      admin: true,
      moderator: false,
      groups: ['admins', 'staff', 'trust_level_0'],
      ipAddress: '127.0.0.1',
      signOn: { externalId: '7', externalUsername: 'sam', externalEmail: 'sam@example.com' },
    });
    expect(forum.log().map(({ outcome, status }) => [outcome, status])).toEqual([
      ['started', 302],
      ['logged_in', 302],
    ]);
  });

  test('400 for a broken percent escape, whatever the settings', async () => {
    const forum = await startForum();
    forum.changeSettings({ enable_discourse_connect: false });
    expect((await new Browser().get(`${forum.origin}/session/sso_login?sso=a&sig=b&x=%`)).status).toBe(400);
  });

  test('404 when off, before 503 when read-only, before 400 for what is missing', async () => {
    const forum = await startForum({ modes: { readOnly: true } });
    forum.changeSettings({ enable_discourse_connect: false });
    const status = async (query: string) =>
      (await new Browser().get(`${forum.origin}/session/sso_login${query}`)).status;
    expect(await status('')).toBe(404);
    forum.changeSettings({ enable_discourse_connect: true });
    expect(await status('')).toBe(503);
    forum.changeModes({ readOnly: false });
    for (const query of [
      '',
      '?sso=YQ==',
      '?sig=abc',
      '?sso=&sig=abc',
      '?sso=YQ==&sig=',
      '?sso&sig',
      '?sso=YQ==&sso=&sig=a',
    ]) {
      expect([query, await status(query)]).toEqual([query, 400]);
    }
  });

  test('422 payload_parse_error before 422 signature_error', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const at = (query: string) => browser.get(`${forum.origin}/session/sso_login?${query}`);
    const parse = await at('sso=a-b&sig=wrong');
    expect([parse.status, errorKey(parse)]).toEqual([422, 'payload_parse_error']);
    const signature = await at('sso=YQ%3D%3D&sig=wrong');
    expect([signature.status, errorKey(signature)]).toEqual([422, 'signature_error']);
    const upper = signed('YQ==').replace(/sig=.*/, (sig) => `sig=${sig.slice(4).toUpperCase()}`);
    expect(errorKey(await at(upper))).toBe('signature_error');
    expect(errorKey(await at(`${signed('YQ==')}&sig=again`))).toBe('signature_error');
    expect(errorKey(await at(signed('YQ==', 'another secret')))).toBe('signature_error');
    expect(forum.log().map(({ errorClass }) => errorClass)).toEqual([
      'DiscourseConnectBase::PayloadParseError',
      ...Array.from({ length: 4 }, () => 'DiscourseConnectBase::SignatureError'),
    ]);
  });

  test('500 for what Discourse does not catch: a repeated sso, a broken escape inside', async () => {
    const forum = await startForum();
    const at = (query: string) => new Browser().get(`${forum.origin}/session/sso_login?${query}`);
    expect((await at(`sso=YQ%3D%3D&${signed('YQ==')}`)).status).toBe(500);
    expect((await at(signed(Buffer.from('name=100%').toString('base64')))).status).toBe(500);
    expect(forum.log().map(({ errorClass }) => errorClass)).toEqual(['NoMethodError', 'ArgumentError']);
  });

  test('the expected signature and the secret are on no page and in no log', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const url = answerUrl(forum, { nonce: await begin(forum, browser), ...sam });
    const right = new URL(url).searchParams.get('sig') ?? '';
    const page = await browser.get(url.replace(right, 'f'.repeat(64)));
    const log = await browser.get(`${forum.origin}/emulator/log`);
    const logs = await browser.get(`${forum.origin}/logs`);
    const settings = await browser.get(`${forum.origin}/emulator/settings`);
    expect(log.text).toContain('sam@example.com');
    for (const { text } of [page, log, logs, settings]) {
      expect(text).not.toContain(right);
      expect(text).not.toContain(secret);
    }
  });

  test('419 for a nonce that is missing, unknown, of another browser, used, or too old', async () => {
    let time = Date.parse('2026-03-01T12:00:00Z');
    const forum = await startForum({ now: () => new Date(time) });
    const reasons = () =>
      forum
        .log()
        .filter(({ outcome }) => outcome === 'refused')
        .map(({ reason }) => reason);
    const browser = new Browser();
    const attempt = async (fields: Record<string, string>, by = browser) => {
      const page = await by.get(answerUrl(forum, { ...sam, ...fields }));
      return [page.status, errorKey(page)];
    };
    expect(await attempt({})).toEqual([419, 'timeout_expired']);
    expect(await attempt({ nonce: 'f'.repeat(32) })).toEqual([419, 'timeout_expired']);
    const nonce = await begin(forum, browser);
    expect(await attempt({ nonce }, new Browser())).toEqual([419, 'timeout_expired']);
    expect(await attempt({ nonce: nonce.toUpperCase() })).toEqual([419, 'timeout_expired']);
    expect(forum.users()).toEqual([]);
    expect((await attempt({ nonce }))[0]).toBe(302);
    expect(await attempt({ nonce })).toEqual([419, 'timeout_expired']);
    expect(reasons().at(-1)).toContain('used already');

    const late = await begin(forum, browser);
    time += 1_800_000;
    expect(await attempt({ nonce: late })).toEqual([419, 'timeout_expired']);
    expect(reasons().at(-1)).toContain('expired');
    const inTime = await begin(forum, browser);
    time += 1_799_999;
    expect((await attempt({ nonce: inTime }))[0]).toBe(302);
  });

  test('414 for an address that a proxy would not let through', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const nonce = await begin(forum, browser);
    expect((await browser.get(answerUrl(forum, { nonce, ...sam, bio: 'ü'.repeat(1_500) }))).status).toBe(414);
    const short = await browser.get(answerUrl(forum, { nonce, ...sam, bio: 'u'.repeat(1_500) }));
    expect(short.status).toBe(302);
  });

  test('a nonce lives as long as it is told to', async () => {
    let time = 0;
    const forum = await startForum({ now: () => new Date(time), nonceLifetimeSeconds: 600 });
    const browser = new Browser();
    const nonce = await begin(forum, browser);
    time += 600_000;
    expect((await browser.get(answerUrl(forum, { nonce, ...sam }))).status).toBe(419);
  });

  test('any browser may come back with a nonce when it is not bound to the session, but only once', async () => {
    const forum = await startForum({ settings: { discourse_connect_csrf_protection: false } });
    const nonce = await begin(forum, new Browser());
    const other = new Browser();
    expect((await other.get(answerUrl(forum, { nonce, ...sam }))).status).toBe(302);
    expect(await whoIs(forum, other)).toBe('sam');
    expect((await other.get(answerUrl(forum, { nonce, ...sam }))).status).toBe(419);
  });

  test('several tabs: every login that was begun can be ended', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const first = await begin(forum, browser, '?return_path=/t/welcome/1');
    const second = await begin(forum, browser, '?return_path=/t/ideas/3');
    const answered = await browser.get(answerUrl(forum, { nonce: second, ...sam }));
    expect(answered.location).toBe(`${forum.origin}/t/ideas/3`);
    const other = await browser.get(answerUrl(forum, { nonce: first, ...sam }));
    expect(other.location).toBe(`${forum.origin}/t/welcome/1`);
  });

  test('500 unknown_error for a blocked IP address, and the nonce is not spent on it', async () => {
    const forum = await startForum({ modes: { blockedIps: ['127.0.0.1'] } });
    const browser = new Browser();
    const nonce = await begin(forum, browser);
    const page = await browser.get(answerUrl(forum, { nonce, ...sam }));
    expect([page.status, errorKey(page)]).toEqual([500, 'unknown_error']);
    forum.changeModes({ blockedIps: [] });
    expect((await browser.get(answerUrl(forum, { nonce, ...sam }))).status).toBe(302);
  });

  test('500 blank_id_error, unknown_error for a banned id; a reload is a 419', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const nonce = await begin(forum, browser);
    const url = answerUrl(forum, { nonce, ...sam, external_id: ' ' });
    const page = await browser.get(url);
    expect([page.status, errorKey(page)]).toEqual([500, 'blank_id_error']);
    expect((await browser.get(url)).status).toBe(419);
    const missing = await logIn(forum, { ...sam, external_id: null });
    expect([missing.status, errorKey(missing)]).toEqual([500, 'blank_id_error']);
    const banned = await logIn(forum, { ...sam, external_id: 'Null' });
    expect([banned.status, errorKey(banned)]).toEqual([500, 'unknown_error']);
    expect(forum.users()).toEqual([]);
  });

  test('500 no_email, email_error, unknown_error', async () => {
    const forum = await startForum({ settings: { blocked_email_domains: 'spam.example|mailinator.com' } });
    const outcome = async (fields: Record<string, string | null>) => {
      const page = await logIn(forum, { ...sam, ...fields });
      return [page.status, errorKey(page), page.text];
    };
    expect((await outcome({ email: null })).slice(0, 2)).toEqual([500, 'no_email']);
    expect((await outcome({ email: '' })).slice(0, 2)).toEqual([500, 'no_email']);
    for (const email of [
      'nonsense',
      'a b@example.com',
      'a@spam.example',
      'a@sub.spam.example',
      'a@localhost',
    ]) {
      expect([email, ...(await outcome({ email })).slice(0, 2)]).toEqual([email, 500, 'email_error']);
    }
    expect((await outcome({ email: '<b>@example.com' }))[2]).toContain('&lt;b&gt;@example.com');
    expect((await outcome({ title: 'x'.repeat(256) })).slice(0, 2)).toEqual([500, 'unknown_error']);
    expect(
      (await outcome({ external_id: '8', email: 'b@example.com', name: 'x'.repeat(256) })).slice(0, 2),
    ).toEqual([500, 'unknown_error']);
  });

  test('403 with the reason for a suspended person, until the suspension ends', async () => {
    let time = Date.parse('2026-03-01T12:00:00Z');
    const forum = await startForum({ now: () => new Date(time) });
    const browser = new Browser();
    await logIn(forum, sam, { browser });
    forum.suspend('sam', new Date(time + 3_600_000), 'Too much <spam>');
    expect(await whoIs(forum, browser)).toBeNull();
    const page = await logIn(forum, { ...sam, bio: 'changed' }, { browser });
    expect([page.status, errorKey(page)]).toEqual([403, 'suspended']);
    expect(page.text).toContain('Too much &lt;spam&gt;');
    expect(await whoIs(forum, browser)).toBeNull();
    // What the message says about the account was taken over all the same.
    expect(forum.user('7')?.bio).toBe('changed');
    time += 3_600_000;
    expect((await logIn(forum, sam, { browser })).status).toBe(302);
    expect(await whoIs(forum, browser)).toBe('sam');
  });

  test('whoever waits for approval gets 403, or the page that the setting names; the account is there', async () => {
    const forum = await startForum({ settings: { must_approve_users: true } });
    const browser = new Browser();
    const page = await logIn(forum, sam, { browser });
    expect([page.status, errorKey(page)]).toEqual([403, 'account_not_approved']);
    expect(forum.user('7')?.approved).toBe(false);
    forum.changeSettings({ discourse_connect_not_approved_url: 'https://site.example.com/wait' });
    const sent = await logIn(forum, sam, { browser });
    expect([sent.status, sent.location]).toEqual([302, 'https://site.example.com/wait']);
    expect(await whoIs(forum, browser)).toBeNull();
    forum.approve('sam');
    await logIn(forum, sam, { browser });
    expect(await whoIs(forum, browser)).toBe('sam');
  });

  test('switching approval on approves those who are there', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    forum.changeSettings({ must_approve_users: true });
    expect((await logIn(forum, sam)).status).toBe(302);
  });

  test('require_activation: mail, account-created page, no session; active after the link, and it stays so', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const page = await logIn(forum, { ...sam, require_activation: true }, { browser });
    expect([page.status, page.location]).toEqual([302, `${forum.origin}/u/account-created`]);
    expect((await browser.get(page.location)).text).toContain('sam@example.com');
    expect(await whoIs(forum, browser)).toBeNull();
    expect(forum.user('7')?.active).toBe(false);
    expect(forum.mails()).toMatchObject([{ to: 'sam@example.com', kind: 'activation' }]);

    const path = forum.mails()[0]?.path ?? '';
    expect((await browser.get(forum.origin + path)).status).toBe(200);
    expect(forum.user('7')?.active).toBe(false);
    expect((await browser.post(forum.origin + path, {}, { origin: 'https://evil.example' })).status).toBe(
      403,
    );
    expect((await browser.post(forum.origin + path)).status).toBe(302);
    expect(await whoIs(forum, browser)).toBe('sam');
    expect((await browser.post(forum.origin + path)).status).toBe(404);

    const again = new Browser();
    await logIn(forum, { ...sam, require_activation: true }, { browser: again });
    expect(await whoIs(forum, again)).toBe('sam');
  });

  test('an archived site lets known people in and makes no new accounts', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    forum.changeModes({ archived: true });
    expect((await logIn(forum, sam)).status).toBe(302);
    const page = await logIn(forum, { external_id: '8', email: 'eve@example.com' });
    expect([page.status, errorKey(page)]).toEqual([500, 'unknown_error']);
    expect(forum.users()).toHaveLength(1);
  });

  test('500 for repeated keys and for what a database does not store', async () => {
    const forum = await startForum();
    for (const field of ['email', 'username', 'name', 'external_id', 'bio']) {
      const page = await logIn(forum, { ...sam, [field]: ['a', 'b'] });
      expect([field, page.status, errorKey(page)]).toEqual([field, 500, 'unknown_error']);
    }
    expect(errorKey(await logIn(forum, { ...sam, name: 'a\0b' }))).toBe('unknown_error');
    expect(errorKey(await logIn(forum, sam, { custom: { a: 'a\0b' } }))).toBe('unknown_error');
    const nonce = await logIn(forum, { ...sam, nonce: ['a', 'b'] });
    expect(nonce.status).toBe(419);
  });
});

describe('invitations', () => {
  const invites = [
    { key: 'open', maxRedemptions: 1 },
    { key: 'topic', topic: '/t/ideas/3' },
    { key: 'forSam', email: 'Sam@example.com' },
    { key: 'old', expiresAt: new Date('2020-01-01') },
    { key: 'broken', redemptionFails: true },
  ];

  test('400 with the reason when the invitation does not fit; 412 when redeeming fails', async () => {
    const forum = await startForum({ invites });
    const invited = async (key: string, fields: Record<string, string>) => {
      const browser = new Browser();
      await browser.get(`${forum.origin}/invites/${key}`);
      const page = await logIn(forum, fields, { browser });
      return [page.status, page.text, page.location];
    };
    expect((await invited('old', sam))[0]).toBe(400);
    expect((await invited('old', sam))[1]).toContain('expired');
    const other = { external_id: '8', email: 'eve@example.com', username: 'eve' };
    expect((await invited('forSam', other))[1]).toContain('another e-mail address');
    expect(forum.users()).toEqual([]);
    expect((await invited('broken', other))[0]).toBe(412);
    expect(await invited('open', sam)).toMatchObject([302, expect.anything(), `${forum.origin}/`]);
    expect((await invited('open', { external_id: '9', email: 'x@example.com' }))[1]).toContain(
      'used already',
    );
    expect((await new Browser().get(`${forum.origin}/invites/none`)).status).toBe(404);
  });

  test('an invitation activates the account and its topic wins over the return path', async () => {
    const forum = await startForum({ invites });
    const browser = new Browser();
    await browser.get(`${forum.origin}/invites/topic`);
    const page = await logIn(
      forum,
      { ...sam, require_activation: true },
      { browser, query: '?return_path=/t/welcome/1' },
    );
    expect([page.status, page.location]).toEqual([302, `${forum.origin}/t/ideas/3`]);
    expect(forum.user('7')).toMatchObject({ active: true, invitedWith: 'topic' });
    expect(await whoIs(forum, browser)).toBe('sam');
  });
});

describe('return paths', () => {
  const landing = async (path: string, allowed = '') => {
    const forum = await startForum({ settings: { discourse_connect_allowed_redirect_domains: allowed } });
    const page = await logIn(forum, sam, { query: `?return_path=${encodeURIComponent(path)}` });
    return page.location.replace(forum.origin, '');
  };

  test.each([
    ['/t/welcome/1?page=2', '/t/welcome/1?page=2'],
    ['//evil.example/x', '/'],
    ['///evil.example/x', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['t/welcome/1', '/'],
    ['https://evil.example/ x', '/'],
    ['/session/sso', '/'],
    ['/x?next=/session/sso_login', '/'],
    ['/\\evil.example', '/\\evil.example'],
  ])('%s leads to %s', async (path, expected) => {
    expect(await landing(path)).toBe(expected);
  });

  test('a path stays on the forum: the address is written out', async () => {
    const forum = await startForum();
    const page = await logIn(forum, sam, { query: '?return_path=/%5Cevil.example' });
    expect(new URL(page.location).origin).toBe(forum.origin);
  });

  test('the own host and allowed hosts may be named in full; a star stands for all, and only alone', async () => {
    expect(await landing('http://127.0.0.1:1/t/1')).toBe('http://127.0.0.1:1/t/1');
    expect(await landing('https://a.example/t/1', 'b.example|a.example')).toBe('https://a.example/t/1');
    expect(await landing('https://x.a.example/', 'a.example|*.a.example')).toBe('/');
    expect(await landing('https://any.example/', '*')).toBe('https://any.example/');
    expect(await landing('https://any.example/session/sso', '*')).toBe('/');
  });

  test('an empty return path spoils the nonce', async () => {
    const forum = await startForum();
    expect((await logIn(forum, sam, { query: '?return_path=' })).status).toBe(419);
  });

  test('a control character in the path is a 500', async () => {
    const forum = await startForum();
    const page = await logIn(forum, sam, { query: '?return_path=/a%0d%0aset-cookie:x' });
    expect([page.status, errorKey(page)]).toEqual([500, 'unknown_error']);
  });

  test('the destination cookie counts with its path only, and only without a return path', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const set = () =>
      browser.jar.setCookie('destination_url=https%3A%2F%2Fevil.example%2Ft%2F1%3Fa%3Db', forum.origin);
    await set();
    expect((await logIn(forum, sam, { browser })).location).toBe(`${forum.origin}/t/1?a=b`);
    expect((await logIn(forum, sam, { browser })).location).toBe(`${forum.origin}/`);
    await set();
    expect((await logIn(forum, sam, { browser, query: '?return_path=/u' })).location).toBe(
      `${forum.origin}/u`,
    );
  });

  test('login_required leads through the login to the page that was asked for', async () => {
    const forum = await startForum({ settings: { login_required: true } });
    const browser = new Browser();
    const refused = await browser.get(`${forum.origin}/t/ideas/3?x=1`);
    expect([refused.status, refused.location]).toEqual([302, `${forum.origin}/session/sso`]);
    expect((await logIn(forum, sam, { browser })).location).toBe(`${forum.origin}/t/ideas/3?x=1`);
    expect((await browser.get(`${forum.origin}/t/ideas/3`)).status).toBe(200);
  });
});

describe('sessions and logging out', () => {
  test('each login gets a new session cookie, and a planted one is worth nothing', async () => {
    const forum = await startForum();
    const attacker = new Browser();
    const nonce = await begin(forum, attacker);
    const planted = (await attacker.jar.getCookies(forum.origin))[0];
    const victim = new Browser();
    await victim.jar.setCookie(`${planted?.key}=${planted?.value}`, forum.origin);
    await victim.get(answerUrl(forum, { nonce, ...sam }));
    expect(await whoIs(forum, victim)).toBe('sam');
    expect(await whoIs(forum, attacker)).toBeNull();
  });

  test('another person logs in over the first; the same person keeps the session', async () => {
    const forum = await startForum();
    const browser = new Browser();
    const cookie = async () => (await browser.jar.getCookies(forum.origin))[0]?.value;
    await logIn(forum, sam, { browser });
    const first = await cookie();
    await logIn(forum, sam, { browser });
    expect(await cookie()).toBe(first);
    await logIn(forum, { external_id: '8', email: 'eve@example.com', username: 'eve' }, { browser });
    expect(await cookie()).not.toBe(first);
    expect(await whoIs(forum, browser)).toBe('eve');
  });

  test('logging out by button, by DELETE, by script; the landing page', async () => {
    const forum = await startForum();
    const browser = new Browser();
    await logIn(forum, sam, { browser });
    const url = `${forum.origin}/session/sam`;
    expect((await browser.post(url, { _method: 'delete' }, { origin: 'https://evil.example' })).status).toBe(
      403,
    );
    expect((await browser.post(url)).status).toBe(404);
    expect(await whoIs(forum, browser)).toBe('sam');
    const out = await browser.post(url, { _method: 'delete' }, { origin: forum.origin });
    expect([out.status, out.location]).toEqual([302, `${forum.origin}/`]);
    expect(await whoIs(forum, browser)).toBeNull();

    await logIn(forum, sam, { browser });
    forum.changeSettings({ logout_redirect: 'https://site.example.com/logout' });
    const deleted = await browser.fetch(url, { method: 'DELETE' });
    expect([deleted.status, deleted.location]).toEqual([302, 'https://site.example.com/logout']);
    expect(await whoIs(forum, browser)).toBeNull();

    const script = await browser.fetch(`${url}?return_url=/t/ideas/3`, {
      method: 'DELETE',
      headers: { 'x-requested-with': 'XMLHttpRequest', accept: 'application/json' },
    });
    expect(JSON.parse(script.text)).toEqual({ redirect_url: '/t/ideas/3' });
    const foreign = await browser.fetch(`${url}?return_url=https://evil.example/`, { method: 'DELETE' });
    expect(foreign.location).toBe('https://site.example.com/logout');
    expect((await browser.fetch(`${url}?return_url=%`, { method: 'DELETE' })).status).toBe(400);
    forum.changeSettings({ logout_redirect: '', login_required: true });
    expect((await browser.fetch(url, { method: 'DELETE' })).location).toBe(`${forum.origin}/login-required`);
    expect((await browser.get(`${forum.origin}/login-required`)).status).toBe(200);
  });

  test('an admin can end all sessions of a person', async () => {
    const forum = await startForum();
    const browsers = [new Browser(), new Browser()];
    for (const browser of browsers) await logIn(forum, sam, { browser });
    expect((await new Browser().post(`${forum.origin}/emulator/admin/users/1/log_out`)).status).toBe(303);
    for (const browser of browsers) expect(await whoIs(forum, browser)).toBeNull();
  });
});
