import { createHmac } from 'node:crypto';

import { startBlogEmulator, startWikiEmulator } from '@forum-sso/emulators/connect-client';
import { startCoralEmulator } from '@forum-sso/emulators/coral';
import { startDiscourseEmulator } from '@forum-sso/emulators/discourse';
import { startFruumEmulator } from '@forum-sso/emulators/fruum';
import { startTalkyardEmulator } from '@forum-sso/emulators/talkyard';
import { afterEach, describe, expect, test } from '@jest/globals';

import { freePort } from '../src/free-port.js';
import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { newVisitor, type Visitor } from './support/visitor.js';

// Emulators that the demo knows nothing of stand in for real ones.
const running: { close(): Promise<void> }[] = [];
function kept<T extends { close(): Promise<void> }>(server: T): T {
  running.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function startBeside(variables: Readonly<Record<string, string>>): Promise<TestDemo> {
  return kept(await startTestDemo(variables));
}

async function signedIn(demo: TestDemo, username: string): Promise<Visitor> {
  const visitor = newVisitor();
  await visitor.post(`${demo.origin}/login`, { username });
  return visitor;
}

/** Waits for a line, since nothing waits for the check. */
async function lineWith(demo: TestDemo, text: string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const line = demo.lines.find((candidate) => candidate.includes(text));
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`There is no line with "${text}":\n${demo.lines.join('\n')}`);
}

