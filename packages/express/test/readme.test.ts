import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { ForumSso, SiteUser } from '@forum-sso/core';
import { createForumSso } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import {
  BrowserClient,
  findPerson,
  forumQuestion,
  listenOnFreePort,
  people,
  readAnswer,
  testKeys,
} from '@forum-sso/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express, RequestHandler } from 'express';

const here = fileURLToPath(new URL('.', import.meta.url));
const secret = 'the-secret-of-the-readme-forum-4711';
const question = forumQuestion({
  nonce: '0123456789abcdef',
  returnUrl: 'https://forum.example.com/session/sso_login',
  secret,
});

let folder = '';
let examples: readonly string[] = [];
beforeAll(async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  // Inside the package, so that it finds itself and its dependencies.
  folder = await mkdtemp(join(here, 'readme-examples-'));
  examples = blocks.map((_, index) => join(folder, `example-${index + 1}.ts`));
  await Promise.all(blocks.map((code, index) => writeFile(join(folder, `example-${index + 1}.ts`), code)));
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Loads an example as a user would run it. */
async function load(number: number): Promise<Readonly<Record<string, unknown>>> {
  const path = examples[number - 1];
  if (path === undefined) throw new Error(`The README has no example ${number}.`);
  const loaded: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
  return loaded;
}

/** Catches the server that an example starts, and lets it listen on a free port instead. */
async function listening(start: () => Promise<unknown>): Promise<string> {
  const { listen } = Server.prototype;
  let started: Server | undefined;
  Object.defineProperty(Server.prototype, 'listen', {
    configurable: true,
    writable: true,
    value(this: Server) {
      started = this;
      return Reflect.apply(listen, this, [0, '127.0.0.1']);
    },
  });
  try {
    await start();
  } finally {
    Reflect.deleteProperty(Server.prototype, 'listen');
  }
  const server = started;
  if (server === undefined) throw new Error('The example starts no server.');
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

describe('the examples of the README', () => {
  test('are three, and compile', async () => {
    expect(examples).toHaveLength(3);
    const resolve = createRequire(import.meta.url);
    const compiler = join(resolve.resolve('typescript/package.json'), '..', 'bin', 'tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  }, 60_000);

  test('the ten lines log a person in to the forum', async () => {
    process.env.FORUM_SSO_KEYS = testKeys;
    process.env.DISCOURSE_CONNECT_SECRET = secret;
    const origin = await listening(() => load(1));
    const browser = new BrowserClient();
    expect((await browser.open(`${origin}/`)).text).toBe('Hello stranger');

    const away = await browser.open(`${origin}/sso/discourse?${question}`, {
      from: 'https://forum.example.com/',
    });
    expect(away.header('location')).toBe(
      `/login?returnTo=${encodeURIComponent(`/sso/discourse?${question}`)}`,
    );
    const form = await browser.follow(away);
    expect(form.text).toContain('Sign in as Alice');
    const signedIn = await browser.submit(form.url, {}, { from: form.url });
    expect(signedIn.status).toBe(303);
    const answer = await browser.follow(signedIn);
    const fields = readAnswer(
      answer.header('location') ?? '',
      'https://forum.example.com/session/sso_login',
      secret,
    );
    expect(Object.fromEntries(fields)).toEqual({
      nonce: '0123456789abcdef',
      external_id: '1',
      email: 'alice@example.com',
      username: 'alice',
    });
    expect((await browser.open(`${origin}/`)).text).toBe('Hello alice');

    const evil = await browser.submit(`${origin}/login?returnTo=/.//evil.example`, {}, { from: form.url });
    expect(evil.header('location')).toBe('/');
  });

  test("express-session is a site's own session", async () => {
    const { makeApp } = await load(3);
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
