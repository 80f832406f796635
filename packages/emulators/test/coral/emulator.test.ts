import { createServer, type IncomingMessage } from 'node:http';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  type CoralEmulator,
  type CoralEmulatorOptions,
  signatureHeader,
  startCoralEmulator,
} from '../../src/coral/index.js';
import { codeOf, graphql, ssoToken } from './client.js';

const user = { id: 'u-1', email: 'mira@example.com', username: 'mira' };
const stream = { id: 'StreamQuery', variables: { storyID: 's-1', storyURL: 'https://news.example.com/s-1' } };

let now: number;
let emulator: CoralEmulator;
const started: CoralEmulator[] = [];

async function start(options: CoralEmulatorOptions = {}): Promise<CoralEmulator> {
  const fresh = await startCoralEmulator({ now: () => new Date(now * 1_000), ...options });
  started.push(fresh);
  return fresh;
}

beforeEach(async () => {
  now = 1_750_000_000;
  emulator = await start();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.close()));
});

const tokenOf = (claims: object, coral = emulator) => ssoToken(claims, coral.signingSecrets[0]?.secret ?? '');

/** Signs in as a page does: the person's name, `anonymous`, or the code of the refusal. */
async function logIn(claims: object, coral = emulator): Promise<string> {
  const answer = await graphql(coral, stream, { token: tokenOf(claims, coral) });
  const viewer = answer.body.data?.viewer;
  if (viewer === null) return 'anonymous';
  return typeof viewer === 'object' && 'username' in viewer ? String(viewer.username) : codeOf(answer);
}

describe('updates by token', () => {
  test('the same second does not update, no iat never does, nothing new leaves the mark where it was', async () => {
    expect(await logIn({ iat: now, user })).toBe('mira');
    expect(await logIn({ iat: now, user: { ...user, username: 'other' } })).toBe('mira');
    expect(await logIn({ user: { ...user, username: 'other' } })).toBe('mira');
    expect(await logIn({ iat: now + 100, user })).toBe('mira');
    expect(await logIn({ iat: now + 50, user: { ...user, username: 'later' } })).toBe('later');
    expect(emulator.user('u-1')?.profiles).toEqual([
      { type: 'sso', id: 'u-1', lastIssuedAt: new Date((now + 50) * 1_000) },
    ]);
  });

  test('an empty list clears badges; their order counts', async () => {
    await logIn({ iat: now, user: { ...user, badges: ['a', 'b'] } });
    await logIn({ iat: now + 1, user: { ...user, badges: ['b', 'a'] } });
    expect(emulator.user('u-1')?.badges).toEqual(['b', 'a']);
    await logIn({ iat: now + 2, user: { ...user, badges: [] } });
    expect(emulator.user('u-1')?.badges).toEqual([]);
  });

  test('milliseconds as iat block all later updates', async () => {
    await logIn({ iat: now * 1_000, user });
    expect(await logIn({ iat: now + 1, user: { ...user, username: 'other' } })).toBe('mira');
  });

  test('a malformed address is refused at the first login only', async () => {
    expect(await logIn({ iat: now, user: { ...user, email: 'mira' } })).toBe('EMAIL_INVALID_FORMAT');
    await logIn({ iat: now, user });
    expect(await logIn({ iat: now + 1, user: { ...user, email: 'mira' } })).toBe('mira');
    expect(emulator.user('u-1')?.email).toBe('mira');
  });
});

