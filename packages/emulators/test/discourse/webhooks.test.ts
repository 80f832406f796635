import { createHmac } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type {
  DiscourseEmulator,
  DiscourseEmulatorOptions,
  NewWebhook,
  Schedule,
} from '../../src/discourse/index.js';
import { Browser } from './browser.js';
import { requestUrl, sam as samAccount, startProvider } from './provider-client.js';
import { type Received, Receiver } from './receiver.js';
import { closeForums, logIn, startForum, startPlainForum } from './site.js';

const secret = 'webhook-secret-of-12-or-more';
const sam = { external_id: '7', email: 'sam@example.com', username: 'sam', name: 'Sam Saffron' };
const olaf = { username: 'olaf', email: 'olaf@example.com', groups: ['makers'] };

let receiver = new Receiver();
let url = '';

beforeEach(async () => {
  receiver = new Receiver();
  url = await receiver.start();
});

afterEach(async () => {
  await closeForums();
  await receiver.stop();
});

const start = (
  options: DiscourseEmulatorOptions = {},
  webhook: Partial<NewWebhook> = {},
): Promise<DiscourseEmulator> =>
  startPlainForum({ users: [olaf], webhooks: [{ url, secret, ...webhook }], ...options });

/** Waits for what is under way; the events that arrived, in no order. */
async function arrived(forum: DiscourseEmulator): Promise<readonly string[]> {
  await forum.webhooks.settled();
  return [...receiver.events()].sort();
}

