import { afterEach, describe, expect, test } from '@jest/globals';

import type { DiscourseEmulator, DiscourseEmulatorOptions, SeedUser } from '../../src/discourse/index.js';
import { closeForums, errorKey, logIn, startForum } from './site.js';

afterEach(closeForums);

const sam = { external_id: '7', email: 'sam@example.com', username: 'sam', name: 'Sam Saffron' };
const bob: SeedUser = { username: 'bob', email: 'bob@example.com', name: 'Bob' };

/** Starts a forum with these settings. */
const withSettings = (
  settings: NonNullable<DiscourseEmulatorOptions['settings']>,
  more: Partial<DiscourseEmulatorOptions> = {},
) => startForum({ settings, ...more });

/** Logs in and gives the account back as it is then. */
async function after(
  forum: DiscourseEmulator,
  fields: Parameters<typeof logIn>[1],
  custom: Record<string, string> = {},
) {
  const page = await logIn(forum, fields, { custom });
  expect([page.status, errorKey(page)]).toEqual([302, null]);
  return forum.user(String(fields.external_id));
}

describe('finding or making the account', () => {
  test('a known external id is that account, whatever e-mail and user name say', async () => {
    const forum = await startForum({ users: [bob] });
    await logIn(forum, sam);
    const user = await after(forum, { external_id: '7', email: 'bob@example.com', username: 'bob' });
    expect(user).toMatchObject({ username: 'sam', email: 'sam@example.com' });
    expect(forum.users()).toHaveLength(2);
  });

  test('a known account needs no e-mail', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    expect(await after(forum, { external_id: '7', title: 'Maker' })).toMatchObject({
      title: 'Maker',
      username: 'sam',
    });
  });

  test('an account with that e-mail is taken over, in any case; an earlier link is replaced', async () => {
    const forum = await startForum({ users: [{ ...bob, externalId: 'old' }] });
    const user = await after(forum, { external_id: 'new', email: 'BOB@Example.com', username: 'robert' });
    expect(user).toMatchObject({ id: 1, username: 'bob', externalId: 'new', name: 'Bob' });
    expect(forum.user('old')).toBeUndefined();
    expect(forum.users()).toHaveLength(1);
  });

  test('with require_activation nobody is taken over: the e-mail is refused as taken', async () => {
    const forum = await startForum({ users: [bob] });
    const page = await logIn(forum, { external_id: '7', email: 'bob@example.com', require_activation: true });
    expect([page.status, errorKey(page)]).toEqual([500, 'email_error']);
    expect(forum.users()).toMatchObject([{ username: 'bob', externalId: null }]);
    expect(forum.log().at(-1)).toMatchObject({
      errorClass: 'ActiveRecord::RecordInvalid',
      reason: expect.stringContaining('has already been taken'),
    });
  });

  test('require_activation=1 or TRUE is not true: the account is taken over', async () => {
    for (const value of ['1', 'TRUE', 'yes', '']) {
      const forum = await startForum({ users: [bob] });
      await after(forum, { external_id: '7', email: 'bob@example.com', require_activation: value });
      expect(forum.user('7')?.username).toBe('bob');
    }
  });

  test('addresses with a plus are different people', async () => {
    const forum = await startForum();
    await logIn(forum, { external_id: '1', email: 'bob+1@example.com' });
    await logIn(forum, { external_id: '2', email: 'bob+2@example.com' });
    expect(forum.users().map(({ email }) => email)).toEqual(['bob+1@example.com', 'bob+2@example.com']);
  });

  test('a staged account becomes a real one and keeps its user name', async () => {
    const forum = await startForum({ users: [{ ...bob, staged: true, active: false }] });
    expect(forum.users()[0]?.groups).toEqual([]);
    const user = await after(forum, { external_id: '7', email: 'bob@example.com', username: 'bob' });
    expect(user).toMatchObject({ username: 'bob', staged: false, active: true, groups: ['trust_level_0'] });
  });

  test('a deactivated account is active again after the next login, unless require_activation', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    forum.deactivate('sam');
    const page = await logIn(forum, { ...sam, require_activation: true });
    expect(page.location).toBe(`${forum.origin}/u/account-created`);
    expect(forum.user('7')?.active).toBe(false);
    await logIn(forum, sam);
    expect(forum.user('7')?.active).toBe(true);
  });

  test('welcome mails: at activation, not when suppressed, not at later logins', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    await logIn(forum, sam);
    await logIn(forum, { external_id: '8', email: 'eve@example.com', suppress_welcome_message: true });
    expect(forum.mails()).toMatchObject([{ to: 'sam@example.com', kind: 'welcome' }]);
  });

  test('an e-mail is stored in lower case and without the blanks around it', async () => {
    const forum = await startForum();
    expect(await after(forum, { ...sam, email: ' Sam@Example.COM ' })).toMatchObject({
      email: 'sam@example.com',
    });
  });

  test('a taken user name gets a number', async () => {
    const forum = await startForum({ users: [bob] });
    expect(await after(forum, { ...sam, username: 'Bob' })).toMatchObject({ username: 'Bob1' });
  });

  test('user name and name when they are not sent', async () => {
    const forum = await startForum();
    expect(await after(forum, { ...sam, username: 'user_john', name: '' })).toMatchObject({
      name: 'User John',
    });
    const other = { external_id: '8', email: 'mail@mail.com' };
    expect(await after(forum, other)).toMatchObject({ username: 'user1', name: '' });
    forum.changeSettings({ use_email_for_username_and_name_suggestions: true });
    const third = { external_id: '9', email: 'mail2@mail.com' };
    expect(await after(forum, third)).toMatchObject({ username: 'mail2', name: 'Mail2' });
    const fourth = { external_id: '10', email: 'x@mail.com', name: 'John Smith' };
    expect(await after(forum, fourth)).toMatchObject({ username: 'John_Smith', name: 'John Smith' });
    forum.changeSettings({
      use_name_for_username_suggestions: false,
      use_email_for_username_and_name_suggestions: false,
    });
    const fifth = { external_id: '11', email: 'y@mail.com', name: 'John Doe' };
    expect(await after(forum, fifth)).toMatchObject({ username: 'user2', name: 'John Doe' });
  });
});

