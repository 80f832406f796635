import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  createForumSso,
  type ForumSsoEvent,
  type ForumSsoStore,
  isForumSsoError,
  memoryStore,
} from '@forum-sso/core';
import { discourseLogin } from '@forum-sso/core/discourse';
import { answerRequest, nodeRequest, openPage } from '@forum-sso/core/node';
import {
  BrowserClient,
  findPostgres,
  findRedis,
  forumAnswer,
  listenOnFreePort,
  type RunningSite,
  type Service,
  startTcpProxy,
  type TcpProxy,
  type WireReply,
} from '@forum-sso/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { redisStore } from '../../../../packages/redis/src/index.js';
import { clients, sweepKeys } from '../../../../packages/redis/test/clients.js';
import { postgresStore } from '../../../../packages/sql/src/index.js';
import { makeSchema } from '../../../../packages/sql/test/databases.js';

const redis = await findRedis();
const postgres = await findPostgres();
const schema = postgres === null ? null : await makeSchema(postgres.url);
const prefix = `forum-sso-test:${randomUUID()}:`;
const secret = randomBytes(24).toString('hex');

afterAll(async () => {
  if (redis !== null) await sweepKeys(redis.url, prefix);
  await schema?.drop();
  await redis?.stop();
  await postgres?.stop();
});

interface OpenStore {
  readonly store: ForumSsoStore;
  close(): Promise<void>;
}

async function openRedis(url: string): Promise<OpenStore> {
  const { client, close } = await clients.redis(url);
  // As the manual says: links and profiles are kept elsewhere.
  return { store: { ...memoryStore(), ...redisStore({ client, prefix }) }, close };
}

async function openPostgres(url: string): Promise<OpenStore> {
  const store = await postgresStore({ url, schema: schema?.name ?? '' });
  return { store, close: () => store.close() };
}

/** A login that was begun, and what the forum answers to it. */
interface Attempt {
  readonly browser: BrowserClient;
  readonly callback: string;
}

