import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { CoralApi, type CoralUserRef, signAccessToken } from '../../src/coral/index.js';
import { isForumSsoError } from '../../src/errors.js';
import type { SiteUser } from '../../src/site-user.js';
import { type CoralEmulator, startCoralEmulator } from './emulator.js';

const mira: SiteUser = { id: 'u-1', email: 'mira@example.com', emailVerified: true, username: 'mira' };
const noor: SiteUser = { id: 'u-2', email: 'noor@example.com', emailVerified: true, username: 'noor' };
const start = new Date('2026-03-01T12:00:00.000Z');

let now: Date;
let emulator: CoralEmulator;
let api: CoralApi;

beforeEach(async () => {
  now = start;
  emulator = await startCoralEmulator({ now: () => now });
  api = new CoralApi({ coralUrl: emulator.origin, accessToken: emulator.accessToken });
});

afterEach(() => emulator.close());

/** What a browser with comments does: the account is made or changed at this login. */
async function logIn(user: SiteUser): Promise<number> {
  const [secret] = emulator.signingSecrets;
  const token = await signAccessToken(user, { secret: secret?.secret ?? '', kid: secret?.kid ?? '', now });
  const response = await fetch(`${emulator.origin}/api/graphql`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      id: 'StreamQuery',
      variables: { storyID: 's', storyURL: 'https://example.com/' },
    }),
  });
  return response.status;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'fine';
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    for (const secret of [emulator.accessToken, ...emulator.signingSecrets.map((entry) => entry.secret)]) {
      expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(secret);
    }
    return error.code;
  }
}

describe('looking people up', () => {
  test('by the site’s id, with the profile tested; unknown and deleted people are null', async () => {
    await logIn({ ...mira, badges: ['founder'], avatarUrl: 'https://img.example.com/m.png' });
    expect(await api.findBySiteUserId('u-1')).toEqual({
      id: 'u-1',
      username: 'mira',
      email: 'mira@example.com',
      role: 'COMMENTER',
      badges: ['founder'],
      avatar: 'https://img.example.com/m.png',
      createdAt: start,
      ssoProfileIds: ['u-1'],
      banned: false,
      premoderated: false,
      warned: false,
    });
    expect(await api.findBySiteUserId('u-9', { email: 'nobody@example.com' })).toBeNull();
    await api.deleteUserAccount({ siteUserId: 'u-1' });
    expect(await api.findBySiteUserId('u-1', { email: 'mira@example.com' })).toBeNull();
    expect((await api.user('u-1'))?.deletedAt).toEqual(start);
  });

  test('a joined account is found by address, and nobody else’s by a coincidence of ids', async () => {
    await logIn(mira);
    now = new Date(now.getTime() + 5_000);
    await logIn({ ...mira, id: 'new-id' });
    expect((await api.findBySiteUserId('new-id', { email: mira.email }))?.id).toBe('u-1');
    expect(await api.findBySiteUserId('new-id')).toBeNull();
    // Coral's own id of another person is not an id of the site.
    expect(await api.user(emulator.adminId)).not.toBeNull();
    expect(await api.findBySiteUserId(emulator.adminId, { email: 'admin@coral.invalid' })).toBeNull();
  });

  test('lists users page by page', async () => {
    for (const index of [1, 2, 3]) await logIn({ ...mira, id: `p-${index}`, email: `p${index}@example.com` });
    const first = await api.users({ first: 3 });
    expect(first.users).toHaveLength(3);
    const second = await api.users({ first: 3, ...(first.next === undefined ? {} : { after: first.next }) });
    expect(second.users.map(({ id }) => id)).toEqual(['p-3']);
    expect(second.next).toBeUndefined();
    expect((await api.users({ role: 'ADMIN' })).users.map(({ id }) => id)).toEqual([emulator.adminId]);
    expect((await api.users({ query: 'P2@example' })).users.map(({ id }) => id)).toEqual(['p-2']);
    expect((await api.users({ status: 'BANNED' })).users).toEqual([]);
  });

  test('an account is looked for on several pages', async () => {
    emulator.close();
    const users = Array.from({ length: 60 }, (_, index) => ({
      id: `x-${index}`,
      username: 'x',
      email: `x${index}.mira@example.com`,
      profiles: [],
    }));
    const target = {
      id: 'coral-id',
      username: 'm',
      email: 'mira@example.com',
      profiles: [{ type: 'sso' as const, id: 'u-1' }],
    };
    emulator = await startCoralEmulator({ users: [...users, target] });
    api = new CoralApi({ coralUrl: emulator.origin, accessToken: emulator.accessToken });
    expect((await api.findBySiteUserId('u-1', { email: 'mira@example.com' }))?.id).toBe('coral-id');
  });
});