describe('whose account it is', () => {
  const local = { id: 'l-1', username: 'loc', email: 'mira@example.com', role: 'ADMIN' as const };

  test('a local account is taken by its address, or by an id that is one', async () => {
    const profiles = [{ type: 'local' as const, id: 'mira@example.com' }];
    const byEmail = await start({ users: [{ ...local, profiles }] });
    expect(await logIn({ iat: now, user }, byEmail)).toBe('mira');
    expect(byEmail.user('l-1')).toMatchObject({
      username: 'mira',
      role: 'ADMIN',
      profiles: [{}, { type: 'sso', id: 'u-1' }],
    });
    const byId = await start({ users: [{ ...local, profiles }] });
    await logIn({ user: { ...user, id: 'mira@example.com', email: 'another@example.com' } }, byId);
    expect(byId.user('l-1')?.profiles).toHaveLength(2);
    expect(byId.users()).toHaveLength(2);
  });

  test('with password and Google a clash of addresses makes a second account', async () => {
    const google = { ...local, role: 'COMMENTER' as const, profiles: [{ type: 'google' as const, id: 'g' }] };
    const both = await start({ users: [google], localEnabled: true, socialEnabled: true });
    expect(await logIn({ iat: now, user }, both)).toBe('mira');
    expect(both.user('u-1')).toMatchObject({ duplicateEmail: 'mira@example.com' });
    expect(both.user('u-1')).not.toHaveProperty('email');
    const one = await start({ users: [google], localEnabled: true });
    expect(await logIn({ iat: now, user }, one)).toBe('DUPLICATE_EMAIL');
  });

  test('the id of an account without profile stays taken', async () => {
    const taken = await start({
      users: [{ id: 'u-1', username: 'old', profiles: [], deletedAt: new Date(0) }],
    });
    expect(await logIn({ iat: now, user }, taken)).toBe('DUPLICATE_USER');
  });

  test('address lists ban at each login, and premoderate newcomers; subdomains count', async () => {
    const strict = await start({
      emailDomains: [
        { domain: 'bad.example', newUserModeration: 'BAN' },
        { domain: 'odd.example', newUserModeration: 'PREMOD' },
      ],
    });
    await logIn({ iat: now, user: { ...user, email: 'a@mail.bad.example' } }, strict);
    expect(strict.user('u-1')?.banned).toBe(true);
    await logIn({ iat: now, user: { id: 'u-2', username: 'x', email: 'b@odd.example' } }, strict);
    expect(strict.user('u-2')).toMatchObject({ premod: true, banned: false });
    await logIn({ iat: now, user: { id: 'u-3', username: 'x', email: 'c@notbad.example' } }, strict);
    expect(strict.user('u-3')).toMatchObject({ premod: false, banned: false });
  });
});

describe('logging out', () => {
  const logOut = (authorization?: string) =>
    fetch(`${emulator.origin}/api/auth`, {
      method: 'DELETE',
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });

  test('kills this token alone, until it would have ended', async () => {
    const claims = { jti: 'j-1', exp: now + 60, iat: now, user };
    expect(await logIn(claims)).toBe('mira');
    expect((await logOut(`Bearer ${tokenOf(claims)}`)).status).toBe(204);
    expect(await logIn(claims)).toBe('anonymous');
    expect(await logIn({ ...claims, exp: now + 600 })).toBe('anonymous');
    expect(await logIn({ ...claims, jti: 'j-2' })).toBe('mira');
    expect((await logOut(`Bearer ${tokenOf(claims)}`)).status).toBe(204);
    now += 60;
    expect(await logIn({ ...claims, exp: now + 600 })).toBe('mira');
  });

  test('without a token nothing happens; a dead one is an error', async () => {
    expect((await logOut()).status).toBe(204);
    const response = await logOut(`Bearer ${tokenOf({ jti: 'j', exp: now, user })}`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'TOKEN_INVALID' }, report: null });
  });

  test('the token may be the password of Basic; a bare one is nobody', async () => {
    const claims = { jti: 'j-3', exp: now + 60, iat: now, user };
    const basic = Buffer.from(`:${tokenOf(claims)}`).toString('base64');
    await logOut(tokenOf(claims));
    expect(emulator.isRevoked('j-3')).toBe(false);
    expect(emulator.user('u-1')).toBeUndefined();
    await logOut(`Basic ${basic}`);
    expect(emulator.isRevoked('j-3')).toBe(true);
  });
});

