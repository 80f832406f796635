import type { SiteUser } from '@forum-sso/core';

/** The people of every test site, by user name. */
export const people = {
  alice: {
    id: '1001',
    email: 'alice@example.com',
    emailVerified: true,
    username: 'alice',
    name: 'Alice & Ölga ~ Admin+',
    admin: true,
    moderator: false,
    groups: ['staff', 'writers'],
    custom: { user_field_1: 'a=b&c' },
  },
  bob: { id: '1002', email: 'bob@example.com', emailVerified: true, username: 'bob', groups: [] },
  carol: { id: '1003', email: 'carol@example.com', emailVerified: false, username: 'carol' },
  dave: { id: '1004', email: 'dave@example.com', emailVerified: true, username: 'dave', suspended: true },
} as const satisfies Record<string, SiteUser>;

export type PersonName = keyof typeof people;

/** Finds a person by id: the `findUser` of the test site. */
export async function findPerson(siteUserId: string): Promise<SiteUser | null> {
  return Object.values<SiteUser>(people).find(({ id }) => id === siteUserId) ?? null;
}

/** Finds a person by user name. */
export function personNamed(name: string): SiteUser {
  for (const [username, person] of Object.entries<SiteUser>(people)) {
    if (username === name) return person;
  }
  throw new Error(`Nobody is called "${name}".`);
}