describe('changing accounts', () => {
  const joined: CoralUserRef = { siteUserId: 'new-id', email: mira.email };

  beforeEach(async () => {
    await logIn(mira);
    now = new Date(now.getTime() + 5_000);
    await logIn({ ...mira, id: 'new-id' });
    await logIn(noor);
  });

  test('name, address, picture and role of a joined account', async () => {
    expect((await api.updateUserUsername(joined, 'Mira O.')).username).toBe('Mira O.');
    expect((await api.updateUserEmail(joined, 'MIRA.O@example.com')).email).toBe('mira.o@example.com');
    const ref: CoralUserRef = { coralId: 'u-1' };
    expect((await api.updateUserAvatar(ref, 'https://img.example.com/x.png')).avatar).toBe(
      'https://img.example.com/x.png',
    );
    expect(await api.updateUserAvatar(ref, null)).not.toHaveProperty('avatar');
    expect((await api.updateUserRole(ref, 'STAFF')).role).toBe('STAFF');
    expect(emulator.user('u-1')).toMatchObject({
      username: 'Mira O.',
      email: 'mira.o@example.com',
      role: 'STAFF',
    });
  });

  test('scopes need a role that has them', async () => {
    const ref: CoralUserRef = { siteUserId: 'u-2' };
    expect(await codeOf(api.updateUserModerationScopes(ref, ['site-1']))).toBe('ERR_CORAL_FAULT');
    expect(await codeOf(api.updateUserRole(ref, 'STAFF', { scoped: true }))).toBe('ERR_CORAL_FAULT');
    await api.updateUserRole(ref, 'MODERATOR', { scoped: true });
    expect(await codeOf(api.updateUserModerationScopes(ref, ['site-1']))).toBe('fine');
    await api.updateUserRole(ref, 'MEMBER', { scoped: true });
    expect(await codeOf(api.updateUserMembershipScopes(ref, ['site-1']))).toBe('fine');
  });

  test('another id of the site: the old one no longer signs in, the new one does', async () => {
    await api.updateSSOProfileID({ siteUserId: 'u-2' }, 'moved');
    expect((await api.findBySiteUserId('moved', { email: noor.email }))?.id).toBe('u-2');
    expect(await codeOf(api.updateSSOProfileID({ coralId: emulator.adminId }, 'x'))).toBe(
      'ERR_CORAL_SSO_PROFILE_MISSING',
    );
    expect(await codeOf(api.updateSSOProfileID({ coralId: 'u-2' }, 'u-1'))).toBe('ERR_CORAL_USER_EXISTS');
  });

  test('addresses that are taken or bad', async () => {
    const ref: CoralUserRef = { siteUserId: 'u-2' };
    expect(await codeOf(api.updateUserEmail(ref, mira.email))).toBe('ERR_CORAL_EMAIL_TAKEN');
    expect(await codeOf(api.updateUserEmail(ref, 'nothing'))).toBe('ERR_CORAL_EMAIL_REFUSED');
    expect(await codeOf(api.updateUserEmail(ref, `${'e'.repeat(100)}@example.com`))).toBe(
      'ERR_CORAL_EMAIL_REFUSED',
    );
    expect(emulator.user('u-2')?.email).toBe(noor.email);
  });

  test('deletes, once; the id never signs in again', async () => {
    await api.deleteUserAccount({ siteUserId: 'u-2' });
    expect(emulator.user('u-2')).toMatchObject({ deletedAt: now, profiles: [] });
    expect(await codeOf(api.deleteUserAccount({ coralId: 'u-2' }))).toBe('ERR_CORAL_USER_NOT_FOUND');
    expect(await codeOf(api.deleteUserAccount({ coralId: 'nobody' }))).toBe('ERR_CORAL_USER_NOT_FOUND');
    expect(await codeOf(api.deleteUserAccount({ siteUserId: 'u-2', email: noor.email }))).toBe(
      'ERR_CORAL_USER_NOT_FOUND',
    );
    expect(await logIn(noor)).toBe(500);
  });

  test('the access token’s own account is not deleted, and the error names the way', async () => {
    await expect(api.deleteUserAccount({ coralId: emulator.adminId })).rejects.toMatchObject({
      code: 'ERR_CORAL_SELF_DELETION',
      detail: expect.stringContaining('requestAccountDeletion'),
    });
    expect(emulator.user(emulator.adminId)?.deletedAt).toBeUndefined();
  });

  test('gives the address of the comments’ download', async () => {
    expect(await api.requestUserCommentsDownload({ siteUserId: 'u-2' })).toMatch(
      /\/account\/download\?token=/,
    );
  });

  test('an unknown person is an error before anything is sent', async () => {
    expect(await codeOf(api.updateUserUsername({ siteUserId: 'u-9' }, 'x'))).toBe('ERR_CORAL_USER_NOT_FOUND');
    expect(await codeOf(api.updateUserUsername({ coralId: 'u-9' }, 'x'))).toBe('ERR_CORAL_USER_NOT_FOUND');
  });
});