describe('what later logins change', () => {
  const changed = { ...sam, email: 'new@example.com', username: 'samuel', name: 'Samuel' };

  test('not e-mail, user name and name, unless the settings say so; what was sent is remembered', async () => {
    const forum = await startForum();
    await logIn(forum, sam);
    const user = await after(forum, changed);
    expect(user).toMatchObject({ email: 'sam@example.com', username: 'sam', name: 'Sam Saffron' });
    expect(user?.signOn).toMatchObject({
      externalEmail: 'new@example.com',
      externalUsername: 'samuel',
      externalName: 'Samuel',
      lastPayload: expect.stringContaining('email=new%40example.com'),
    });
  });

  test('auth_overrides_*', async () => {
    const forum = await withSettings({
      auth_overrides_email: true,
      email_editable: false,
      auth_overrides_username: true,
      auth_overrides_name: true,
    });
    await logIn(forum, sam);
    expect(await after(forum, changed)).toMatchObject({
      email: 'new@example.com',
      username: 'samuel',
      name: 'Samuel',
    });
    const blank = { ...changed, email: '', username: ' ', name: '' };
    expect(await after(forum, blank)).toMatchObject({
      email: 'new@example.com',
      username: 'samuel',
      name: 'Samuel',
    });
    expect(await after(forum, { ...changed, username: 'SAMUEL' })).toMatchObject({ username: 'SAMUEL' });
    expect(await after(forum, { ...changed, username: 'bob%the$admin' })).toMatchObject({
      username: 'bob_the_admin',
    });
  });

  test('an overridden e-mail that is taken refuses the login and changes nothing', async () => {
    const forum = await withSettings(
      { auth_overrides_email: true, email_editable: false, auth_overrides_name: true },
      { users: [bob] },
    );
    await logIn(forum, sam);
    const page = await logIn(forum, { ...changed, email: 'bob@example.com' });
    expect([page.status, errorKey(page)]).toEqual([500, 'email_error']);
    expect(forum.user('7')).toMatchObject({ email: 'sam@example.com', name: 'Sam Saffron' });
    expect(forum.user('7')?.signOn?.externalEmail).toBe('sam@example.com');
  });

  test('a changed e-mail with require_activation deactivates; another spelling of the same does not', async () => {
    const forum = await withSettings({ auth_overrides_email: true, email_editable: false });
    await logIn(forum, sam);
    await logIn(forum, { ...sam, email: 'SAM@example.com', require_activation: true });
    expect(forum.user('7')?.active).toBe(true);
    await logIn(forum, { ...sam, email: 'new@example.com', require_activation: true });
    expect(forum.user('7')).toMatchObject({ active: false, email: 'new@example.com' });
  });

  test('a number that a user name got once stays', async () => {
    const users = ['bill', 'bill1', 'bill2', 'bill4'].map((username) => ({
      username,
      email: `${username}@example.com`,
    }));
    const forum = await withSettings({ auth_overrides_username: true }, { users });
    expect(await after(forum, { ...sam, username: 'bill' })).toMatchObject({ username: 'bill3' });
    expect(await after(forum, { ...sam, username: 'bill' })).toMatchObject({ username: 'bill3' });
  });

  test('title, website, location: always when present, also when empty; bio only when empty or overridden', async () => {
    const forum = await startForum();
    const details = { title: 'Maker', website: 'https://sam.example/', location: 'Home', bio: 'First' };
    expect(await after(forum, { ...sam, ...details })).toMatchObject(details);
    const second = { title: 'Farmer', website: '', location: '', bio: 'Second' };
    expect(await after(forum, { ...sam, ...second })).toMatchObject({ ...second, bio: 'First' });
    expect(await after(forum, sam)).toMatchObject({ ...second, bio: 'First' });
    forum.changeSettings({ discourse_connect_overrides_bio: true });
    expect(await after(forum, { ...sam, bio: 'Third' })).toMatchObject({ bio: 'Third' });
    expect(await after(forum, { ...sam, bio: '' })).toMatchObject({ bio: '' });
    expect(await after(forum, { ...sam, title: '' })).toMatchObject({ title: '' });
  });

  test('a profile that is refused ends the login with an error; what was saved before stays', async () => {
    const forum = await startForum({ groups: ['makers'], maxUrlBytes: 65_000 });
    const page = await logIn(forum, { ...sam, title: 'Maker', bio: 'x'.repeat(3_001), add_groups: 'makers' });
    expect([page.status, errorKey(page)]).toEqual([500, 'unknown_error']);
    expect(forum.user('7')).toMatchObject({ title: 'Maker', bio: '', groups: ['trust_level_0'] });
    expect((await logIn(forum, { ...sam, bio: '🚀'.repeat(3_000) })).status).toBe(302);
    for (const website of [
      'sam.example',
      'ftp://sam.example/',
      'http://localhost/',
      'https://sam.example/ x',
    ]) {
      expect([website, (await logIn(forum, { ...sam, website })).status]).toEqual([website, 500]);
    }
    expect((await logIn(forum, { ...sam, website: 'https://sam.example/ü' })).status).toBe(302);
    expect((await logIn(forum, { ...sam, location: 'x'.repeat(3_001) })).status).toBe(500);
  });

  test('admin and moderator: true gives, false takes, all else leaves', async () => {
    const forum = await startForum();
    expect(await after(forum, { ...sam, admin: true, moderator: true })).toMatchObject({
      admin: true,
      moderator: true,
      groups: ['admins', 'moderators', 'staff', 'trust_level_0'],
    });
    expect(await after(forum, { ...sam, admin: '0', moderator: '' })).toMatchObject({
      admin: true,
      moderator: true,
    });
    expect(await after(forum, sam)).toMatchObject({ admin: true, moderator: true });
    expect(await after(forum, { ...sam, admin: false })).toMatchObject({
      admin: false,
      groups: ['moderators', 'staff', 'trust_level_0'],
    });
  });

  test('locale: at the start when allowed, later by force only, unknown ones never', async () => {
    const forum = await startForum();
    expect(await after(forum, { ...sam, locale: 'es' })).toMatchObject({ locale: null });
    forum.changeSettings({ allow_user_locale: true });
    expect(await after(forum, { ...sam, locale: 'es' })).toMatchObject({ locale: null });
    const eve = { external_id: '8', email: 'eve@example.com' };
    expect(await after(forum, { ...eve, locale: 'pt_BR' })).toMatchObject({ locale: 'pt_BR' });
    expect(await after(forum, { ...eve, locale: 'fr' })).toMatchObject({ locale: 'pt_BR' });
    expect(await after(forum, { ...eve, locale: 'fake', locale_force_update: true })).toMatchObject({
      locale: 'pt_BR',
    });
    expect(await after(forum, { ...eve, locale: 'fr', locale_force_update: true })).toMatchObject({
      locale: 'fr',
    });
    expect(await after(forum, { external_id: '9', email: 'x@example.com', locale: 'pt-BR' })).toMatchObject({
      locale: null,
    });
  });

  test.each([
    ['avatar_url', 'avatar', 'discourse_connect_overrides_avatar'],
    ['profile_background_url', 'profileBackground', 'discourse_connect_overrides_profile_background'],
    ['card_background_url', 'cardBackground', 'discourse_connect_overrides_card_background'],
  ] as const)('%s is fetched when missing, or when overridden and changed', async (field, kept, setting) => {
    const forum = await startForum();
    const image = (user: Awaited<ReturnType<typeof after>>) => user?.[kept];
    expect(image(await after(forum, sam))).toBeNull();
    expect(image(await after(forum, { ...sam, [field]: 'https://a.example/1' }))).toMatchObject({ count: 1 });
    expect(image(await after(forum, { ...sam, [field]: 'https://a.example/2' }))).toMatchObject({
      url: 'https://a.example/1',
    });
    forum.changeSettings({ [setting]: true });
    // The address of the last message counts, not that of the picture.
    expect(image(await after(forum, { ...sam, [field]: 'https://a.example/2' }))).toMatchObject({ count: 1 });
    expect(image(await after(forum, { ...sam, [field]: 'https://a.example/3' }))).toMatchObject({
      url: 'https://a.example/3',
      count: 2,
    });
    expect(image(await after(forum, { ...sam, [field]: '' }))).toMatchObject({ count: 2 });
  });

  test('avatar_force_update fetches the same address again', async () => {
    const forum = await startForum();
    const fields = { ...sam, avatar_url: 'https://a.example/1' };
    await logIn(forum, fields);
    expect((await after(forum, { ...fields, avatar_force_update: true }))?.avatar?.count).toBe(2);
    expect((await after(forum, { ...fields, avatar_force_update: '1' }))?.avatar?.count).toBe(2);
  });

  test('custom fields are kept, one by one, whatever their names', async () => {
    const forum = await startForum();
    await after(forum, sam, { shop: 'one', user_field_1: 'x', __proto__x: 'y' });
    const user = await after(forum, sam, { shop: 'two', 'b.b': '', ['__proto__']: 'z' });
    expect(Object.entries(user?.customFields ?? {}).sort()).toEqual([
      ['__proto__', 'z'],
      ['__proto__x', 'y'],
      ['b.b', ''],
      ['shop', 'two'],
      ['user_field_1', 'x'],
    ]);
  });

  test('fields of other roles mean nothing', async () => {
    const forum = await startForum();
    const user = await after(forum, {
      ...sam,
      logout: true,
      failed: true,
      prompt: 'none',
      require_2fa: true,
    });
    expect(user).toMatchObject({ username: 'sam', active: true });
  });
});

