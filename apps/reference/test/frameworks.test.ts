import { createHmac } from 'node:crypto';

import {
  type HeaderLine,
  normalise,
  sendRequest,
  type WireReply,
  type WireRequest,
  WireSocket,
} from '@forum-sso/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { frameworks } from '../src/frameworks/index.js';
import { communityUrl, startTestSite, type TestSite, testSecret } from './support/test-site.js';

let sites: readonly TestSite[];
beforeAll(async () => {
  sites = await Promise.all(frameworks.map(startTestSite));
});
afterAll(() => Promise.all(sites.map((site) => site.close())));

type Asked = Omit<WireRequest, 'origin'>;

const page: readonly HeaderLine[] = [
  ['Accept', 'text/html'],
  ['Sec-Fetch-Dest', 'document'],
  ['Sec-Fetch-Mode', 'navigate'],
];
const form: HeaderLine = ['Content-Type', 'application/x-www-form-urlencoded'];

const json: HeaderLine = ['Content-Type', 'application/json'];
const apiKey: HeaderLine = ['Api-Key', testSecret('wiki-api-key')];

/** The address at which a client asks the site to log somebody in. */
function loginAtRoot(): string {
  const fields = {
    nonce: 'n',
    return_sso_url: `${communityUrl('discourse-connect-provider')}/index.php?a=b`,
  };
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  const sig = createHmac('sha256', testSecret('wiki-secret')).update(sso).digest('hex');
  return `/session/sso_provider?${new URLSearchParams({ sso, sig })}`;
}

/** A form as a browser sends it, or with other headers. */
function posted(target: string, body: string, headers: readonly HeaderLine[] = [form]): Asked {
  return { method: 'POST', target, body, headers };
}

/** Signs somebody in; the header with their cookies. */
async function cookiesOf(site: TestSite, username: string): Promise<HeaderLine> {
  const reply = await sendRequest({ origin: site.origin, ...posted('/login', `username=${username}`) });
  return [
    'Cookie',
    reply
      .all('set-cookie')
      .map((cookie) => cookie.split(';', 1)[0])
      .join('; '),
  ];
}

/** What must be equal: all but the port, random values, and what belongs to the connection. */
function told(reply: WireReply): unknown {
  const { port } = new URL(reply.url);
  const [, nonce] = /'nonce-([^']+)'/.exec(reply.header('content-security-policy') ?? '') ?? [];
  return {
    ...normalise(reply, { port, ...(nonce === undefined ? {} : { nonce }) }),
    // An answer to HEAD may leave its length out.
    framing: reply.body.length === 0 ? [] : [reply.all('content-length'), reply.all('transfer-encoding')],
  };
}

/** Asks all sites, and holds the answers of the others against that of the first. */
async function answer(asked: Asked, username?: string): Promise<WireReply> {
  const replies = await Promise.all(
    sites.map(async (site) => {
      const cookies = username === undefined ? [] : [await cookiesOf(site, username)];
      return sendRequest({ origin: site.origin, ...asked, headers: [...(asked.headers ?? []), ...cookies] });
    }),
  );
  const [first, ...others] = replies;
  if (first === undefined) throw new Error('There is no site.');
  for (const other of others) expect(told(other)).toEqual(told(first));
  return first;
}

