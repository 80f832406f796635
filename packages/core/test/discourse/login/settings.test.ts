import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';

import { discourseLogin } from '../../../src/discourse/index.js';
import { Accounts, Browser, forumUrl, locationOf, requestOf, sam, secret, signed, site } from './site.js';

/** A forum's API that notes the calls. */
async function forumApi() {
  const calls: string[] = [];
  const server = createServer(({ method, url, headers }, response) => {
    calls.push(`${method} ${url} ${headers['api-key']} ${headers['api-username']}`);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"success":"OK"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

test('providerPath: the forum’s endpoint, for logins and log-outs; a forum may be below a path', async () => {
  const logout = { forwardToForum: true };
  for (const [options, endpoint] of [
    [{ logout }, `${forumUrl}/session/sso_provider`],
    [{ logout, providerPath: '/our/own' }, `${forumUrl}/our/own`],
    [{ logout, forumUrl: 'https://example.com/forum/' }, 'https://example.com/forum/session/sso_provider'],
  ] as const) {
    const browser = new Browser(site(options));
    for (const reply of [
      await browser.open('/sso/discourse-login/start'),
      await browser.post('/sso/discourse-login/logout'),
    ])
      expect(locationOf(reply).split('?')[0]).toBe(endpoint);
  }
});

test('name: part of the addresses and of the ids', async () => {
  const own = site({}, { connectors: [discourseLogin({ name: 'fans', forumUrl, secret })] });
  const browser = new Browser(own);
  const request = requestOf(locationOf(await browser.open('/sso/fans/start')));
  expect(request.return_sso_url).toBe('https://site.example.com/sso/fans/callback');
  await browser.open(`/sso/fans/callback?${signed({ ...request, ...sam })}`);
  expect(await browser.user()).toMatchObject({ id: 'fans:42' });
});

test('api.user and api.logOutPath: who logs people out at the forum, and where', async () => {
  const api = await forumApi();
  for (const [more, call] of [
    [{}, 'POST /admin/users/42/log_out.json the-key system'],
    [{ user: 'wiki', logOutPath: '/admin/users/{id}/log_out' }, 'POST /admin/users/42/log_out the-key wiki'],
  ] as const) {
    const own = site({
      forumUrl: api.url,
      api: { key: 'the-key', ...more },
      logout: { offerEverywhere: true },
    });
    const browser = new Browser(own);
    await browser.signInWithForum();
    await browser.post('/sso/discourse-login/logout', { everywhere: 'on' });
    expect(api.calls.splice(0)).toEqual([call]);
    await own.sso.signOut('discourse-login:42');
    expect(api.calls.splice(0)).toEqual([call]);
  }
  await api.close();
});

test('webhook.ignoredEvents: those and no others', async () => {
  const hookSecret = 'the secret of the webhook of a forum';
  const own = site({
    ...new Accounts().callbacks,
    webhook: { secret: hookSecret, ignoredEvents: ['user_updated', 'user_added_to_group'] },
  });
  let id = 0;
  const deliver = async (event: string, type = 'user') => {
    const body = Buffer.from('{"user":{"id":42,"username":"sam"},"group_user":{"user_id":42}}');
    const reply = await own.sso.handle({
      method: 'POST',
      url: '/sso/discourse-login/webhook',
      headers: {
        'x-discourse-event-id': String(++id),
        'x-discourse-event-type': type,
        'x-discourse-event': event,
        'x-discourse-event-signature': `sha256=${createHmac('sha256', hookSecret).update(body).digest('hex')}`,
      },
      ip: undefined,
      body: async () => body,
    });
    return reply?.body;
  };
  expect([
    await deliver('user_updated'),
    await deliver('user_added_to_group', 'group_user'),
    await deliver('user_created'),
    await deliver('user_approved'),
  ]).toEqual(['ignored', 'ignored', 'unlinked', 'unlinked']);
});