/** The event of that name, which must have come once. */
function only(event: string): Received {
  const found = receiver.received.filter((webhook) => webhook.event === event);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${event} came ${found.length} times`);
  return first;
}

describe('a delivery', () => {
  test('is a POST with Discourse’s headers, signed over the bytes of the body', async () => {
    const forum = await start();
    forum.updateProfile('olaf', { name: 'Ólafur ☃ <b>&</b>' });
    await arrived(forum);
    const { method, url: path, rawHeaders, body, httpVersion } = only('user_updated');
    expect([method, path, httpVersion]).toEqual(['POST', '/hook?from=forum', '1.1']);
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    expect(rawHeaders.filter(([name]) => name !== 'Host')).toEqual([
      ['Accept', '*/*'],
      ['Connection', 'close'],
      ['Content-Length', String(body.byteLength)],
      ['Content-Type', 'application/json'],
      ['User-Agent', expect.stringMatching(/^Discourse\/\d/)],
      ['X-Discourse-Instance', forum.origin],
      ['X-Discourse-Event-Id', '1'],
      ['X-Discourse-Event-Type', 'user'],
      ['X-Discourse-Event', 'user_updated'],
      ['X-Discourse-Event-Signature', `sha256=${signature}`],
    ]);
    expect(body.toString('utf8')).toContain('"name":"Ólafur ☃ <b>&</b>"');
  });

  test('without a secret it is not signed; as a form it still is JSON', async () => {
    const forum = await start({}, { secret: '', contentType: 'application/x-www-form-urlencoded' });
    forum.updateProfile('olaf', { name: 'Olaf' });
    await arrived(forum);
    const { headers, json } = only('user_updated');
    expect(headers).not.toHaveProperty('x-discourse-event-signature');
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(json).toMatchObject({ user: { name: 'Olaf' } });
  });

  test('is remembered with request and answer', async () => {
    const forum = await start();
    forum.updateProfile('olaf', {});
    await arrived(forum);
    expect(forum.webhooks.deliveries()).toEqual([
      {
        id: 1,
        webhookId: 1,
        type: 'user',
        event: 'user_updated',
        at: expect.any(Date),
        requestHeaders: expect.arrayContaining([['X-Discourse-Event', 'user_updated']]),
        requestBody: only('user_updated').body.toString('utf8'),
        status: 200,
        responseHeaders: expect.arrayContaining([['x-receiver', 'test']]),
        responseBody: 'received user_updated',
        error: '',
        durationMs: expect.any(Number),
        retry: 0,
        sent: 1,
      },
    ]);
  });

  test('shows the account as it was at that moment, not at the time of sending', async () => {
    const forum = await start();
    forum.updateProfile('olaf', { name: 'First' });
    forum.updateProfile('olaf', { name: 'Second' });
    await arrived(forum);
    const names = receiver.received.map(({ json }) => json.user);
    expect(names).toHaveLength(2);
    expect(names).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'First' }),
        expect.objectContaining({ name: 'Second' }),
      ]),
    );
  });

  test('runs beside the others: a slow one holds nobody up', async () => {
    const forum = await start();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    receiver.answer = async ({ headers }) => {
      if (headers['x-discourse-event-id'] === '1') await gate;
      else release();
      return 200;
    };
    forum.updateProfile('olaf', { name: 'Slow' });
    forum.updateProfile('olaf', { name: 'Fast' });
    await arrived(forum);
    expect(forum.webhooks.deliveries().map(({ status }) => status)).toEqual([200, 200]);
  });

  test('goes to every webhook that wants the event, with numbers of its own', async () => {
    const forum = await start({}, { events: ['user_updated'] });
    const second = forum.webhooks.create({ url, secret: 'another-secret-of-12' });
    forum.webhooks.create({ url, active: false });
    forum.updateProfile('olaf', {});
    forum.suspend('olaf', new Date(Date.now() + 60_000));
    expect(await arrived(forum)).toEqual([
      'user_logged_out',
      'user_suspended',
      'user_updated',
      'user_updated',
    ]);
    const ids = receiver.received.map(({ headers }) => Number(headers['x-discourse-event-id']));
    expect([...ids].sort()).toEqual([1, 2, 3, 4]);
    expect(forum.webhooks.deliveries(second.id)).toHaveLength(3);
    forum.webhooks.remove(second.id);
    expect(forum.webhooks.deliveries().map(({ webhookId }) => webhookId)).toEqual([1]);
  });

  test('impossible webhooks are refused', async () => {
    const forum = await start();
    expect(() => forum.webhooks.create({ url: 'ftp://x.example' })).toThrow('http(s)');
    expect(() => forum.webhooks.create({ url: '/path' })).toThrow('http(s)');
    expect(() => forum.webhooks.create({ url, secret: 'eleven-char' })).toThrow('12 characters');
    expect(() => forum.webhooks.create({ url, events: [] })).toThrow(TypeError);
    expect(() => forum.webhooks.update(1, { secret: 'short' })).toThrow('12 characters');
    expect(() => forum.webhooks.ping(9)).toThrow(TypeError);
    expect(() => forum.webhooks.redeliver(9)).toThrow(TypeError);
    await expect(start({}, { secret: 'short' })).rejects.toThrow('12 characters');
    expect(forum.webhooks.list()).toMatchObject([{ url, secret, active: true }]);
  });
});

describe('the body', () => {
  test('of a user: the profile as an admin sees it', async () => {
    const forum = await startForum({
      groups: ['makers'],
      webhooks: [{ url, secret, events: ['user_updated'] }],
    });
    const fields = {
      ...sam,
      avatar_url: 'https://site.example.com/a.png',
      bio: 'Hi',
      add_groups: 'makers',
      admin: true,
    };
    await logIn(forum, fields, { custom: { user_field_2: 'Blue' } });
    await arrived(forum);
    const { user } = only('user_updated').json;
    expect(user).toMatchObject({
      id: 1,
      username: 'sam',
      name: 'Sam Saffron',
      avatar_template: expect.stringMatching(/^\/user_avatar\/127\.0\.0\.1\/sam\/\{size\}\/\d+_2\.png$/),
      email: 'sam@example.com',
      secondary_emails: [],
      admin: true,
      moderator: false,
      trust_level: 0,
      title: null,
      staged: false,
      locale: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      last_posted_at: null,
      post_count: 0,
      badge_count: 0,
      primary_group_id: null,
      user_fields: { '2': 'Blue' },
      user_option: { user_id: 1, timezone: null },
      external_id: '7',
    });
    expect(user).toMatchObject({
      groups: [
        { id: 1, name: 'admins', automatic: true },
        { id: 3, name: 'staff', automatic: true },
        { id: 10, name: 'trust_level_0', automatic: true, display_name: 'trust_level_0' },
        { id: 41, name: 'makers', automatic: false, user_count: 1 },
      ],
    });
    // What nobody but the person may know, and what the forum does not say.
    for (const name of [
      'active',
      'ip_address',
      'can_edit',
      'custom_fields',
      'suspended_till',
      'single_sign_on_record',
    ]) {
      expect(user).not.toHaveProperty(name);
    }
  });

  test('of somebody without name, link and group, with a time zone and suspended', async () => {
    const forum = await start({
      users: [{ username: 'olaf', email: 'olaf@example.com', timezone: 'Europe/Oslo' }],
    });
    forum.suspend('olaf', new Date('2030-01-01T00:00:00Z'), 'Spam');
    await arrived(forum);
    const { user } = only('user_suspended').json;
    expect(user).toMatchObject({
      name: null,
      avatar_template: expect.stringMatching(
        /^\/letter_avatar_proxy\/v4\/letter\/o\/[0-9a-f]{6}\/\{size\}\.png$/,
      ),
      groups: [{ name: 'trust_level_0' }],
      user_option: { timezone: 'Europe/Oslo' },
      suspended_till: '2030-01-01T00:00:00.000Z',
      suspend_reason: 'Spam',
    });
    expect(user).not.toHaveProperty('external_id');
  });

  test('of a membership: numbers only', async () => {
    const forum = await start({ groups: ['testers'] });
    forum.addToGroup('olaf', 'testers');
    forum.addToGroup('olaf', 'testers');
    forum.removeFromGroup('olaf', 'testers');
    expect(await arrived(forum)).toEqual(['user_added_to_group', 'user_removed_from_group']);
    const { json, headers } = only('user_added_to_group');
    expect(headers['x-discourse-event-type']).toBe('group_user');
    expect(json).toEqual({
      group_user: {
        id: expect.any(Number),
        group_id: 41,
        user_id: 1,
        notification_level: 3,
        owner: false,
        created_at: expect.any(String),
      },
    });
    expect(only('user_removed_from_group').json).toEqual(json);
  });
});

describe('which events come', () => {
  test('a first login through the site: the account is made before it has a link', async () => {
    const forum = await startForum({ webhooks: [{ url, secret }] });
    await logIn(forum, { ...sam, admin: true });
    expect(await arrived(forum)).toEqual([
      'user_added_to_group',
      'user_added_to_group',
      'user_added_to_group',
      'user_created',
      'user_logged_in',
    ]);
    expect(only('user_created').json.user).not.toHaveProperty('external_id');
    expect(only('user_logged_in').json.user).toMatchObject({ external_id: '7', last_seen_at: null });
  });

  test('a later login: only that, unless user name or picture change', async () => {
    const forum = await startForum({
      settings: { auth_overrides_username: true, auth_overrides_name: true },
    });
    const browser = new Browser();
    await logIn(forum, sam, { browser });
    forum.webhooks.create({ url });
    await logIn(forum, sam, { browser });
    expect(await arrived(forum)).toEqual([]);
    await logIn(forum, { ...sam, name: 'Samuel', title: 'Boss' });
    expect(await arrived(forum)).toEqual(['user_logged_in']);
    await logIn(forum, { ...sam, username: 'samuel', avatar_url: 'https://x.example/a.png' }, { browser });
    expect(await arrived(forum)).toEqual(['user_logged_in', 'user_updated', 'user_updated']);
  });

  test('a sign-up at the forum: made, confirmed by mail, logged in', async () => {
    const forum = await start();
    const browser = new Browser();
    await browser.post(`${forum.origin}/signup`, {
      username: 'newcomer',
      email: 'new@example.com',
      name: '',
    });
    expect(await arrived(forum)).toEqual(['user_added_to_group', 'user_created']);
    await browser.post(forum.origin + (forum.mails().at(-1)?.path ?? ''));
    expect(await arrived(forum)).toEqual([
      'user_added_to_group',
      'user_confirmed_email',
      'user_created',
      'user_logged_in',
    ]);
    expect(only('user_logged_in').json.user).toMatchObject({ username: 'newcomer' });
  });

  test('a log-out, only while log_out_strict is on', async () => {
    const forum = await startProvider({ webhooks: [{ url, secret, events: ['user_logged_out'] }] });
    const logOut = async (): Promise<void> => {
      const browser = new Browser();
      await browser.post(`${forum.origin}/session`, { login: 'sam' });
      await browser.fetch(`${forum.origin}/session/sam`, { method: 'DELETE' });
    };
    await logOut();
    expect(await arrived(forum)).toEqual(['user_logged_out']);
    const browser = new Browser();
    await browser.post(`${forum.origin}/session`, { login: 'sam' });
    await browser.get(requestUrl(forum, { logout: true }));
    expect(await arrived(forum)).toHaveLength(2);
    forum.changeSettings({ log_out_strict: false });
    await logOut();
    expect(await arrived(forum)).toHaveLength(2);
    // Nobody was logged in.
    forum.changeSettings({ log_out_strict: true });
    await new Browser().get(requestUrl(forum, { logout: true }));
    expect(await arrived(forum)).toHaveLength(2);
  });

  test('by staff: logged out, suspended, unsuspended, confirmed, approved, destroyed', async () => {
    const forum = await start({
      settings: { must_approve_users: true },
      users: [{ ...olaf, approved: false, active: false }],
    });
    forum.activate('olaf');
    forum.approve('olaf');
    forum.approve('olaf');
    forum.logOut('olaf');
    forum.suspend('olaf', new Date(Date.now() + 60_000));
    forum.unsuspend('olaf');
    forum.remove('olaf');
    expect(await arrived(forum)).toEqual([
      'user_approved',
      'user_confirmed_email',
      'user_destroyed',
      'user_logged_out',
      'user_logged_out',
      'user_suspended',
      'user_unsuspended',
    ]);
    // As the account was: nothing in it says that it is gone.
    expect(only('user_destroyed').json.user).toMatchObject({
      id: 1,
      username: 'olaf',
      email: 'olaf@example.com',
    });
    expect(only('user_destroyed').json).toMatchObject({
      user: { groups: [{ name: 'trust_level_0' }, { name: 'makers' }] },
    });
  });

  test('none for "log out all", deactivation and staff rights; of trust levels only memberships', async () => {
    const forum = await startProvider({ webhooks: [{ url, secret }] });
    const browser = new Browser();
    await browser.post(`${forum.origin}/session`, { login: 'sam' });
    expect(await arrived(forum)).toEqual(['user_logged_in']);
    const page = await browser.post(`${forum.origin}/u/sam/preferences/log-out-all`);
    expect(page.status).toBe(303);
    expect((await browser.get(`${forum.origin}/u/sam/preferences`)).status).toBe(404);
    forum.deactivate('sam');
    expect(await arrived(forum)).toEqual(['user_logged_in']);
    forum.setStaff('sam', { moderator: true });
    forum.setTrustLevel('sam', 2);
    forum.setStaff('sam', { moderator: false });
    const events = (await arrived(forum)).slice();
    expect(events.filter((event) => event === 'user_added_to_group')).toHaveLength(4);
    expect(events.filter((event) => event === 'user_removed_from_group')).toHaveLength(2);
    expect(events).toHaveLength(7);
  });

  test('anonymizing: updated twice, first with the old address, and no log-out', async () => {
    const forum = await start();
    const name = forum.anonymize('olaf');
    expect(await arrived(forum)).toEqual(['user_updated', 'user_updated']);
    const users = [...receiver.received]
      .sort((a, b) => Number(a.headers['x-discourse-event-id']) - Number(b.headers['x-discourse-event-id']))
      .map(({ json }) => json.user);
    expect(users).toMatchObject([
      { username: name, email: 'olaf@example.com' },
      { username: name, email: `${name}@anonymized.invalid`, name: null },
    ]);
  });

  test('changes of the profile, the address and the user name', async () => {
    const forum = await startProvider({ webhooks: [{ url, secret }], users: [samAccount] });
    const browser = new Browser();
    await browser.post(`${forum.origin}/session`, { login: 'sam' });
    const page = await browser.get(`${forum.origin}/u/sam/preferences`);
    expect(page.text).toContain('value="Sam Saffron"');
    const saved = await browser.post(`${forum.origin}/u/sam/preferences`, {
      name: 'Samuel',
      email: 'samuel@example.com',
      bio: 'Hello',
      website: '',
      location: '',
      timezone: 'Europe/Rome',
    });
    expect(saved.status).toBe(303);
    forum.changeUsername('sam', 'samuel');
    const created = forum.createUser({ username: 'anna', email: 'anna@example.com' });
    expect(created).toMatchObject({ username: 'anna', active: true });
    expect(await arrived(forum)).toEqual([
      'user_added_to_group',
      'user_created',
      'user_logged_in',
      'user_updated',
      'user_updated',
      'user_updated',
    ]);
    expect(forum.account('samuel')).toMatchObject({
      name: 'Samuel',
      email: 'samuel@example.com',
      bio: 'Hello',
      timezone: 'Europe/Rome',
    });
    expect(() => forum.changeUsername('samuel', 'anna')).toThrow('unique');
    expect(() => forum.changeEmail('samuel', 'anna@example.com')).toThrow('taken');
    expect((await new Browser().get(`${forum.origin}/u/samuel/preferences`)).status).toBe(404);
  });
});

describe('when the receiver is in trouble', () => {
  /** A timer that runs when the test says so. */
  class Timer {
    readonly planned: { readonly action: () => void; readonly minutes: number }[] = [];
    canceled = 0;
    readonly schedule: Schedule = (action, delayMs) => {
      this.planned.push({ action, minutes: delayMs / 60_000 });
      return () => {
        this.canceled++;
      };
    };
    /** Runs the next one: after how many minutes it was due. */
    next(): number | undefined {
      const due = this.planned.shift();
      due?.action();
      return due?.minutes;
    }
  }

  const retrying = (timer: Timer, options: DiscourseEmulatorOptions = {}) =>
    start({ schedule: timer.schedule, settings: { retry_web_hook_events: true }, ...options });

  test('errors are tried again after 1, 5, 25 and 125 minutes, each time as a new event', async () => {
    const timer = new Timer();
    const forum = await retrying(timer);
    receiver.answer = () => 500;
    forum.updateProfile('olaf', {});
    const delays: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      await forum.webhooks.settled();
      delays.push(timer.next());
    }
    expect(delays).toEqual([1, 5, 25, 125, undefined]);
    const ids = receiver.received.map(({ headers }) => headers['x-discourse-event-id']);
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
    expect(new Set(receiver.received.map(({ body }) => body.toString('utf8'))).size).toBe(1);
    expect(forum.webhooks.deliveries().map(({ retry }) => retry)).toEqual([0, 1, 2, 3, 4]);
    expect(forum.webhooks.list()[0]?.active).toBe(true);
  });

  test('a success ends it; a redirect is an error and not followed', async () => {
    const timer = new Timer();
    const forum = await retrying(timer);
    receiver.answer = () => 302;
    forum.updateProfile('olaf', {});
    await forum.webhooks.settled();
    receiver.answer = () => 204;
    expect(timer.next()).toBe(1);
    await forum.webhooks.settled();
    expect(timer.next()).toBeUndefined();
    expect(forum.webhooks.deliveries().map(({ status }) => status)).toEqual([302, 204]);
  });

  test('not at all while the setting is off', async () => {
    const timer = new Timer();
    const forum = await retrying(timer, { settings: { retry_web_hook_events: false } });
    receiver.answer = () => 503;
    forum.updateProfile('olaf', {});
    await forum.webhooks.settled();
    expect(timer.planned).toEqual([]);
  });

  test.each([404, 410])(
    '%i is not tried again, and as the last answer switches the webhook off',
    async (status) => {
      const timer = new Timer();
      const forum = await retrying(timer);
      receiver.answer = () => status;
      forum.updateProfile('olaf', {});
      await forum.webhooks.settled();
      expect(timer.planned).toEqual([]);
      expect(forum.webhooks.list()[0]?.active).toBe(true);

      receiver.answer = () => 500;
      forum.updateProfile('olaf', {});
      for (let i = 0; i < 4; i++) {
        await forum.webhooks.settled();
        if (i === 3) receiver.answer = () => status;
        timer.next();
      }
      await forum.webhooks.settled();
      expect(forum.webhooks.list()[0]?.active).toBe(false);
      const before = receiver.received.length;
      forum.updateProfile('olaf', {});
      await forum.webhooks.settled();
      expect(receiver.received).toHaveLength(before);
      // A ping goes there all the same.
      await forum.webhooks.ping(1);
      expect(receiver.events().at(-1)).toBe('ping');
      forum.webhooks.update(1, { active: true });
      forum.updateProfile('olaf', {});
      await forum.webhooks.settled();
      expect(receiver.received).toHaveLength(before + 2);
    },
  );

  test('no answer is −1 and not tried again: broken off, refused, too slow', async () => {
    const timer = new Timer();
    const forum = await retrying(timer, { webhookTimeoutMs: 60 });
    receiver.answer = () => 'reset';
    forum.updateProfile('olaf', {});
    await forum.webhooks.settled();
    receiver.answer = () => 'silence';
    forum.updateProfile('olaf', {});
    await forum.webhooks.settled();
    forum.webhooks.update(1, { url: 'http://127.0.0.1:1/' });
    forum.updateProfile('olaf', {});
    await forum.webhooks.settled();
    const deliveries = forum.webhooks.deliveries();
    expect(deliveries.map(({ status }) => status)).toEqual([-1, -1, -1]);
    expect(deliveries.map(({ error }) => error)).toEqual([
      expect.stringMatching(/hang up|RESET/i),
      'No answer within 60 ms.',
      expect.stringContaining('ECONNREFUSED'),
    ]);
    expect(timer.planned).toEqual([]);
  });

  test('closing breaks off what is under way and cancels what is planned', async () => {
    const timer = new Timer();
    const forum = await retrying(timer);
    receiver.answer = () => 500;
    forum.updateProfile('olaf', {});
    await forum.webhooks.settled();
    receiver.answer = () => 'silence';
    forum.updateProfile('olaf', {});
    const begin = performance.now();
    await forum.close();
    expect(performance.now() - begin).toBeLessThan(4_000);
    expect([timer.planned.length, timer.canceled]).toEqual([1, 1]);
    timer.next();
    await forum.webhooks.settled();
    expect(forum.webhooks.deliveries().at(-1)?.status).toBe(-1);
  });
});

describe('by hand', () => {
  test('a ping', async () => {
    const forum = await start({}, { events: ['user_created'] });
    await forum.webhooks.ping(1);
    const { body, headers } = only('ping');
    expect(body.toString('utf8')).toBe('{"ping":"OK"}');
    expect(headers).toMatchObject({ 'x-discourse-event-type': 'ping', 'x-discourse-event-id': '1' });
  });

  test('a redelivery has the same number, headers and body', async () => {
    const forum = await start();
    receiver.answer = () => 500;
    forum.updateProfile('olaf', { name: 'Then' });
    await forum.webhooks.settled();
    forum.updateProfile('olaf', { name: 'Now' });
    await forum.webhooks.settled();
    receiver.answer = () => 200;
    await forum.webhooks.redeliver(1);
    const [first, , again] = receiver.received;
    expect(again?.rawHeaders).toEqual(first?.rawHeaders);
    expect(again?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
    expect(forum.webhooks.deliveries()).toMatchObject([
      { id: 1, status: 200, sent: 2 },
      { id: 2, status: 500, sent: 1 },
    ]);
  });

  test('the pages show deliveries, ping and redeliver', async () => {
    const forum = await start({ webhooks: [] });
    const browser = new Browser();
    const post = (path: string, form: Record<string, string> = {}) =>
      browser.post(`${forum.origin}/emulator/admin${path}`, form);
    expect((await post('/webhooks', { url, secret: 'short' })).status).toBe(422);
    expect((await post('/webhooks', { url, secret, event: 'user_updated' })).status).toBe(303);
    expect((await browser.get(`${forum.origin}/admin/webhooks`)).text).toContain('user_updated');
    const pinged = await post('/webhooks/1/ping');
    expect([pinged.status, pinged.location]).toEqual([303, `${forum.origin}/admin/webhooks/1`]);
    forum.updateProfile('olaf', { name: '<i>Olaf</i>' });
    await forum.webhooks.settled();
    const { text } = await browser.get(`${forum.origin}/admin/webhooks/1`);
    expect(text).toContain('X-Discourse-Event-Signature: sha256=');
    expect(text).toContain('&lt;i&gt;Olaf&lt;/i&gt;');
    expect(text).toContain('received user_updated');
    expect(text).not.toContain(secret);
    const again = await post('/deliveries/2/redeliver');
    expect(again.location).toBe(`${forum.origin}/admin/webhooks/1#delivery-2`);
    expect(receiver.events()).toEqual(['ping', 'user_updated', 'user_updated']);
    await post('/webhooks/1/switch_off');
    expect(forum.webhooks.list()[0]?.active).toBe(false);
    await post('/webhooks/1/switch_on');
    expect(forum.webhooks.list()[0]?.active).toBe(true);
    expect((await post('/deliveries/99/redeliver')).status).toBe(422);
    expect((await browser.get(`${forum.origin}/admin/webhooks/9`)).status).toBe(404);
    await post('/webhooks/1/delete');
    expect(forum.webhooks.list()).toEqual([]);
    const headers = { origin: 'https://evil.example' };
    const foreign = await browser.post(`${forum.origin}/emulator/admin/webhooks`, { url }, headers);
    expect([foreign.status, forum.webhooks.list()]).toEqual([403, []]);
  });

  test('the same as JSON', async () => {
    const forum = await start({ webhooks: [] });
    const send = async (path: string, body: unknown) => {
      const { status, text } = await new Browser().fetch(forum.origin + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(body),
      });
      return { status, json: JSON.parse(text) };
    };
    expect(await send('/emulator/webhooks', { url, secret, events: ['user_updated'] })).toEqual({
      status: 201,
      json: { id: 1 },
    });
    expect((await send('/emulator/webhooks', { url, events: ['nonsense'] })).status).toBe(422);
    expect((await send('/emulator/webhooks', { secret })).status).toBe(422);
    expect((await send('/emulator/webhooks/1/ping', {})).status).toBe(200);
    expect((await send('/emulator/deliveries/1/redeliver', {})).status).toBe(200);
    expect((await send('/emulator/deliveries/9/redeliver', {})).status).toBe(422);
    expect(receiver.events()).toEqual(['ping', 'ping']);
    const { text } = await new Browser().get(`${forum.origin}/emulator/webhooks`);
    expect(JSON.parse(text)).toMatchObject([
      {
        id: 1,
        url,
        signed: true,
        events: ['user_updated'],
        deliveries: [{ id: 1, event: 'ping', status: 200, sent: 2 }],
      },
    ]);
  });
});
