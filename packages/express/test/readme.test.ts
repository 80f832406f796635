import type { ForumSso, SiteUser } from '@forum-sso/core';
import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import {
  BrowserClient,
  checkTenLines,
  findPerson,
  forumQuestion,
  listenOnFreePort,
  people,
  ReadmeExamples,
  readAnswer,
  serverStartedBy,
  testKeys,
} from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express, RequestHandler } from 'express';

const secret = 'the-secret-of-the-readme-forum-4711';
const question = forumQuestion({
  nonce: '0123456789abcdef',
  returnUrl: 'https://forum.example.com/session/sso_login',
  secret,
});

let examples: ReadmeExamples;
beforeAll(async () => {
  examples = await ReadmeExamples.extract(
    new URL('../README.md', import.meta.url),
    new URL('.', import.meta.url),
  );
});
afterAll(() => examples.remove());

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('the examples of the README', () => {
  test('are three, and compile', async () => {
    expect(examples.count).toBe(3);
    expect(await examples.compile()).toBe('');
  }, 60_000);

  test('the ten lines log a person in to the forum', async () => {
    process.env.FORUM_SSO_KEYS = testKeys;
    process.env.DISCOURSE_CONNECT_SECRET = secret;
    const { origin, close } = await serverStartedBy(() => examples.load(1));
    closers.push(close);
    await checkTenLines(origin, secret);
  });

  test("express-session is a site's own session", async () => {
    const { makeApp } = await examples.load(3);
    if (!isAppMaker(makeApp)) throw new Error('The example exports no makeApp.');
    const site = await listenOnFreePort((origin) => {
      const sso = createForumSso({
        baseUrl: `${origin}/sso`,
        keys: testKeys,
        connectors: [discourse({ forumUrl: 'https://forum.example.com', secret })],
      });
      const app = makeApp(sso, findPerson, 'a secret of this test');
      const signIn: RequestHandler = (req, res, next) => {
        req.forum.signIn(people.bob).then(() => res.send('in'), next);
      };
      const signOut: RequestHandler = (req, res, next) => {
        req.forum.signOut().then(() => res.send('out'), next);
      };
      app.post('/in', signIn);
      app.post('/out', signOut);
      app.get('/', (req, res) => {
        res.json(req.forum.user?.id ?? null);
      });
      return app;
    });
    closers.push(() => site.close());

    const browser = new BrowserClient();
    const from = `${site.origin}/`;
    const signedIn = await browser.submit(`${site.origin}/in`, {}, { from });
    expect(signedIn.all('set-cookie').map((line) => line.split('=')[0])).toEqual(['connect.sid']);
    const [before] = (await browser.cookies(from)).values();
    expect((await browser.open(from)).json()).toBe(people.bob.id);
    const answer = await browser.open(`${site.origin}/sso/discourse?${question}`, {
      from: 'https://forum.example.com/',
    });
    const fields = readAnswer(
      answer.header('location') ?? '',
      'https://forum.example.com/session/sso_login',
      secret,
    );
    expect(fields.get('external_id')).toBe(people.bob.id);

    await browser.submit(`${site.origin}/in`, {}, { from });
    const [after] = (await browser.cookies(from)).values();
    expect(after).not.toBe(before);
    await browser.submit(`${site.origin}/out`, {}, { from });
    expect((await browser.open(from)).json()).toBeNull();
  });
});

type AppMaker = (
  sso: ForumSso,
  findUser: (id: string) => Promise<SiteUser | null>,
  secret: string,
) => Express;

function isAppMaker(value: unknown): value is AppMaker {
  return typeof value === 'function';
}
