import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testKeys } from '../src/case.js';
import { BrowserClient } from '../src/http/browser-client.js';
import { serverStartedBy } from '../src/processes/servers-started-by.js';
import { ReadmeExamples } from '../src/readme-examples.js';
import { forumQuestion, readAnswer } from '../src/site/forum-side.js';

const secret = 'the-secret-of-the-forum-in-docs-4711';
const returnUrl = 'https://forum.example.com/session/sso_login';
const question = forumQuestion({ nonce: '0123456789abcdef', returnUrl, secret });
const asked = `http://localhost:3000/sso/discourse?${question}`;

let examples: ReadmeExamples;
beforeAll(async () => {
  process.env.FORUM_SSO_KEYS = testKeys;
  process.env.DISCOURSE_CONNECT_SECRET = secret;
  const page = new URL('../../../docs/web.md', import.meta.url);
  examples = await ReadmeExamples.extract(page, new URL('.', import.meta.url), {
    'sso.ts': "export { sso } from './example-1.js';\n",
  });
});
afterAll(() => examples.remove());

type Handler = (request: Request, env?: unknown) => Promise<Response>;

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

/** The handler that an example exports, by itself or inside an object. */
function handlerIn(value: unknown): Handler {
  const found = typeof value === 'object' && value !== null && 'fetch' in value ? value.fetch : value;
  if (!isHandler(found)) throw new Error('The example exports no handler.');
  return found;
}

describe('the examples of the page on Request and Response', () => {
  test('are six, and compile', async () => {
    expect(examples.count).toBe(6);
    expect(await examples.compile()).toBe('');
  }, 60_000);

  test('Hono: a person signs in and arrives at the forum', async () => {
    const { origin, close } = await serverStartedBy(() => examples.load(2));
    try {
      const browser = new BrowserClient();
      expect((await browser.open(`${origin}/`)).text).toBe('Hello stranger');
      const guarded = await browser.open(`${origin}/members`);
      expect(guarded.header('location')).toBe('/login?returnTo=%2Fmembers');
      const away = await browser.open(`${origin}/sso/discourse?${question}`, { from: returnUrl });
      const form = await browser.follow(away);
      const signedIn = await browser.submit(form.url, {}, { from: form.url });
      expect(signedIn.status).toBe(303);
      const answer = await browser.follow(signedIn);
      const fields = readAnswer(answer.header('location') ?? '', returnUrl, secret);
      expect(fields.get('external_id')).toBe('1');
      expect((await browser.open(`${origin}/`)).text).toBe('Hello alice');
      expect((await browser.open(`${origin}/members`)).text).toBe('Members');
      expect((await browser.open(`${origin}/sso/unknown`)).status).toBe(404);
    } finally {
      await close();
    }
  });

  test('Next.js: each method of the route is the handler', async () => {
    const { GET, POST, HEAD, runtime } = await examples.load(3);
    expect(runtime).toBe('nodejs');
    const stranger = await handlerIn(GET)(new Request(asked), { params: Promise.resolve({}) });
    expect(stranger.status).toBe(302);
    expect(stranger.headers.get('location')).toBe(
      `/login?returnTo=${encodeURIComponent(`/sso/discourse?${question}`)}`,
    );
    expect([POST, HEAD]).toEqual([GET, GET]);
    expect((await handlerIn(HEAD)(new Request(asked, { method: 'HEAD' }))).status).toBe(405);
  });

  test("Next.js: the site's own session says who is signed in", async () => {
    Object.assign(globalThis, {
      auth: async () => ({ user: { id: '9', email: 'nina@example.com', emailVerified: true } }),
    });
    const { GET } = await examples.load(4);
    const answer = await handlerIn(GET)(new Request(asked));
    const fields = readAnswer(answer.headers.get('location') ?? '', returnUrl, secret);
    expect(fields.get('external_id')).toBe('9');
  });

  test.each([
    ['Bun', 5, 'default', { requestIP: () => ({ address: '192.0.2.7' }) }],
    ['Deno', 6, 'serve', { remoteAddr: { hostname: '192.0.2.7' } }],
  ])('%s: the addresses of Forum SSO, and the site for all others', async (_, number, name, env) => {
    const { [name]: exported } = await examples.load(number);
    const handler = handlerIn(exported);
    expect((await handler(new Request(asked), env)).status).toBe(302);
    expect(await (await handler(new Request('http://localhost:3000/'), env)).text()).toBe('The site');
  });
});