describe('is answered alike by all frameworks:', () => {
  test.each<[what: string, status: number, asked: Asked]>([
    ['the home page', 200, { target: '/', headers: page }],
    ['HEAD', 200, { method: 'HEAD', target: '/' }],
    ['a slash at the end', 200, { target: '/login/' }],
    ['other letter case', 200, { target: '/LOGIN' }],
    ['a page with Talkyard in it', 200, { target: '/blog', headers: page }],
    ['a page with Coral in it', 200, { target: '/news', headers: page }],
    ['a page with Fruum in it', 200, { target: '/help', headers: page }],
    ['a page for members, opened by a stranger', 302, { target: '/account', headers: page }],
    ['a page for members, asked for by a program', 401, { target: '/account' }],
    ['a form for members, sent by a stranger', 401, posted('/account/edit', 'name=Eve')],
    ['a page for members, by HEAD', 401, { method: 'HEAD', target: '/account' }],
    ['an address without a page', 404, { target: '/nowhere', headers: page }],
    ['an address without a page, by HEAD', 404, { method: 'HEAD', target: '/nowhere' }],
    ['a form sent there', 404, posted('/nowhere', 'a=b')],
    ['two slashes', 404, { target: '//login' }],
    ['a page below a page', 404, { target: '/login/more' }],
    ['an address that cannot be decoded', 404, { target: '/%zz' }],
    ['an address that is no UTF-8', 404, { target: '/login%ff' }],
    ['an encoded address', 404, { target: '/%6Cogin' }],
    ['an encoded slash', 404, { target: '/%2Flogin' }],
    ['a query that cannot be decoded', 400, { target: '/login?returnTo=%zz' }],
    ['a parameter that stands twice', 400, { target: '/login?returnTo=%2F&returnTo=%2F' }],
    ['a parameter in brackets', 200, { target: '/login?returnTo[]=//evil.example' }],
    ['a form opened as a page', 404, { target: '/logout', headers: page }],
    ['a page sent to as a form', 404, posted('/account', '')],
    ['DELETE', 404, { method: 'DELETE', target: '/login' }],
    ['OPTIONS', 404, { method: 'OPTIONS', target: '/login' }],
    ['PROPFIND', 404, { method: 'PROPFIND', target: '/login', body: '' }],
    ['a sign-in', 303, posted('/login', 'username=alice&returnTo=%2F%3Fa%3D1')],
    [
      'a sign-in that says its character set',
      303,
      posted('/login', 'username=bob', [[form[0], `${form[1]};charset=UTF-8`]]),
    ],
    ['a sign-in in chunks', 303, { ...posted('/login', 'username=bob'), chunked: true }],
    ['a sign-in as nobody', 400, posted('/login', 'username=mallory')],
    ['a field that stands twice', 400, posted('/login', 'username=bob&username=bob')],
    ['no form at all', 400, posted('/login', '', [])],
    ['a form that is too large', 413, posted('/login', 'x'.repeat(8_193))],
    ['one that does not say how large it is', 413, { ...posted('/login', 'x'.repeat(8_193)), chunked: true }],
    ['JSON', 400, posted('/login', '{"username":"bob"}', [json])],
    ['a body of a kind that is none', 400, posted('/login', 'username=bob', [['Content-Type', 'nonsense']])],
    ['a body of no kind', 400, posted('/login', 'username=bob', [])],
    [
      'a form of another site',
      403,
      posted('/login', 'username=bob', [form, ['Origin', 'https://evil.example']]),
    ],
    ['a sign-out without anybody', 303, posted('/logout', '', [])],
    ['a fault of a page', 500, { target: '/?fail', headers: page }],
    ['a fault of a form', 500, posted('/login?fail', 'username=bob')],
    ['a login that is none', 403, { target: '/sso/discourse', headers: page }],
    ['an address of Forum SSO without anything', 404, { target: '/sso/nothing', headers: page }],
    ['a wrong method there', 405, posted('/sso/discourse', '')],
    ['a login at the root, as at a forum', 302, { target: loginAtRoot(), headers: page }],
    ['one that is none', 400, { target: '/session/sso_provider', headers: page }],
    ['a call at the root without its key', 403, { method: 'POST', target: '/admin/users/1/log_out.json' }],
    ['one with its key', 200, { method: 'POST', target: '/admin/users/1/log_out', headers: [apiKey] }],
    ['one that no client may make', 404, posted('/admin/users/sync_sso', '{}', [apiKey, json])],
    ['one that asks for nobody', 404, { target: '/u/by-external/a%2Fb.json', headers: [apiKey] }],
  ])('%s', async (_what, status, asked) => {
    const reply = await answer(asked);
    expect(reply.status).toBe(status);
    expect(reply.text).not.toMatch(/10\.0\.0\.1| {4}at /);
  });

  test('the pages of somebody who is signed in', async () => {
    expect((await answer({ target: '/account', headers: page }, 'carol')).text).toContain(
      'carol@example.com',
    );
    expect((await answer({ target: '/', headers: page }, 'bob')).text).toContain('Signed in as <strong>bob');
  });

  test('cookies of a page beside those of the session', async () => {
    const reply = await answer(posted('/login?cookies', 'username=bob'));
    const names = reply.all('set-cookie').map((cookie) => cookie.split('=', 1)[0]);
    expect(names).toEqual([expect.stringContaining('session'), 'first', 'second']);
  });

  test('the next request after a form that broke off', async () => {
    for (const { origin } of sites) {
      const sender = await WireSocket.open(origin);
      sender.write(`POST /login HTTP/1.1\r\nHost: x\r\n${form.join(': ')}\r\nContent-Length: 99\r\n\r\nuser`);
      sender.abort();
    }
    expect((await answer({ target: '/login' })).status).toBe(200);
  });

  test('a page under another name of this machine', async () => {
    const replies = await Promise.all(
      sites.map(({ origin }) =>
        sendRequest({
          origin: origin.replace('localhost', '127.0.0.1'),
          target: '/login?returnTo=%2F',
          headers: page,
        }),
      ),
    );
    expect(replies.map((reply) => [reply.status, reply.target])).toEqual(
      sites.map(({ origin }) => [307, `${origin}/login?returnTo=%2F`]),
    );
  });

  test('a sign-out', async () => {
    const reply = await answer(posted('/logout', ''), 'alice');
    expect(reply.status).toBe(303);
    expect(reply.all('set-cookie').join()).toContain('Max-Age=0');
  });

  test('a sign-out by way of Coral', async () => {
    const reply = await answer(posted('/sso/coral/sign-out', '', []), 'alice');
    expect(reply.status).toBe(204);
    expect(reply.all('set-cookie').join()).toContain('Max-Age=0');
  });

  test.each<Asked>([
    { target: '/', headers: page },
    { target: '/account', headers: page },
    { target: '/nowhere', headers: page },
    posted('/sso/coral/token', '', []),
  ])('an account that cannot be read, at $target', async (asked) => {
    const reply = await answer(asked, 'dave');
    expect(reply.status).toBe(503);
    expect(reply.text).toContain('ERR_SITE_CALLBACK_FAILED');
    expect(reply.text).not.toContain('10.0.0.1');
  });
});
