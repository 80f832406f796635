import type { ForumUser } from '@forum-sso/core/discourse';
import { describe, expect, test } from '@jest/globals';

import { clubAccounts } from '../src/club-accounts.js';
import { createPeople } from '../src/people.js';

const erin: ForumUser = {
  id: '7',
  username: 'erin',
  name: 'Erin Example',
  email: 'erin@example.com',
  admin: true,
  moderator: true,
  groups: ['readers'],
  requireActivation: false,
  twoFactor: false,
};

function start({ createsAccounts = true } = {}) {
  const people = createPeople({ staffFlags: true });
  const told: string[] = [];
  const changed = async (id: string) => told.push(id);
  const accounts = clubAccounts({ people, idPrefix: 'demo-club-', createsAccounts, changed });
  return { people, accounts, told };
}

describe('an account that is made for a person of the forum', () => {
  test('has the name and address, and neither a proved address nor any right', async () => {
    const { accounts, people } = start();
    const user = await accounts.createSiteUser(erin);
    expect(user).toEqual({
      id: 'demo-club-7',
      username: 'erin',
      name: 'Erin Example',
      email: 'erin@example.com',
      emailVerified: false,
      groups: [],
    });
    expect(await people.byId('demo-club-7')).toEqual(user);
  });

  test('is the same one when the link to it was lost', async () => {
    const { accounts, people } = start();
    const user = await accounts.createSiteUser(erin);
    expect(await accounts.createSiteUser({ ...erin, username: 'other', email: 'bob@example.com' })).toEqual(
      user,
    );
    expect(people.all).toHaveLength(5);
  });

  test('gets a user name that is free', async () => {
    const { accounts } = start();
    const named = async (id: string, email: string) =>
      (await accounts.createSiteUser({ ...erin, id, email, username: 'alice' }))?.username;
    expect(await named('8', 'a8@example.com')).toBe('alice-2');
    expect(await named('9', 'a9@example.com')).toBe('alice-3');
  });

  test('is not made for an address that is known here', async () => {
    const { accounts, people } = start();
    expect(await accounts.createSiteUser({ ...erin, email: 'ALICE@example.com' })).toBeNull();
    expect(people.all).toHaveLength(4);
  });

  test('is not made again for somebody who had it removed', async () => {
    const { accounts, people } = start();
    await accounts.createSiteUser(erin);
    people.remove('demo-club-7');
    await expect(accounts.createSiteUser(erin)).rejects.toMatchObject({ code: 'ERR_USER_REMOVED' });
    expect(people.all).toHaveLength(4);
  });

  test('is not made at all where the demo asks for its password', async () => {
    const { accounts, people } = start({ createsAccounts: false });
    expect(await accounts.createSiteUser(erin)).toBeNull();
    expect(people.all).toHaveLength(4);
  });
});

describe('what changes at the forum', () => {
  async function update(
    id: string,
    {
      groups = { join: [], leave: [] },
      name = erin.name,
      reason = 'user_updated',
    }: { groups?: { join: string[]; leave: string[] }; name?: string; reason?: string },
  ) {
    const { accounts, people, told } = start();
    await accounts.createSiteUser(erin);
    const user = await people.byId(id);
    if (user === null) throw new Error(`There is no ${id}.`);
    const forumUser = { ...erin, name };
    const changed = await accounts.updateSiteUser?.(user, { forumUser, groups, reason });
    expect(await people.byId(id)).toEqual(changed);
    return { changed, told };
  }

  test('are groups: those that come and go, and no others', async () => {
    const groups = { join: ['demo-club-hosts', 'demo-editors'], leave: ['demo-supporters'] };
    const { changed } = await update('demo-alice', { groups });
    expect(changed?.groups).toEqual(['demo-editors', 'demo-club-hosts']);
  });

  test('is the name, of an account that was made for the person', async () => {
    const nameOf = async (id: string, name: string) => (await update(id, { name })).changed?.name;
    expect(await nameOf('demo-club-7', 'Erin Other')).toBe('Erin Other');
    expect(await nameOf('demo-club-7', '')).toBe('Erin Example');
    expect(await nameOf('demo-alice', 'Erin Other')).toBe('Alice Example');
  });

  test('is never the address, nor a right', async () => {
    const { changed } = await update('demo-bob', {});
    expect(changed).toMatchObject({ email: 'bob@example.com', emailVerified: true, admin: false });
  });

  test('is told to the other communities, unless the person is just signing in', async () => {
    const groups = { join: ['demo-club-hosts'], leave: [] };
    expect((await update('demo-bob', { groups })).told).toEqual(['demo-bob']);
    expect((await update('demo-club-7', { name: 'Erin Other' })).told).toEqual(['demo-club-7']);
    expect((await update('demo-bob', { groups, reason: 'login' })).told).toEqual([]);
    expect((await update('demo-bob', {})).told).toEqual([]);
  });
});

test('people are found by id, by address and by user name', async () => {
  const { accounts } = start();
  for (const query of [{ id: 'demo-bob' }, { email: 'Bob@example.com' }, { username: 'bob' }]) {
    expect(await accounts.findSiteUser(query)).toMatchObject({ id: 'demo-bob' });
  }
  for (const query of [{ id: 'bob' }, { email: 'erin@example.com' }, { username: 'erin' }]) {
    expect(await accounts.findSiteUser(query)).toBeNull();
  }
});