describe('pages of other origins', () => {
  test('only listed ones may read', async () => {
    const coral = await start({ allowedOrigins: ['https://news.example.com'] });
    const ask = (origin: string, method: string) =>
      fetch(`${coral.origin}/api/graphql`, { method, headers: { Origin: origin } });
    const listed = await ask('https://news.example.com', 'OPTIONS');
    expect(listed.status).toBe(204);
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://news.example.com');
    expect(listed.headers.get('access-control-allow-headers')).toContain('Authorization');
    const foreign = await ask('https://evil.example', 'OPTIONS');
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('the script of the comments is for everybody', async () => {
    const response = await fetch(`${emulator.origin}/assets/js/embed.js`);
    expect(response.headers.get('content-type')).toContain('text/javascript');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(await response.text()).toContain('createStreamEmbed');
  });
});

describe('the stream', () => {
  const comment = (body: string, token: string) =>
    graphql(
      emulator,
      { id: 'CreateComment', variables: { input: { storyID: 's-1', body, clientMutationId: '1' } } },
      { token },
    );

  test('shows who somebody is, takes comments, one each three seconds', async () => {
    const token = tokenOf({ iat: now, user: { ...user, badges: ['founder'] } });
    const first = await graphql(emulator, stream, { token });
    expect(first.body.data).toMatchObject({
      viewer: { username: 'mira', badges: ['founder'] },
      stream: { id: 's-1', comments: { nodes: [] } },
    });
    expect(codeOf(await comment('Hello <b>you</b>', token))).toBe('fine');
    expect(codeOf(await comment('Again', token))).toBe('RATE_LIMIT_EXCEEDED');
    now += 3;
    expect(codeOf(await comment(' ', token))).toBe('VALIDATION');
    expect((await graphql(emulator, stream)).body.data).toMatchObject({
      viewer: null,
      stream: { comments: { nodes: [{ body: 'Hello <b>you</b>', author: { username: 'mira' } }] } },
    });
  });

  test('a banned person’s token still works, and their comments do not', async () => {
    const banned = await start({
      users: [
        {
          id: 'u-1',
          email: user.email,
          username: 'mira',
          banned: true,
          profiles: [{ type: 'sso', id: 'u-1' }],
        },
      ],
    });
    expect(await logIn({ user }, banned)).toBe('mira');
    const answer = await graphql(
      banned,
      { id: 'CreateComment', variables: { input: { storyID: 's-1', body: 'x', clientMutationId: '1' } } },
      { token: tokenOf({ user }, banned) },
    );
    expect(codeOf(answer)).toBe('USER_BANNED');
  });
});

describe('webhooks', () => {
  interface Received {
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }

  async function withReceiver(
    status: number,
    run: (url: string, received: readonly Received[]) => Promise<void>,
  ): Promise<void> {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        received.push({ headers: request.headers, body });
        response.writeHead(status, { Location: '/elsewhere' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    try {
      await run(
        `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`,
        received,
      );
    } finally {
      server.close();
    }
  }

  test('are signed over the bytes sent, and sent once', async () => {
    await withReceiver(500, async (url, received) => {
      const coral = await start({ webhooks: [{ url }] });
      await graphql(coral, stream);
      await coral.settled();
      expect(received).toHaveLength(1);
      const [{ headers, body }] = [received[0] ?? { headers: {}, body: '' }];
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': 'Coral Webhook/9.11.8',
        'x-coral-event': 'STORY_CREATED',
        'x-coral-signature': signatureHeader(body, coral.webhooks[0]?.secrets ?? [], new Date(now * 1_000)),
      });
      expect(headers['x-coral-signature']).toMatch(/^sha256=[\da-f]{64}$/);
      expect(JSON.parse(body)).toMatchObject({
        type: 'STORY_CREATED',
        data: { storyID: 's-1', storyURL: 'https://news.example.com/s-1', siteID: 'site-1' },
        createdAt: new Date(now * 1_000).toISOString(),
      });
      expect(body).toContain('\n  "id"');
      expect(coral.deliveries).toMatchObject([{ status: 500, type: 'STORY_CREATED' }]);
    });
  });

  test('follow no redirect; go only where they are wanted; the oldest fifty deliveries stay in the log', async () => {
    await withReceiver(302, async (url, received) => {
      const coral = await start({ webhooks: [{ url, events: ['COMMENT_CREATED'] }] });
      expect(await coral.sendWebhook('STORY_CREATED', {})).toEqual([]);
      for (let index = 0; index < 52; index++) await coral.sendWebhook('COMMENT_CREATED', { index });
      expect(received).toHaveLength(52);
      expect(coral.deliveries).toHaveLength(50);
      expect(coral.deliveries.every(({ status }) => status === 302)).toBe(true);
    });
  });

  test('an endpoint without active secret gets an empty header; nobody there is no answer', async () => {
    await withReceiver(200, async (url, received) => {
      const dead = { kid: 'w', secret: 'whsec_00', inactiveAt: new Date(now * 1_000) };
      const coral = await start({ webhooks: [{ url, secrets: [dead] }, { url: 'http://127.0.0.1:1/' }] });
      expect(await coral.sendWebhook('STORY_CREATED', {})).toMatchObject([
        { status: 200 },
        { status: undefined },
      ]);
      expect(received[0]?.headers['x-coral-signature']).toBe('');
    });
  });

  test('comments and replies are told with their ancestors', async () => {
    await withReceiver(200, async (url, received) => {
      const coral = await start({
        webhooks: [{ url, events: ['COMMENT_CREATED', 'COMMENT_REPLY_CREATED'] }],
      });
      const token = tokenOf({ iat: now, user }, coral);
      await graphql(coral, stream, { token });
      const post = (parentID?: string) => {
        now += 5;
        const input = {
          storyID: 's-1',
          body: 'x',
          clientMutationId: '1',
          ...(parentID === undefined ? {} : { parentID }),
        };
        return graphql(coral, { id: 'CreateComment', variables: { input } }, { token });
      };
      const idOf = async (answer: Awaited<ReturnType<typeof post>>): Promise<string> => {
        const text = JSON.stringify(answer.body.data);
        return /"id":"([^"]+)"/.exec(text)?.[1] ?? '';
      };
      const first = await idOf(await post());
      const second = await idOf(await post(first));
      await post(second);
      await coral.settled();
      const last: { type: string; data: { ancestorIDs: string[] } } = JSON.parse(
        received.at(-1)?.body ?? '{}',
      );
      expect(last).toMatchObject({ type: 'COMMENT_REPLY_CREATED', data: { ancestorIDs: [second, first] } });
    });
  });
});

