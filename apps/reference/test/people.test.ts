import { describe, expect, test } from '@jest/globals';

import { createPeople } from '../src/people.js';

const erin = { id: 'demo-erin', username: 'erin', email: 'Erin@Example.com', emailVerified: false };

describe("the site's accounts", () => {
  test('are found by id, by user name, and by address whatever its case', async () => {
    const people = createPeople({ staffFlags: true });
    const alice = await people.byId('demo-alice');
    expect(alice).toMatchObject({ username: 'alice', admin: true });
    expect(people.byUsername('alice')).toBe(alice);
    expect(people.byEmail('ALICE@example.COM')).toBe(alice);
    expect(people.byUsername('Alice')).toBeNull();
    expect(people.byEmail('alice')).toBeNull();
    expect(await people.byId('alice')).toBeNull();
  });

  test('the Kelvin sign is no k', () => {
    const people = createPeople({ staffFlags: true });
    people.create({ ...erin, email: 'kim@example.com' });
    expect(people.byEmail('\u212aim@example.com')).toBeNull();
    expect(people.byEmail('KIM@example.com')).not.toBeNull();
  });

  test('grow, but the sign-in page offers none of the new ones', async () => {
    const people = createPeople({ staffFlags: true });
    people.create(erin);
    expect(await people.byId('demo-erin')).toEqual(erin);
    expect(people.byEmail('erin@example.com')).toEqual(erin);
    expect(people.all.map(({ username }) => username)).toEqual(['alice', 'bob', 'carol', 'dave', 'erin']);
    expect(people.offered.map(({ user }) => user.username)).toEqual(['alice', 'bob', 'carol', 'dave']);
    expect(() => people.create({ ...erin, username: 'other' })).toThrow('The id "demo-erin" is taken.');
  });

  test('change everywhere at once, and keep their id', async () => {
    const people = createPeople({ staffFlags: true });
    const changed = people.update('demo-bob', (bob) => ({
      ...bob,
      id: 'demo-alice',
      email: 'b@example.com',
    }));
    expect(changed).toMatchObject({ id: 'demo-bob', username: 'bob', email: 'b@example.com' });
    expect(await people.byId('demo-bob')).toBe(changed);
    expect(people.offered[1]?.user).toBe(changed);
    expect(people.byEmail('bob@example.com')).toBeNull();
    expect(await people.byId('demo-alice')).toMatchObject({ username: 'alice' });
    expect(people.update('demo-nobody', (user) => user)).toBeNull();
  });

  test('are gone when they are removed, and nobody gets the id', async () => {
    const people = createPeople({ staffFlags: true });
    people.remove('demo-bob');
    expect(await people.byId('demo-bob')).toBeNull();
    expect(people.offered.map(({ user }) => user.username)).not.toContain('bob');
    expect([people.wasRemoved('demo-bob'), people.wasRemoved('demo-nobody')]).toEqual([true, false]);
    expect(() => people.create({ ...erin, id: 'demo-bob' })).toThrow('The id "demo-bob" is taken.');
  });

  test('are those of one demo alone', async () => {
    createPeople({ staffFlags: true }).update('demo-bob', (bob) => ({ ...bob, name: 'Robert' }));
    expect(await createPeople({ staffFlags: true }).byId('demo-bob')).toMatchObject({ name: 'Bob Example' });
  });

  test('have no staff flags where a real forum is connected', () => {
    for (const user of createPeople({ staffFlags: false }).all) {
      expect(user).not.toHaveProperty('admin');
      expect(user).not.toHaveProperty('moderator');
    }
  });
});