describe('moderation', () => {
  const ref: CoralUserRef = { siteUserId: 'u-1' };

  beforeEach(() => logIn(mira));

  test('ban and back', async () => {
    expect(await api.banUser(ref, { message: 'Enough.', rejectExistingComments: true })).toMatchObject({
      banned: true,
    });
    expect(await api.removeUserBan(ref)).toMatchObject({ banned: false });
    expect(await api.banUser(ref, { message: 'Here only.', siteIds: ['site-1'] })).toMatchObject({
      banned: false,
    });
    await api.updateUserBan(ref, { message: '', unbanSiteIds: ['site-1'] });
    expect((await api.users({ status: 'SITE_BANNED' })).users).toEqual([]);
    expect(
      await codeOf(api.updateUserBan(ref, { message: '', banSiteIds: ['a'], unbanSiteIds: ['a'] })),
    ).toBe('ERR_CORAL_QUERY_REFUSED');
  });

  test('moderators are not banned', async () => {
    await api.updateUserRole(ref, 'MODERATOR');
    expect(await codeOf(api.banUser(ref, { message: '' }))).toBe('ERR_CORAL_NOT_ENTITLED');
  });

  test('suspension and back; a second one is refused', async () => {
    const until = new Date(now.getTime() + 3_600_000);
    expect((await api.suspendUser(ref, { seconds: 3_600, message: 'Cool down.' })).suspendedUntil).toEqual(
      until,
    );
    expect(await codeOf(api.suspendUser(ref, { seconds: 60, message: '' }))).toBe(
      'ERR_CORAL_STATE_UNCHANGED',
    );
    expect(await api.removeUserSuspension(ref)).not.toHaveProperty('suspendedUntil');
  });

  test('premoderation, warning and message', async () => {
    expect(await api.premodUser(ref)).toMatchObject({ premoderated: true });
    expect(await codeOf(api.premodUser(ref))).toBe('ERR_CORAL_STATE_UNCHANGED');
    expect(await api.removeUserPremod(ref)).toMatchObject({ premoderated: false });
    expect(await api.warnUser(ref, { message: 'Be kind.' })).toMatchObject({ warned: true });
    expect(await codeOf(api.warnUser(ref, { message: 'Again.' }))).toBe('ERR_CORAL_FAULT');
    expect(await api.removeUserWarning(ref)).toMatchObject({ warned: false });
    expect(await codeOf(api.sendModMessage(ref, { message: 'Thanks.' }))).toBe('fine');
  });
});

describe('signing secrets and access tokens', () => {
  test('rotation keeps the old secret for a while; deactivation kills at once; deletion removes', async () => {
    const before = await api.ssoSettings();
    expect(before).toMatchObject({ enabled: true, allowRegistration: true });
    const [old] = before.signingSecrets;
    expect(old?.secret).toBe(emulator.signingSecrets[0]?.secret);
    await logIn(mira);
    expect((await api.ssoSettings()).signingSecrets[0]?.lastUsedAt).toEqual(start);

    const rotated = await api.rotateSSOSigningSecret({ inactiveIn: 60 });
    expect(rotated.signingSecrets).toHaveLength(2);
    expect(rotated.signingSecrets[0]).toMatchObject({
      rotatedAt: start,
      inactiveAt: new Date(start.getTime() + 60_000),
    });
    expect(await logIn(mira)).toBe(200);
    const kid = old?.kid ?? '';
    await api.deactivateSSOSigningSecret(kid);
    expect(await logIn(mira)).toBe(401);
    const left = await api.deleteSSOSigningSecret(kid);
    expect(left.signingSecrets.map((entry) => entry.kid)).not.toContain(kid);
  });

  test('another access token works until it is deactivated', async () => {
    const { id, accessToken } = await api.createToken('second');
    const second = new CoralApi({ coralUrl: emulator.origin, accessToken });
    expect(await second.viewer()).toEqual({ id: emulator.adminId, role: 'ADMIN' });
    await second.deactivateToken(id);
    expect(await codeOf(second.viewer())).toBe('ERR_CORAL_FAULT');
    expect(await codeOf(api.deactivateToken(id))).toBe('ERR_CORAL_USER_NOT_FOUND');
  });
});