describe('the pages', () => {
  test('the story calls the site where it was told to, and nowhere else', async () => {
    const coral = await start({
      page: {
        tokenUrl: 'https://example.com/sso/coral/token',
        signInUrl: 'https://example.com/sso/coral/sign-in?returnTo={return}',
        title: '</script><b>x',
      },
    });
    const response = await fetch(`${coral.origin}/`);
    expect(response.headers.get('content-security-policy')).toContain(
      "connect-src 'self' https://example.com;",
    );
    const text = await response.text();
    expect(text).toContain('https://example.com/sso/coral/token');
    expect(text).not.toContain('<b>x');
  });

  test('the administrator switches, rotates, and sees who is there; other sites cannot', async () => {
    await logIn({ user });
    const page = await (await fetch(`${emulator.origin}/admin`)).text();
    expect(page).toContain('mira@example.com');
    const post = (action: string, headers: Record<string, string> = {}) =>
      fetch(`${emulator.origin}/admin`, {
        method: 'POST',
        body: new URLSearchParams({ action }),
        headers,
        redirect: 'manual',
      });
    expect((await post('rotate', { Origin: 'https://evil.example' })).status).toBe(403);
    expect(emulator.signingSecrets).toHaveLength(1);
    expect((await post('rotate')).status).toBe(303);
    expect(emulator.signingSecrets).toHaveLength(2);
    await post('registration');
    expect(await logIn({ user: { ...user, id: 'u-2', email: 'new@example.com' } })).toBe('anonymous');
    await post('sso');
    expect(await logIn({ user })).toBe('TOKEN_INVALID');
  });

  test('another host name gets nothing', async () => {
    const response = await new Promise<number>((resolve, reject) => {
      import('node:http').then(({ request }) => {
        request(
          { port: emulator.port, host: '127.0.0.1', path: '/admin', headers: { Host: 'evil.example' } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        )
          .on('error', reject)
          .end();
      }, reject);
    });
    expect(response).toBe(403);
  });
});