describe('groups', () => {
  const groups = ['makers', 'Testers', 'équipe'];
  const own = (user: { readonly groups: readonly string[] } | undefined) =>
    user?.groups.filter((name) => !name.startsWith('trust_level'));

  test('add_groups and remove_groups: any case, not trimmed, unknown and automatic ones passed over', async () => {
    const forum = await startForum({ groups });
    expect(
      own(await after(forum, { ...sam, add_groups: 'MAKERS,nothing,admins,trust_level_4, testers' })),
    ).toEqual(['makers']);
    expect(own(await after(forum, { ...sam, add_groups: 'testers,ÉQUIPE' }))).toEqual([
      'Testers',
      'makers',
      'équipe',
    ]);
    expect(own(await after(forum, { ...sam, remove_groups: 'Makers, testers' }))).toEqual([
      'Testers',
      'équipe',
    ]);
    expect(own(await after(forum, sam))).toEqual(['Testers', 'équipe']);
    expect(forum.user('7')?.groups).not.toContain('trust_level_4');
  });

  test('a group that is added and removed at once: removing looks at the membership of before', async () => {
    const forum = await startForum({ groups });
    expect(own(await after(forum, { ...sam, add_groups: 'makers', remove_groups: 'makers' }))).toEqual([
      'makers',
    ]);
    expect(own(await after(forum, { ...sam, add_groups: 'makers', remove_groups: 'makers' }))).toEqual([]);
  });

  test('groups means nothing without its setting', async () => {
    const forum = await startForum({ groups });
    expect(own(await after(forum, { ...sam, groups: 'makers' }))).toEqual([]);
  });

  test('with the setting it is the whole list: absent and empty remove from all, the others mean nothing', async () => {
    const forum = await withSettings({ discourse_connect_overrides_groups: true }, { groups });
    expect(own(await after(forum, { ...sam, groups: 'Makers,testers,staff,nothing' }))).toEqual([
      'Testers',
      'makers',
    ]);
    expect(own(await after(forum, { ...sam, groups: 'makers', add_groups: 'testers' }))).toEqual(['makers']);
    expect(own(await after(forum, { ...sam, groups: 'makers', remove_groups: 'makers' }))).toEqual([
      'makers',
    ]);
    expect(own(await after(forum, { ...sam, groups: '' }))).toEqual([]);
    forum.addToGroup('sam', 'makers');
    expect(own(await after(forum, sam))).toEqual([]);
  });

  test('a repeated key is a 500 where it is read, after the account was made', async () => {
    const forum = await startForum({ groups });
    expect((await logIn(forum, { ...sam, groups: ['makers', 'testers'] })).status).toBe(302);
    expect((await logIn(forum, { ...sam, add_groups: ['makers', 'testers'] })).status).toBe(500);
    forum.changeSettings({ discourse_connect_overrides_groups: true });
    const page = await logIn(forum, {
      external_id: '8',
      email: 'eve@example.com',
      groups: ['makers', 'testers'],
    });
    expect([page.status, errorKey(page)]).toEqual([500, 'unknown_error']);
    expect(forum.user('8')).toMatchObject({ email: 'eve@example.com' });
    expect((await logIn(forum, { ...sam, add_groups: ['makers', 'testers'] })).status).toBe(302);
  });

  test('groups cannot be made twice, under automatic names, or with commas', async () => {
    const forum = await startForum({ groups });
    for (const name of ['MAKERS', 'Staff', 'everyone', 'a,b', ' a', '']) {
      expect(() => forum.createGroup(name)).toThrow('Validation failed');
    }
    forum.createGroup('new');
    expect(forum.groups().at(-1)).toEqual({ id: 44, name: 'new', automatic: false, members: [] });
  });
});

test('everything that the handle returns is a copy', async () => {
  const forum = await startForum({ groups: ['makers'] });
  await logIn(forum, sam, { custom: { a: 'b' } });
  const user = forum.user('7');
  Object.assign(user ?? {}, { username: 'changed' });
  Object.assign(user?.customFields ?? {}, { a: 'changed' });
  Object.assign(forum.settings, { title: 'changed' });
  expect(forum.user('7')).toMatchObject({ username: 'sam', customFields: { a: 'b' } });
  expect(forum.settings.title).toBe('Discourse');
});