describe('a real Talkyard', () => {
  const secrets = {
    TALKYARD_API_SECRET: 'k3yk3yk3yk3yk3yk3yk3yk3yk3y',
    TALKYARD_PASETO_SECRET: `hex:${'5a'.repeat(32)}`,
  };

  async function startTalkyard(settings = {}) {
    return kept(
      await startTalkyardEmulator({
        apiSecrets: [secrets.TALKYARD_API_SECRET],
        settings: { ssoPasetoV2LocalSecret: secrets.TALKYARD_PASETO_SECRET, ...settings },
      }),
    );
  }

  test('gets people without staff rights', async () => {
    const talkyard = await startTalkyard();
    const demo = await startBeside({ TALKYARD_URL: talkyard.origin, ...secrets });
    expect(demo.community('talkyard')).toBe(talkyard.origin);
    const visitor = await signedIn(demo, 'alice');
    const query = new URLSearchParams({ returnOrigin: `check_if_legit!${talkyard.origin}`, returnPath: '/' });
    const { url, text } = await visitor.open(`${demo.origin}/sso/talkyard?${query}`);
    expect(url).toBe(`${talkyard.origin}/`);
    expect(text).toContain('data-you="alice"');
    expect(talkyard.members).toEqual([
      expect.objectContaining({ ssoId: 'demo-alice', admin: false, moderator: false }),
    ]);
  });

  test('lets nobody at the demo claim an address, remove themselves or act as staff', async () => {
    const talkyard = await startTalkyard();
    const demo = await startBeside({ TALKYARD_URL: talkyard.origin, ...secrets });
    const visitor = await signedIn(demo, 'alice');
    const form = { name: 'Alice', email: 'owner@example.com', title: '', group: 'demo-editors' };
    const changed = await visitor.post(`${demo.origin}/account/edit`, form);
    expect(changed.status).toBe(400);
    expect(changed.text).toContain('At a real community the addresses of the demo stay');
    const carol = await signedIn(demo, 'carol');
    expect((await carol.post(`${demo.origin}/account/confirm-email`, {})).status).toBe(400);
    const { text } = await carol.get(`${demo.origin}/account`);
    expect(text).toContain('is not confirmed');
    expect(text).not.toContain('Confirm it');
    expect((await visitor.post(`${demo.origin}/account/remove`, {})).status).toBe(400);
    expect((await visitor.post(`${demo.origin}/people/suspend`, { id: 'demo-bob' })).status).toBe(404);

    const { email: _email, ...rest } = form;
    expect((await visitor.post(`${demo.origin}/account/edit`, rest)).status).toBe(303);
    for (let tries = 0; tries < 100 && talkyard.members.length === 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(talkyard.members).toEqual([
      expect.objectContaining({ ssoId: 'demo-alice', fullName: 'Alice', admin: false }),
    ]);
  });

  test('is asked at the start whether it takes the secret', async () => {
    const talkyard = await startTalkyard();
    const good = await startBeside({ TALKYARD_URL: talkyard.origin, ...secrets });
    expect(await lineWith(good, 'check.')).toBe('check.done  talkyard');
    const wrong = { ...secrets, TALKYARD_API_SECRET: 'another0another0another0' };
    const bad = await startBeside({ TALKYARD_URL: talkyard.origin, ...wrong });
    const line = await lineWith(bad, 'check.');
    expect(line).toMatch(/^check\.failed {2}talkyard {2}code=ERR_TALKYARD_API_SECRET_REFUSED {2}detail="/);
    expect(line).not.toContain('another0');
  });

  test('without a PASETO secret there is no blog, and no made-up secret instead', async () => {
    const { TALKYARD_API_SECRET } = secrets;
    const talkyard = await startTalkyard();
    const demo = await startBeside({ TALKYARD_URL: talkyard.origin, TALKYARD_API_SECRET });
    expect((await newVisitor().get(`${demo.origin}/blog`)).status).toBe(404);
    expect((await newVisitor().get(`${demo.origin}/`)).text).not.toContain('/blog');
  });

  test('may bring its own style into the blog', async () => {
    const talkyard = await startTalkyard();
    const demo = await startBeside({ TALKYARD_URL: talkyard.origin, ...secrets });
    const { headers } = await newVisitor().get(`${demo.origin}/blog`);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain(`style-src 'unsafe-inline' ${talkyard.origin};`);
    expect(policy).toContain(`frame-src ${talkyard.origin};`);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    const other = await newVisitor().get(`${demo.origin}/news`);
    expect(other.headers['content-security-policy']).not.toContain('unsafe-inline');
  });
});

describe('a real Coral', () => {
  const signing = { kid: '0123456789abcdef', secret: `ssosec_${'6b'.repeat(32)}` };

  test('gets tokens without a role, for pages of the site alone', async () => {
    const coral = kept(await startCoralEmulator({ signingSecrets: [signing] }));
    const demo = await startBeside({
      CORAL_URL: coral.origin,
      CORAL_SSO_SECRET: signing.secret,
      CORAL_SSO_KID: signing.kid,
      CORAL_ACCESS_TOKEN: coral.accessToken,
    });
    expect(await lineWith(demo, 'check.')).toBe('check.done  coral');
    const visitor = await signedIn(demo, 'alice');
    const { status, text } = await visitor.post(`${demo.origin}/sso/coral/token`, '');
    expect(status).toBe(200);
    const [, header = '', payload = ''] = /"accessToken":"([^.]+)\.([^.]+)\./.exec(text) ?? [];
    const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(decoded(header)).toMatchObject({ kid: signing.kid });
    expect(decoded(payload)).toMatchObject({ user: { id: 'demo-alice', username: 'alice' } });
    expect(decoded(payload)).not.toHaveProperty('user.role');

    const listed = await visitor.post(`${demo.origin}/sso/coral/token`, '', { origin: coral.origin });
    expect(listed.status).toBe(403);
    expect(listed.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('has its webhook only with its secret', async () => {
    const coral = kept(await startCoralEmulator());
    const variables = { CORAL_URL: coral.origin, CORAL_SSO_SECRET: signing.secret };
    const without = await startBeside(variables);
    expect((await newVisitor().post(`${without.origin}/sso/coral/webhook`, '{}')).status).toBe(404);
    const secret = `whsec_${'7c'.repeat(32)}`;
    const demo = await startBeside({ ...variables, CORAL_WEBHOOK_SECRET: secret });
    const unsigned = await newVisitor().post(`${demo.origin}/sso/coral/webhook`, '{}');
    expect(unsigned.text).toContain('ERR_CORAL_WEBHOOK_SIGNATURE_MISSING');
  });
});

describe('a real Fruum', () => {
  test('hears of no administrator', async () => {
    const fruum = kept(await startFruumEmulator({ forums: [{ id: 'ours' }] }));
    const demo = await startBeside({
      FRUUM_URL: fruum.origin,
      FRUUM_FORUM_ID: 'ours',
      FRUUM_SECRET: 'a secret for hashes that has thirty-two characters and more',
      FRUUM_CALLER: 'fruum:a-password-of-twenty-letters',
    });
    fruum.updateForum('ours', {
      authUrl: `${demo.origin.replace('://', '://fruum:a-password-of-twenty-letters@')}/sso/fruum/auth`,
    });
    const visitor = await signedIn(demo, 'alice');
    const { text } = await visitor.get(`${demo.origin}/help`);
    expect(text).toContain(`src="${fruum.origin}/go/ours"`);
    const [, user = ''] = /"user":(\{[^}]*\})/.exec(text) ?? [];
    const connection = await fruum.connect({ app_id: 'ours', user: JSON.parse(user) });
    expect(connection).toMatchObject({ outcome: 'user', user: { id: 'demo-alice', admin: false } });
    connection?.disconnect();
  });
});

describe('a real forum whose people sign in here', () => {
  const loginSecret = 'the line of this site in the secrets of the forum';
  const apiKey = 'k3yk3yk3yk3yk3yk3yk3yk3yk3y';
  const webhookSecret = 'the secret of the webhook of the forum';

  async function startForum() {
    return kept(
      await startDiscourseEmulator({
        users: [
          { username: 'erin', email: 'erin@example.com', moderator: true },
          { username: 'finn', email: 'finn@example.com', groups: ['hosts'] },
        ],
        groups: ['hosts'],
        apiKeys: [{ key: apiKey }],
        settings: {
          enable_discourse_connect_provider: true,
          discourse_connect_provider_secrets: `localhost|${loginSecret}`,
        },
      }),
    );
  }

  async function signIn(demo: TestDemo, forum: { readonly origin: string }, username: string) {
    const visitor = newVisitor();
    await visitor.open(`${demo.origin}/sso/discourse-login/start?returnTo=%2Faccount`);
    const answer = await visitor.post(`${forum.origin}/session`, { login: username });
    return visitor.open(answer.location ?? '');
  }

  test('is told by its secret; the site logs people in to an emulated one all the same', async () => {
    const forum = await startForum();
    const demo = await startBeside({ DISCOURSE_URL: forum.origin, DISCOURSE_LOGIN_SECRET: loginSecret });
    expect(demo.communities.filter(({ real }) => real).map(({ name }) => name)).toEqual(['discourse-login']);
    expect(demo.community('discourse')).not.toBe(forum.origin);
    const { text } = await signIn(demo, forum, 'erin');
    expect(text).toContain('<td>demo-club-1</td>');
    expect(text).toContain('demo-club-hosts');
    expect(text).not.toMatch(/<th scope="row">(admin|moderator)</);
    expect(text).not.toContain(`${forum.origin}/admin`);
  });

  test('beside it nobody is staff, and its webhook and API are used with their secrets alone', async () => {
    const forum = await startForum();
    const variables = { DISCOURSE_URL: forum.origin, DISCOURSE_LOGIN_SECRET: loginSecret };
    const without = await startBeside(variables);
    expect((await newVisitor().post(`${without.origin}/sso/discourse-login/webhook`, '{}')).status).toBe(404);
    expect((await newVisitor().get(`${without.origin}/sso/discourse-login/logout`)).text).not.toContain(
      'everywhere',
    );

    const demo = await startBeside({
      ...variables,
      DISCOURSE_ADMIN_API_KEY: apiKey,
      DISCOURSE_WEBHOOK_SECRET: webhookSecret,
    });
    expect(await lineWith(demo, 'check.')).toBe('check.done  discourse-login');
    expect((await newVisitor().get(`${demo.origin}/sso/discourse-login/logout`)).text).toContain(
      'everywhere',
    );
    const { text } = await (await signedIn(demo, 'alice')).get(`${demo.origin}/account`);
    expect(text).not.toMatch(/<th scope="row">(admin|moderator)</);
  });

  test('may be the same that the site logs people in to; one key of it serves one of the two', async () => {
    const forum = await startForum();
    const demo = await startBeside({
      DISCOURSE_URL: forum.origin,
      DISCOURSE_CONNECT_SECRET: 'the other secret of the very same forum',
      DISCOURSE_LOGIN_SECRET: loginSecret,
      DISCOURSE_ADMIN_API_KEY: apiKey,
      DISCOURSE_WEBHOOK_SECRET: webhookSecret,
    });
    expect([demo.community('discourse'), demo.community('discourse-login')]).toEqual([
      forum.origin,
      forum.origin,
    ]);
    expect((await signIn(demo, forum, 'finn')).text).toContain('demo-club-hosts');
  });

  test('of a forum that people are logged in to, the emulated one learns no secret', async () => {
    const forum = await startForum();
    const demo = await startBeside({
      DISCOURSE_URL: forum.origin,
      DISCOURSE_CONNECT_SECRET: 'the other secret of the very same forum',
      DISCOURSE_WEBHOOK_SECRET: webhookSecret,
    });
    expect(demo.community('discourse-login')).not.toBe(forum.origin);
    const body = '{"user":{"id":1,"username":"erin"}}';
    const signature = createHmac('sha256', webhookSecret).update(body).digest('hex');
    const answer = await newVisitor().post(`${demo.origin}/sso/discourse-login/webhook`, body, {
      'content-type': 'application/json',
      'x-discourse-event': 'user_updated',
      'x-discourse-event-type': 'user',
      'x-discourse-event-signature': `sha256=${signature}`,
    });
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('ERR_WEBHOOK_SIGNATURE_INVALID');
  });
});

describe('real clients that log people in with the site', () => {
  const wikiSecret = 'the secret between the wiki and the site';
  const blogSecret = 'the secret between the blog and the site';
  const webhookSecret = 'the secret of webhooks to the wiki';
  const apiKey = 'k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3y';

  /** A wiki and a blog that know where the demo will be. */
  async function startBeforeTheDemo() {
    const port = await freePort('127.0.0.1');
    const site = `http://localhost:${port}`;
    const wiki = kept(
      await startWikiEmulator({
        config: {
          DiscourseUrl: site,
          Sso: { Enable: true, SharedSecret: wikiSecret, EnableSeamlessLogin: true },
          User: { GroupMaps: { sysop: ['@ADMIN@'], editor: ['demo-editors'] } },
          DiscourseApi: { EnableLogout: true, Key: apiKey },
          Webhook: { Enable: true, SharedSecret: webhookSecret, AllowedIpList: ['127.0.0.1'] },
          Logout: {
            OfferGlobalOptionToUser: true,
            ForwardToDiscourse: true,
            HandleEventFromDiscourse: true,
          },
        },
      }),
    );
    const blog = kept(
      await startBlogEmulator({
        options: { url: site, 'sso-client-enabled': true, 'sso-secret': blogSecret, 'api-key': apiKey },
      }),
    );
    const demo = await startBeside({
      PORT: String(port),
      COMMUNITY_PORT: '0',
      DISCOURSE_CONNECT_PROVIDER_SECRETS: `wiki.example.com|${wikiSecret}x\n127.0.0.1|${wikiSecret}\n127.0.0.1|${blogSecret}`,
      DISCOURSE_API_KEY: apiKey,
      WEBHOOK_TARGETS: `${wiki.webhookUrl}|${webhookSecret}`,
    });
    return { demo, wiki, blog };
  }

  async function logIn(demo: TestDemo, visitor: Visitor, url: string, username: string) {
    const form = new URL((await visitor.open(url)).url);
    expect(form.origin + form.pathname).toBe(`${demo.origin}/login`);
    const returnTo = form.searchParams.get('returnTo') ?? '';
    const answer = await visitor.post(`${demo.origin}/login`, { username, returnTo });
    return visitor.open(answer.location ?? '');
  }

  test('take its people, nobody as staff; a wiki hears of them and ends sessions', async () => {
    const { demo, wiki, blog } = await startBeforeTheDemo();
    expect(demo.communities.filter(({ real }) => real).map(({ name }) => name)).toEqual([
      'discourse-connect-provider',
    ]);
    expect(await lineWith(demo, 'check.')).toMatch(
      /^check\.done {2}discourse-connect-provider-[0-9a-f]{8} {2}127\.0\.0\.1:\d+ took a ping\.$/,
    );

    const visitor = newVisitor();
    await visitor.open(`${wiki.origin}/index.php?title=Main_Page`);
    const login = `${wiki.origin}/index.php?title=Special:UserLogin&returnto=Main_Page`;
    expect((await logIn(demo, visitor, login, 'alice')).text).toContain('data-user="Alice"');
    expect(wiki.accounts()).toEqual([
      expect.objectContaining({ name: 'Alice', discourseId: '1', groups: ['editor'] }),
    ]);
    const atBlog = await visitor.open(`${blog.origin}/?discourse_sso=1&redirect_to=${blog.origin}/`);
    expect(atBlog.text).toContain('data-user="alice"');

    await visitor.post(`${demo.origin}/account/edit`, {
      name: 'Alice',
      title: '',
      group: 'demo-translators',
    });
    for (let tries = 0; tries < 250 && wiki.accounts()[0]?.groups.length !== 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(wiki.accounts()[0]?.groups).toEqual([]);

    const form = { 'dssoc-global-logout': '1' };
    const out = await visitor.post(`${wiki.origin}/index.php?title=Special:UserLogout`, form);
    await visitor.open(out.location ?? '');
    expect((await visitor.get(`${demo.origin}/`)).text).not.toContain('Signed in as');

    await lineWith(demo, '  login.answered  discourse-connect-provider  user=');
    await lineWith(demo, '  logout.completed  discourse-connect-provider  user=');
    await lineWith(demo, '  push.done  discourse-connect-provider-');
    expect(demo.lines.join('\n')).not.toMatch(/the secret |k3yk3y|example\.com/);
  });

  test('may be where a form of the site ends, at any port of theirs', async () => {
    const { demo } = await startBeforeTheDemo();
    const { headers, text } = await newVisitor().get(`${demo.origin}/login`);
    const [, targets = ''] = /form-action ([^;]*)/.exec(String(headers['content-security-policy'])) ?? [];
    expect(targets.split(' ')).toEqual(
      expect.arrayContaining(["'self'", 'https://wiki.example.com:*', 'http://127.0.0.1:*']),
    );
    expect(targets).not.toMatch(/(^| )(\*|https?:)( |$)/);
    expect(text).toContain('href="https://wiki.example.com"');
  });

  test('are found where their webhooks go', async () => {
    const demo = await startBeside({
      DISCOURSE_CONNECT_PROVIDER_SECRETS: `localhost|${wikiSecret}`,
      WEBHOOK_TARGETS: `http://localhost:1/index.php?title=Special:W|${webhookSecret}`,
    });
    expect(demo.community('discourse-connect-provider')).toBe('http://localhost:1');
    expect(await lineWith(demo, 'check.')).toMatch(
      /^check\.failed {2}discourse-connect-provider-.* {2}code=ERR_/,
    );
    // Without a key there is no API.
    expect((await fetch(`${demo.origin}/admin/users/1/log_out`, { method: 'POST' })).status).toBe(404);
  });
});

test('with one real community, nobody is staff at the emulated ones, either', async () => {
  const coral = kept(await startCoralEmulator());
  const demo = await startBeside({ CORAL_URL: coral.origin, CORAL_SSO_SECRET: `ssosec_${'8d'.repeat(32)}` });
  const visitor = await signedIn(demo, 'alice');
  const talkyard = demo.community('talkyard');
  const query = new URLSearchParams({ returnOrigin: `check_if_legit!${talkyard}`, returnPath: '/' });
  const { text } = await visitor.open(`${demo.origin}/sso/talkyard?${query}`);
  expect(text).toContain('data-you="alice"');
  expect(text).not.toContain('administrator');
});
