import { randomBytes } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { coral } from '../../src/coral/index.js';
import { discourse } from '../../src/discourse/index.js';
import { createForumSso, type ForumSsoStore, memoryStore, type SiteUser } from '../../src/index.js';
import { admittingFindUser } from '../../src/push/standings.js';
import { talkyard } from '../../src/talkyard/index.js';

const sam: SiteUser = { id: '7', email: 'sam@example.com', emailVerified: true, username: 'sam' };
/** The site's own session, which knows nothing of what was decided. */
const session = { currentUser: async () => sam, signIn: async () => {}, signOut: async () => {} };
const page = {
  method: 'GET',
  url: '/article',
  headers: {},
  ip: undefined,
  body: async () => new Uint8Array(),
};
const site = { baseUrl: 'https://site.example.com/sso', keys: randomBytes(32).toString('hex') };

function siteWithComments(store: ForumSsoStore = memoryStore()) {
  const discussions = talkyard({
    serverUrl: 'https://talk.example.com',
    pasetoSecret: `hex:${randomBytes(32).toString('hex')}`,
  });
  const comments = coral({
    coralUrl: 'https://comments.example.com',
    secret: `ssosec_${randomBytes(32).toString('hex')}`,
  });
  const sso = createForumSso({ ...site, store, connectors: [discussions, comments] });
  const draw = async () => {
    const { user } = await sso.visit(page, session);
    const story = { storyId: 's', storyUrl: 'https://site.example.com/article' };
    return {
      user,
      talkyardToken: /v2\.local\.[\w-]+/.test(discussions.embedComments(user).html),
      coralToken: /"eyJ[\w.-]+"/.test(await comments.embed({ ...story, user })),
    };
  };
  return { sso, draw };
}

describe('a login in a page', () => {
  test.each(['suspend', 'remove'] as const)(
    'is given to nobody after sso.%s, until sso.restore',
    async (what) => {
      const { sso, draw } = siteWithComments();
      expect(await draw()).toEqual({ user: sam, talkyardToken: true, coralToken: true });
      await sso[what]('7');
      const marked = { ...sam, suspended: true };
      expect(await draw()).toEqual({ user: marked, talkyardToken: false, coralToken: false });
      await sso.restore('7');
      expect(await draw()).toEqual({ user: sam, talkyardToken: true, coralToken: true });
    },
  );

  test('is given to nobody while the store is silent about them', async () => {
    const store = memoryStore();
    const down = async (): Promise<never> => {
      throw new Error('connection lost');
    };
    const { people } = store;
    const { draw } = siteWithComments({ ...store, people: { ...people, standing: down } });
    await expect(draw()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', status: 503 });
  });

  test('asks the store for no page of a site whose pages hold none', async () => {
    const store = memoryStore();
    const asked: string[] = [];
    const people = {
      ...store.people,
      standing: async (siteUserId: string) => {
        asked.push(siteUserId);
        return null;
      },
    };
    const forum = discourse({ forumUrl: 'https://forum.example.com', secret: 'a-secret-of-the-forum' });
    const silent = talkyard({
      serverUrl: 'https://talk.example.com',
      apiSecret: 'abcdefghijklmnopqrstuvwxyz',
    });
    const sso = createForumSso({ ...site, store: { ...store, people }, connectors: [forum, silent] });
    expect((await sso.visit(page, session)).user).toEqual(sam);
    expect(asked).toEqual([]);
  });
});

test('whom findUser returns is held against the id that was asked for', async () => {
  const { people } = memoryStore();
  await people.remove('7');
  const found = await admittingFindUser(people, async () => ({ ...sam, id: '007' }))('7');
  expect(found).toEqual({ ...sam, id: '007', suspended: true });
});