describe('what the access token may not do', () => {
  test('a commenter’s token is of no use, a banned administrator’s changes nothing', async () => {
    await logIn(mira);
    const commenter = new CoralApi({
      coralUrl: emulator.origin,
      accessToken: emulator.createAccessToken('u-1'),
    });
    await expect(commenter.viewer()).rejects.toMatchObject({
      code: 'ERR_CORAL_NOT_ENTITLED',
      detail: expect.stringMatching(/RAW_QUERY_NOT_AUTHORIZED, HTTP 400, trace [\w-]+/),
    });
    await api.updateUserRole({ siteUserId: 'u-1' }, 'ADMIN');
    const second = new CoralApi({
      coralUrl: emulator.origin,
      accessToken: emulator.createAccessToken('u-1'),
    });
    await api.banUser({ siteUserId: 'u-1' }, { message: '' });
    expect(await codeOf(second.updateUserUsername({ coralId: emulator.adminId }, 'x'))).toBe(
      'ERR_CORAL_NOT_ENTITLED',
    );
    expect(await codeOf(api.updateUserRole({ coralId: emulator.adminId }, 'COMMENTER'))).toBe(
      'ERR_CORAL_NOT_ENTITLED',
    );
  });

  test('a token of another installation is refused', async () => {
    const other = await startCoralEmulator();
    const foreign = new CoralApi({ coralUrl: emulator.origin, accessToken: other.accessToken });
    await other.close();
    await expect(foreign.viewer()).rejects.toMatchObject({
      code: 'ERR_CORAL_CREDENTIALS_REFUSED',
      detail: expect.stringContaining('TOKEN_INVALID'),
    });
  });
});

describe('options', () => {
  const accessToken = `a.${Buffer.from('{"pat":true}').toString('base64url')}.b`;
  const codeOfOptions = (options: ConstructorParameters<typeof CoralApi>[0]) => {
    try {
      new CoralApi(options);
      return 'fine';
    } catch (error) {
      return isForumSsoError(error) ? error.detail : 'other';
    }
  };

  test.each([
    ['http beyond this machine', 'http://coral.example.com', /https/],
    ['a path', 'https://example.com/coral', /no path/],
    ['no URL', 'coral.example.com', /absolute/],
    ['a password', 'https://u:p@coral.example.com', /password/],
  ])('%s is refused', (_name, coralUrl, words) => {
    expect(codeOfOptions({ coralUrl, accessToken })).toMatch(words);
  });

  test('tokens of other kinds are recognised', async () => {
    const coralUrl = 'https://coral.example.com';
    const [secret] = emulator.signingSecrets;
    const login = await signAccessToken(mira, { secret: secret?.secret ?? '' });
    expect(codeOfOptions({ coralUrl, accessToken: login })).toMatch(/for logins/);
    expect(codeOfOptions({ coralUrl, accessToken: secret?.secret ?? '' })).toMatch(/personal access token/);
    expect(codeOfOptions({ coralUrl, accessToken: '' })).toMatch(/personal access token/);
    expect(codeOfOptions({ coralUrl, accessToken })).toBe('fine');
  });
});