describe.each<readonly [string, Service | null, (url: string) => Promise<OpenStore>]>([
  ['Redis', redis, openRedis],
  ['PostgreSQL', postgres, openPostgres],
])('%s gone in the middle', (name, service, openStore) => {
  const run = service === null ? test.skip : test;
  const events: ForumSsoEvent[] = [];
  let proxy: TcpProxy;
  let opened: OpenStore;
  let site: RunningSite;
  let people = 0;

  beforeEach(async () => {
    if (service === null) return;
    const { hostname, port } = new URL(service.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    opened = await openStore(proxy.urlFor(service.url));
    events.length = 0;
    site = await listenOnFreePort((origin) => {
      const sso = createForumSso({
        baseUrl: `${origin}/sso`,
        keys: randomBytes(32).toString('hex'),
        connectors: [discourseLogin({ forumUrl: 'https://forum.example.com', secret })],
        store: opened.store,
        events: (event) => events.push(event),
      });
      return async (message, response) => {
        const request = nodeRequest(message, message.url ?? '');
        if (await answerRequest(sso, request, response, undefined)) return;
        try {
          const forum = await openPage(sso, request, response, undefined);
          response.end(forum?.user?.username ?? 'nobody');
        } catch (error) {
          response.writeHead(isForumSsoError(error) ? error.status : 500);
          response.end(isForumSsoError(error) ? error.code : 'unknown');
        }
      };
    });
  });

  afterEach(async () => {
    if (service === null) return;
    await site.close();
    await opened.close();
    await proxy.close();
  });

  async function begin(): Promise<Attempt> {
    const browser = new BrowserClient();
    const away = await browser.open(`${site.origin}/sso/discourse-login/start?returnTo=/done`);
    const sso = new URL(away.header('location') ?? '').searchParams.get('sso') ?? '';
    const question = Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
    const person = {
      external_id: String(++people),
      username: `person${people}`,
      email: `person${people}@example.com`,
    };
    const answer = forumAnswer(question, person, secret);
    return { browser, callback: `${site.origin}/sso/discourse-login/callback?${answer}` };
  }

  /** A second browser with the same cookies. */
  async function copyOf({ browser, callback }: Attempt): Promise<Attempt> {
    const copy = new BrowserClient();
    for (const [cookie, value] of await browser.cookies(site.origin))
      await copy.plant(site.origin, `${cookie}=${value}; Path=/`);
    return { browser: copy, callback };
  }

  const comeBack = ({ browser, callback }: Attempt): Promise<WireReply> => browser.open(callback);

  /** A friendly page, no session, and an event that names the store. */
  function isUnavailable(reply: WireReply): void {
    expect(reply.status).toBe(503);
    expect(reply.header('content-type')).toBe('text/html; charset=utf-8');
    expect(reply.text).toContain('Please try again soon.');
    expect(reply.text).toContain('Sign in again');
    expect(reply.header('cache-control')).toBe('no-store');
    expect(reply.all('set-cookie').filter((line) => !line.includes('=;'))).toEqual([]);
  }

  /** Signs people in until it works again. */
  async function healed(): Promise<void> {
    for (const end = Date.now() + 10_000; ; await sleep(50)) {
      if ((await comeBack(await begin())).status === 302) return;
      if (Date.now() > end) throw new Error(`${name} is back, and nobody can sign in.`);
    }
  }

  run('is a page and an event; nobody gets in; afterwards the same answers work, once', async () => {
    const signedIn = await begin();
    const username = `person${people}`;
    expect((await comeBack(signedIn)).status).toBe(302);
    const attempts = await Promise.all(Array.from({ length: 8 }, begin));
    const copies = await Promise.all(attempts.map(copyOf));

    await proxy.cut();
    await sleep(50);
    events.length = 0;
    for (const reply of await Promise.all(attempts.map(comeBack))) isUnavailable(reply);
    expect(events).toHaveLength(8);
    for (const event of events) {
      expect(event).toMatchObject({
        type: 'request.refused',
        code: 'ERR_STORE_UNAVAILABLE',
        status: 503,
        path: '/sso/discourse-login/callback',
        connector: 'discourse-login',
      });
    }
    // Who is signed in cannot be known now either, so nobody is.
    const page = await signedIn.browser.open(`${site.origin}/page`);
    expect([page.status, page.text]).toEqual([503, 'ERR_STORE_UNAVAILABLE']);
    // A new login begins without the store.
    const begun = await begin();

    await proxy.heal();
    await healed();
    expect((await signedIn.browser.open(`${site.origin}/page`)).text).toBe(username);
    expect((await comeBack(begun)).status).toBe(302);
    for (const reply of await Promise.all(attempts.map(comeBack))) expect(reply.status).toBe(302);
    for (const reply of await Promise.all(copies.map(comeBack))) expect(reply.status).toBe(403);
  });

  run('when it is silent, the answer comes after two seconds', async () => {
    const attempt = await begin();
    proxy.stall();
    const start = performance.now();
    isUnavailable(await comeBack(attempt));
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(1_900);
    expect(took).toBeLessThan(10_000);
    await proxy.heal();
    await healed();
    // The claim may have arrived late: then the answer is used up, and nobody got in with it.
    expect([302, 403]).toContain((await comeBack(attempt)).status);
  });

  run(
    'again and again, under full load: no answer is ever taken twice',
    async () => {
      const won: number[] = [];
      const refused = new Map<number, number>();
      let breaking = true;
      const worker = async (): Promise<void> => {
        while (breaking) {
          const attempt = await begin();
          const all = [attempt, await copyOf(attempt), await copyOf(attempt)];
          let wins = 0;
          for (let tries = 0; tries < 40; tries++) {
            const replies = await Promise.all(all.map(comeBack));
            for (const { status } of replies) {
              if (status === 302) wins++;
              else refused.set(status, (refused.get(status) ?? 0) + 1);
            }
            if (replies.every(({ status }) => status !== 503)) break;
            await sleep(25);
          }
          won.push(wins);
        }
      };
      const workers = Array.from({ length: 4 }, worker);
      for (let round = 0; round < 4; round++) {
        await sleep(150);
        await proxy.cut();
        await sleep(60);
        await proxy.heal();
        await healed();
      }
      breaking = false;
      await Promise.all(workers);
      expect(Math.max(...won)).toBe(1);
      expect(won.filter((wins) => wins === 1).length).toBeGreaterThan(0);
      expect([...refused.keys()].sort()).toEqual([403, 503]);
    },
    60_000,
  );
});
