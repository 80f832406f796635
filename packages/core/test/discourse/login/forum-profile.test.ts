import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import { readForumProfile } from '../../../src/discourse/index.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { Accounts, Browser, sam, site } from './site.js';

const secret = randomBytes(16).toString('hex');

/** A site on the first of June, and what its forum posts. */
function siteWithWebhook(more: Parameters<typeof site>[0] = {}) {
  const own = site(
    { ...new Accounts().callbacks, webhook: { secret }, ...more },
    {},
    { now: new Date('2026-06-01T00:00:00Z') },
  );
  let id = 0;
  const deliver = async (user: object) => {
    const body = Buffer.from(JSON.stringify({ user }));
    const reply = await own.sso.handle({
      method: 'POST',
      url: '/sso/discourse-login/webhook',
      headers: {
        'x-discourse-event-id': String(++id),
        'x-discourse-event-type': 'user',
        'x-discourse-event': 'user_updated',
        'x-discourse-event-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      },
      ip: '198.51.100.7',
      body: async () => body,
    });
    return String(reply?.body);
  };
  const read = (who: Parameters<typeof readForumProfile>[2]) =>
    readForumProfile(own.store, 'discourse-login', who);
  return { own, deliver, read };
}

const record = {
  id: 42,
  username: 'sam',
  name: 'Sam Saffron',
  email: 'sam@example.com',
  admin: false,
  moderator: true,
  title: 'Co-founder',
  trust_level: 4,
  avatar_template: '/user_avatar/forum.example.com/sam/{size}/7_2.png',
  user_option: { timezone: 'Australia/Sydney' },
  last_seen_at: '2026-07-01T00:00:00.000Z',
  groups: [{ id: 10, name: 'trust_level_0' }],
};

describe('the stored profile', () => {
  test('is there after a login, by the forum’s number and by the site’s id', async () => {
    const { own, read } = siteWithWebhook();
    expect(await read({ forumUserId: '42' })).toBeNull();
    expect(await read({ siteUserId: 'new-1' })).toBeNull();
    await new Browser(own).signInWithForum({ ...sam, avatar_url: 'https://cdn.example.com/a.png' });
    const profile = await read({ siteUserId: 'new-1' });
    expect(profile).toMatchObject({
      id: '42',
      username: 'sam',
      name: 'Sam Saffron',
      email: 'sam@example.com',
      admin: false,
      moderator: false,
      groups: ['trust_level_0', 'eurorack'],
      suspended: false,
      source: 'login',
      storedAt: new Date('2026-06-01T00:00:00Z'),
    });
    expect(profile).not.toHaveProperty('timezone');
    expect(profile?.avatarUrl(48)).toBe('https://cdn.example.com/a.png');
    expect(await read({ forumUserId: '42' })).toMatchObject({ id: '42' });
    expect(await readForumProfile(own.store, 'another', { forumUserId: '42' })).toBeNull();
  });

  test('gains what only webhooks bring, and a login does not take it away', async () => {
    const { own, deliver, read } = siteWithWebhook();
    await new Browser(own).signInWithForum({ ...sam, avatar_url: 'https://cdn.example.com/a.png' });
    expect(await deliver(record)).toBe('handled');
    const profile = await read({ forumUserId: '42' });
    expect(profile).toMatchObject({
      moderator: true,
      groups: ['trust_level_0'],
      timezone: 'Australia/Sydney',
      title: 'Co-founder',
      trustLevel: 4,
      source: 'webhook',
    });
    const address = 'https://forum.example.com/user_avatar/forum.example.com/sam/48/7_2.png';
    expect(profile?.avatarUrl(48)).toBe(address);
    for (const size of [0, -1, 1.5, 1_001, Number.NaN])
      expect(() => profile?.avatarUrl(size)).toThrow(RangeError);
    const { groups: _, ...silent } = sam;
    await new Browser(own).signInWithForum(silent);
    expect(await read({ forumUserId: '42' })).toMatchObject({
      moderator: false,
      groups: ['trust_level_0'],
      timezone: 'Australia/Sydney',
      source: 'login',
    });
  });

  test.each([
    ['//cdn.example.com/{size}.png', 'https://cdn.example.com/20.png'],
    ['https://cdn.example.com/{size}.png', 'https://cdn.example.com/20.png'],
    ['javascript:alert({size})', undefined],
    ['{size}.png', undefined],
    ['', undefined],
  ])('the pattern %j of a picture becomes %j', async (avatar_template, address) => {
    const { deliver, read } = siteWithWebhook();
    await deliver({ ...record, avatar_template });
    expect((await read({ forumUserId: '42' }))?.avatarUrl(20)).toBe(address);
  });

  test('holds no name and no address where these are not exposed', async () => {
    const { own, deliver, read } = siteWithWebhook({ exposeName: false, exposeEmail: false });
    await new Browser(own).signInWithForum();
    expect(await read({ forumUserId: '42' })).toMatchObject({ name: '', email: '' });
    await deliver(record);
    expect(await read({ forumUserId: '42' })).toMatchObject({ name: '', email: '', title: 'Co-founder' });
    expect((await own.store.profiles?.read('discourse-login', '42'))?.json).not.toContain('sam@example.com');
  });

  test('of a person with thousands of groups is kept without them', async () => {
    const { deliver, read } = siteWithWebhook();
    const groups = Array.from({ length: 4_000 }, (_, i) => ({ id: i, name: `a_group_of_the_forum_${i}` }));
    await deliver({ ...record, groups });
    const profile = await read({ forumUserId: '42' });
    expect(profile).toMatchObject({ username: 'sam' });
    expect(profile).not.toHaveProperty('groups');
  });

  test('is forgotten with the person', async () => {
    const { own, read } = siteWithWebhook();
    await new Browser(own).signInWithForum();
    await own.sso.remove('new-1');
    expect(await read({ forumUserId: '42' })).toBeNull();
    expect(await read({ siteUserId: 'new-1' })).toBeNull();
  });

  test('at a site without accounts of its own is found by the site’s id, if there are webhooks', async () => {
    const own = site({ webhook: { secret } });
    const browser = new Browser(own);
    await browser.signInWithForum();
    const siteUserId = (await browser.user())?.id ?? '';
    expect(await readForumProfile(own.store, 'discourse-login', { siteUserId })).toMatchObject({ id: '42' });
    // Without them all that is known of a person is in their session.
    const without = site();
    await new Browser(without).signInWithForum();
    expect(await readForumProfile(without.store, 'discourse-login', { siteUserId })).toBeNull();
  });

  test.each(['', '[]', 'null', '{"id":42}', '{"id":"42","username":"sam"}'])(
    'that somebody else has written over (%s) is none',
    async (json) => {
      const store = memoryStore();
      await store.profiles?.write('discourse-login', '42', { json, version: '2026' });
      expect(await readForumProfile(store, 'discourse-login', { forumUserId: '42' })).toBeNull();
    },
  );

  test('of a store that is gone is an error with a code; of one without profiles, none', async () => {
    const { oneTime, revocations } = memoryStore();
    expect(
      await readForumProfile({ oneTime, revocations, shared: true }, 'x', { forumUserId: '1' }),
    ).toBeNull();
    const gone = () => Promise.reject(new Error('connection refused'));
    const store = { oneTime, revocations, profiles: { read: gone, write: gone, remove: gone }, shared: true };
    await expect(readForumProfile(store, 'x', { forumUserId: '1' })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    });
  });
});