describe('when Coral does not answer as Coral', () => {
  const seen: { authorization: string | undefined; url: string | undefined }[] = [];

  async function against(
    answer: (response: import('node:http').ServerResponse) => void,
    run: (api: CoralApi) => Promise<unknown>,
    timeoutSeconds = 10,
  ): Promise<string> {
    const server = createServer((request, response) => {
      seen.push({ authorization: request.headers.authorization, url: request.url });
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address: AddressInfo | string | null = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const coral = new CoralApi({
      coralUrl: `http://127.0.0.1:${port}`,
      accessToken: emulator.accessToken,
      timeoutSeconds,
    });
    try {
      return await codeOf(run(coral));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const json =
    (body: unknown, status = 200) =>
    (response: import('node:http').ServerResponse) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    };
  const viewer = (coral: CoralApi) => coral.viewer();

  test('redirects are not followed: the token goes to no other address, and only in its header', async () => {
    seen.length = 0;
    for (const status of [301, 302, 307, 308]) {
      const code = await against(
        (response) => response.writeHead(status, { Location: '/elsewhere' }).end(),
        viewer,
      );
      expect(code).toBe('ERR_CORAL_REDIRECTED');
    }
    expect(seen).toHaveLength(4);
    for (const { url, authorization } of seen) {
      expect(url).toBe('/api/graphql');
      expect(authorization).toBe(`Bearer ${emulator.accessToken}`);
    }
  });

  test('silence ends after the time given, also in the middle of an answer', async () => {
    expect(await against(() => undefined, viewer, 0.2)).toBe('ERR_CORAL_TIMEOUT');
    expect(await against((response) => void response.writeHead(200).write('{"data":'), viewer, 0.2)).toBe(
      'ERR_CORAL_TIMEOUT',
    );
  });

  test('nobody there', async () => {
    const coral = new CoralApi({ coralUrl: 'http://127.0.0.1:1', accessToken: emulator.accessToken });
    expect(await codeOf(coral.viewer())).toBe('ERR_CORAL_UNREACHABLE');
  });

  test('an answer without end is cut off', async () => {
    const endless = (response: import('node:http').ServerResponse) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    expect(await against(endless, viewer)).toBe('ERR_CORAL_ANSWER_TOO_LARGE');
  });

  test.each([
    ['a page', (response: import('node:http').ServerResponse) => void response.end('<h1>Hello</h1>')],
    ['nothing', (response: import('node:http').ServerResponse) => void response.end()],
    ['a list', json([])],
    ['data that is none', json({ data: 'x' })],
    ['a user without id', json({ data: { user: { role: 'ADMIN' } } })],
    ['a role that is none', json({ data: { user: { id: 'x', role: 'KING' } } })],
  ])('%s is not understood', async (_name, answer) => {
    expect(await against(answer, (coral) => coral.user('x'))).toBe('ERR_CORAL_ANSWER_MALFORMED');
  });

  test.each([
    [429, 'ERR_CORAL_RATE_LIMITED'],
    [502, 'ERR_CORAL_UNREACHABLE'],
    [503, 'ERR_CORAL_UNREACHABLE'],
    [404, 'ERR_CORAL_ANSWER_MALFORMED'],
  ])('status %i of what stands in front of Coral', async (status, ours) => {
    const page = (response: import('node:http').ServerResponse) =>
      void response.writeHead(status, { 'Content-Type': 'text/html' }).end('<h1>Try again</h1>');
    expect(await against(page, viewer)).toBe(ours);
  });

  test.each([
    ['TENANT_NOT_FOUND', 'ERR_CORAL_TENANT_UNKNOWN'],
    ['RATE_LIMIT_EXCEEDED', 'ERR_CORAL_RATE_LIMITED'],
    ['GRAPHQL_VALIDATION_FAILED', 'ERR_CORAL_QUERY_REFUSED'],
    ['INTEGRATION_DISABLED', 'ERR_CORAL_SSO_DISABLED'],
    ['AUTHENTICATION_ERROR', 'ERR_CORAL_CREDENTIALS_REFUSED'],
    ['SOMETHING_NEW', 'ERR_CORAL_REFUSED'],
    ['constructor', 'ERR_CORAL_REFUSED'],
    ['<script>', 'ERR_CORAL_REFUSED'],
  ])('%s is told in the same way by both envelopes', async (code, ours) => {
    const outside = json(
      { error: { code, traceID: 'trace-1', message: 'private@example.com' }, report: null },
      400,
    );
    const inside = json({
      data: null,
      errors: [{ message: 'private', extensions: { code, traceID: 'trace-1' } }],
    });
    expect(await against(outside, viewer)).toBe(ours);
    expect(await against(inside, viewer)).toBe(ours);
    expect(await against(json({ errors: [{}] }), viewer)).toBe('ERR_CORAL_REFUSED');
  });

  test('the error tells Coral’s code and trace, and none of Coral’s words', async () => {
    const details: string[] = [];
    const body = { error: { code: 'DUPLICATE_EMAIL', traceID: 'trace-1', message: 'private@example.com' } };
    await against(json(body, 403), async (coral) => {
      await coral.viewer().catch((error: unknown) => {
        if (isForumSsoError(error)) details.push(error.detail);
      });
    });
    expect(details[0]).toContain('DUPLICATE_EMAIL, HTTP 403, trace trace-1');
    expect(details[0]).not.toContain('private');
  });
});
