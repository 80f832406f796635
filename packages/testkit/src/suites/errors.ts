import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ErrorCode, errorTable, type ForumSso } from '@forum-sso/core';

import type { CaseContext, CaseOptions, CaseSite, ConformanceCase } from '../case.js';
import {
  isMissing,
  isOurAnswer,
  isPage,
  isRedirect,
  isRefusedJson,
  isRefusedPage,
  isSitePage,
  sameJson,
} from '../expect.js';
import type { SiteSetUp } from '../harness.js';
import type { WireReply } from '../http/reply.js';
import { pagesPath, siteMark } from '../site/pages.js';
import { people } from '../site/people.js';
import { allBytes, digest, probe, probeBodyLimit, probeFixedPath, probeSecret } from '../site/probe.js';

const start = (context: CaseContext, setUp: SiteSetUp = {}, options: CaseOptions = {}): Promise<CaseSite> =>
  context.start({ connectors: [probe()], ...options }, setUp);

/** What the probe heard of a request. */
async function heard(
  site: CaseSite,
  ...[method, target, options]: Parameters<CaseSite['send']>
): Promise<Heard> {
  const reply = await site.send(method, target, options);
  isOurAnswer(reply, 200);
  const told = reply.json();
  if (typeof told !== 'object' || told === null) throw new Error('The probe told nothing.');
  return { ...told };
}

interface Heard {
  readonly method?: unknown;
  readonly url?: unknown;
  readonly path?: unknown;
  readonly id?: unknown;
  readonly ip?: unknown;
  readonly cookie?: unknown;
  readonly repeated?: unknown;
  readonly authorization?: unknown;
}

/** The probe got exactly these bytes. */
function wasRead(reply: WireReply, bytes: Uint8Array): void {
  isOurAnswer(reply, 200);
  sameJson(reply.json(), { length: bytes.byteLength, sha256: digest(bytes) });
}

/** The site still answers. */
async function isAlive(site: CaseSite): Promise<void> {
  isSitePage(await site.browser().open(site.url(`${pagesPath}/page`)), { user: null });
  assert.equal((await site.send('GET', '/sso/probe/who')).status, 200);
}

/** Waits until so many requests have been refused, which the sender may not hear of. */
async function areRefused(site: CaseSite, number: number, code: ErrorCode): Promise<void> {
  const codes = (): readonly string[] =>
    site.events.map((event) => (event.type === 'request.refused' ? event.code : event.type));
  for (let waited = 0; waited < 2_000 && codes().length < number; waited += 20) await sleep(20);
  sameJson(codes(), Array<string>(number).fill(code), 'the events are others');
}

const json = [['Content-Type', 'application/json']] as const;

const engineFault = (sso: ForumSso): ForumSso => ({
  ...sso,
  handle: async ({ url }) => {
    if (url.startsWith('/sso')) throw new Error(probeSecret);
    return null;
  },
});

export const errorCases: readonly ConformanceCase[] = [
  {
    name: 'the engine hears the request as it was received',
    async run(context) {
      const site = await start(context);
      for (const target of [
        '/sso/probe/request',
        '/sso/probe/request?',
        '/sso/probe/request/?a=1&a=2&b=%2B+%20&c=%zz&=&&d',
        '/sso/probe/request?path=/../%2e%2e/x;y=1',
        `/sso/probe/request?long=${'x'.repeat(6_000)}`,
      ]) {
        const { url, path } = await heard(site, 'GET', target);
        assert.equal(url, target);
        assert.equal(path, '/sso/probe/request');
      }
      for (const method of ['POST', 'DELETE', 'OPTIONS']) {
        assert.equal((await heard(site, method, '/sso/probe/request')).method, method);
      }
      const item = await heard(site, 'GET', '/sso/probe/items/a%20b%3Fc.json?x=1');
      sameJson([item.id, item.url], ['a b?c', '/sso/probe/items/a%20b%3Fc.json?x=1']);
      assert.equal((await heard(site, 'GET', `${probeFixedPath}?x=1`)).path, probeFixedPath);
    },
  },
  {
    name: 'a mount point does not change what the engine hears',
    async run(context) {
      const site = await start(context, { mountPath: '/sso' });
      const target = '/sso/probe/request?a=%20&a=1';
      sameJson((await heard(site, 'GET', target)).url, target);
      isMissing(await site.send('GET', '/probe/request'));
      // A fixed address is out of reach of a router that is mounted elsewhere.
      isMissing(await site.send('GET', probeFixedPath));
    },
  },
  {
    name: 'headers arrive whole; repeated ones are joined',
    async run(context) {
      const { repeated, cookie, authorization } = await heard(
        await start(context),
        'GET',
        '/sso/probe/request',
        {
          headers: [
            ['X-Repeated', 'one'],
            ['Cookie', 'a=1'],
            ['X-REPEATED', 'two'],
            ['Cookie', 'b="2"'],
            ['Authorization', 'Basic dTpw'],
          ],
        },
      );
      assert.equal(repeated, 'one, two');
      assert.match(String(cookie), /^a=1[;,] b="2"$/);
      assert.equal(authorization, 'Basic dTpw');
    },
  },
  {
    name: 'the address of the sender is that of the socket',
    async run(context) {
      const site = await start(context);
      const { ip } = await heard(site, 'GET', '/sso/probe/request', {
        headers: [
          ['X-Forwarded-For', '203.0.113.9'],
          ['X-Real-IP', '203.0.113.9'],
          ['Forwarded', 'for=203.0.113.9'],
        ],
      });
      assert.match(String(ip), /^(::ffff:)?127\.0\.0\.1$/);
    },
  },
  {
    name: 'replies are written whole and unchanged',
    async run(context) {
      const site = await start(context);
      const page = await site.send('GET', '/sso/probe/page');
      isPage(page, 200);
      assert.ok(page.text.includes('&#60;b&#62;&#38;'), 'the page was changed');

      const empty = await site.send('GET', '/sso/probe/empty');
      sameJson([empty.status, empty.body.byteLength, empty.header('content-type') ?? null], [204, 0, null]);

      const teapot = await site.send('GET', '/sso/probe/teapot');
      sameJson(
        [teapot.status, teapot.text, teapot.header('content-type')],
        [418, 'é✓', 'text/plain; charset=utf-8'],
      );

      const bytes = await site.send('GET', '/sso/probe/bytes');
      assert.equal(bytes.header('content-type'), 'application/octet-stream');
      assert.equal(digest(bytes.body), digest(allBytes));
    },
  },
  {
    name: 'every cookie of a reply arrives',
    async run(context) {
      const reply = await (await start(context)).send('GET', '/sso/probe/cookies');
      isRedirect(reply, '/elsewhere');
      sameJson(reply.all('set-cookie'), [
        'one=1; Path=/; HttpOnly',
        'two=2; Path=/; SameSite=Lax',
        'three=; Path=/; Max-Age=0',
      ]);
    },
  },
  {
    name: "the application's cookies stay, its rules about caching do not",
    async run(context) {
      const site = await start(context, {
        appHeaders: [
          ['Set-Cookie', 'app=1; Path=/'],
          ['Cache-Control', 'public, max-age=600'],
          ['X-App', 'yes'],
        ],
      });
      const reply = await site.send('GET', '/sso/probe/cookies');
      isRedirect(reply, '/elsewhere');
      assert.equal(reply.header('x-app'), 'yes');
      sameJson(
        reply.all('set-cookie').map((cookie) => cookie.split('=')[0]),
        ['app', 'one', 'two', 'three'],
      );
    },
  },
  {
    name: 'a fault in a connector is a page or JSON without a word about it',
    async run(context) {
      const site = await start(context);
      const page = await site.send('GET', '/sso/probe/fault');
      isRefusedPage(site, page, 'ERR_INTERNAL');
      const machine = await site.send('GET', '/sso/probe/fault.json');
      isRefusedJson(site, machine, 'ERR_INTERNAL');
      for (const { text } of [page, machine]) assert.ok(!text.includes(probeSecret), 'the fault is shown');
      await isAlive(site);
    },
  },
  {
    name: 'a refusal shows its public sentence, never the detail',
    async run(context) {
      const site = await start(context);
      const page = await site.send('GET', '/sso/probe/refusal');
      isRefusedPage(site, page, 'ERR_RATE_LIMITED');
      assert.ok(page.text.includes(errorTable.ERR_RATE_LIMITED.publicMessage));
      const machine = await site.send('GET', '/sso/probe/refusal.json');
      isRefusedJson(site, machine, 'ERR_RATE_LIMITED');
      for (const { text } of [page, machine]) assert.ok(!text.includes(probeSecret), 'the detail is shown');
    },
  },
  {
    name: 'a fault of the engine goes to the error handler of the site',
    async run(context) {
      const site = await start(context, {}, { wrap: engineFault });
      const reply = await site.send('GET', '/sso/probe/page');
      sameJson([reply.status, reply.header(siteMark)], [500, 'fault']);
      isSitePage(await site.browser().open(site.url(`${pagesPath}/page`)), { user: null });
    },
  },
  {
    name: 'methods that are not there are refused with those that are',
    async run(context) {
      const site = await start(context);
      for (const method of ['PUT', 'PATCH']) {
        const reply = await site.send(method, '/sso/probe/request');
        isRefusedJson(site, reply, 'ERR_METHOD_NOT_ALLOWED');
        assert.equal(reply.header('allow'), 'GET, POST, DELETE, OPTIONS');
      }
      const head = await site.send('HEAD', '/sso/probe/request');
      sameJson(
        [head.status, head.header('allow'), head.body.byteLength],
        [405, 'GET, POST, DELETE, OPTIONS', 0],
      );
      const page = await site.send('POST', '/sso/probe/page');
      isRefusedPage(site, page, 'ERR_METHOD_NOT_ALLOWED');
      assert.equal(page.header('allow'), 'GET');
    },
  },
  {
    name: 'a form of another site is refused',
    async run(context) {
      const site = await start(context);
      const target = site.url('/sso/probe/form');
      const browser = site.browser();
      const own = await browser.submit(target, { a: '1' }, { from: site.url('/a') });
      wasRead(own, Buffer.from('a=1'));
      for (const from of ['https://evil.example/', 'http://127.0.0.1:1/', 'http://localhost/']) {
        isRefusedPage(site, await browser.submit(target, { a: '1' }, { from }), 'ERR_ORIGIN_FOREIGN');
      }
      const opaque = await site.send('POST', '/sso/probe/form', { headers: [['Origin', 'null']] });
      isRefusedPage(site, opaque, 'ERR_ORIGIN_FOREIGN');
      const doubled = await site.send('POST', '/sso/probe/form', {
        headers: [
          ['Origin', site.origin],
          ['Origin', 'https://evil.example'],
        ],
      });
      isRefusedPage(site, doubled, 'ERR_ORIGIN_FOREIGN');
      wasRead(await site.send('POST', '/sso/probe/form', { body: 'x' }), Buffer.from('x'));
    },
  },
  {
    name: 'a body arrives byte for byte, whatever it calls itself',
    async run(context) {
      const site = await start(context);
      const bodies = [
        allBytes,
        Buffer.from('{ "a" : 1.0, "a" : 2 }\r\n'),
        Buffer.from('\ufeff{"é":"\\u00e9"}'),
      ];
      for (const type of [
        undefined,
        'application/json',
        'application/json; charset=iso-8859-1',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain',
        'application/octet-stream',
        'no type at all',
      ]) {
        for (const body of bodies) {
          const headers = type === undefined ? [] : ([['Content-Type', type]] as const);
          wasRead(await site.send('POST', '/sso/probe/body', { headers, body }), body);
          wasRead(await site.send('POST', '/sso/probe/body', { headers, body, chunked: true }), body);
        }
      }
      wasRead(await site.send('POST', '/sso/probe/body'), Buffer.alloc(0));
      wasRead(await site.send('POST', '/sso/probe/body', { body: '', headers: json }), Buffer.alloc(0));
    },
  },
  {
    name: 'a body larger than the limit is refused, and one at the limit is not',
    async run(context) {
      const site = await start(context);
      for (const chunked of [false, true]) {
        for (const headers of [[], json]) {
          const largest = Buffer.alloc(probeBodyLimit, ' ');
          wasRead(await site.send('POST', '/sso/probe/body', { body: largest, headers, chunked }), largest);
          for (const size of [probeBodyLimit + 1, 2_000_000]) {
            const reply = await site.send('POST', '/sso/probe/body', {
              body: Buffer.alloc(size, ' '),
              headers,
              chunked,
            });
            isRefusedJson(site, reply, 'ERR_BODY_TOO_LARGE');
          }
        }
      }
      await isAlive(site);
    },
  },
  {
    name: 'a body that does not arrive in time is refused',
    async run(context) {
      const site = await start(context, { bodySeconds: 0.3 });
      const slow = ['Content-Length: 100\r\n\r\n{"a":', 'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'];
      const answers = slow.map(async (rest) => {
        const socket = await site.socket();
        socket.write(`POST /sso/probe/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}`);
        return Promise.race([socket.received, sleep(4_000, 'The connection stays open.', { ref: false })]);
      });
      for (const received of await Promise.all(answers)) {
        assert.match(received, /^HTTP\/1\.1 400 /);
        assert.match(received, /"error":"ERR_BODY_UNREADABLE"/);
      }
      await areRefused(site, slow.length, 'ERR_BODY_UNREADABLE');
      await isAlive(site);
    },
  },
  {
    name: 'a sender who breaks off is an event, and harms nobody',
    async run(context) {
      const site = await start(context);
      const socket = await site.socket();
      socket.write('POST /sso/probe/body HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
      await sleep(100);
      socket.abort();
      await areRefused(site, 1, 'ERR_BODY_UNREADABLE');
      const second = await site.socket();
      second.write('GET /sso/probe/page HTTP/1.1\r\nHost: x\r\n\r\n');
      second.abort();
      await isAlive(site);
    },
  },
  {
    name: "a body that the application's parser has read is refused with the remedy",
    async run(context) {
      const site = await start(context, { parser: 'json' });
      const reply = await site.send('POST', '/sso/probe/body', { body: '{"a":1}', headers: json });
      isRefusedJson(site, reply, 'ERR_RAW_BODY_CONSUMED');
      const event = site.events.at(-1);
      assert.match(event?.type === 'request.refused' ? event.detail : '', /parser.*rawBody/s);
      // What the parser leaves alone arrives.
      wasRead(await site.send('POST', '/sso/probe/body', { body: 'a=1' }), Buffer.from('a=1'));
      wasRead(await site.send('POST', '/sso/probe/body'), Buffer.alloc(0));
    },
  },
  {
    name: 'a parser that keeps the raw bytes is as good as none',
    async run(context) {
      const site = await start(context, { parser: 'kept' });
      for (const body of ['{ "a" : 1.0, "a" : 2 }\r\n', '{}', '[]']) {
        wasRead(await site.send('POST', '/sso/probe/body', { body, headers: json }), Buffer.from(body));
      }
      const large = `"${'x'.repeat(probeBodyLimit)}"`;
      const reply = await site.send('POST', '/sso/probe/body', { body: `[${large}]`, headers: json });
      isRefusedJson(site, reply, 'ERR_BODY_TOO_LARGE');
    },
  },
  {
    name: 'bodies of requests that are not ours are left to the site',
    async run(context) {
      const site = await start(context);
      isMissing(await site.send('POST', '/site/upload', { body: 'x'.repeat(5_000) }));
      isMissing(await site.send('POST', '/site/upload', { body: 'x'.repeat(5_000), chunked: true }));
    },
  },
  {
    name: 'a connector signs people in and out with the built-in session',
    async run(context) {
      const site = await start(context);
      const browser = site.browser();
      const signedIn = await browser.script(site.url('/sso/probe/sign-in?user=bob'), { method: 'POST' });
      isOurAnswer(signedIn, 200);
      sameJson((await browser.open(site.url('/sso/probe/who'))).json(), { user: people.bob.id });
      isSitePage(await browser.open(site.url(`${pagesPath}/page`)), { user: people.bob.id });
      isOurAnswer(await browser.script(site.url('/sso/probe/sign-out'), { method: 'POST' }), 200);
      sameJson((await browser.open(site.url('/sso/probe/who'))).json(), { user: null });
      assert.equal((await browser.cookies(site.origin)).size, 0);
    },
  },
  {
    name: "callbacks of the site's session that are missing are named",
    async run(context) {
      const site = await start(context, { ownSession: { currentUser: () => null } });
      for (const [target, name] of [
        ['/sso/probe/sign-in?user=bob', 'signIn'],
        ['/sso/probe/sign-out', 'signOut'],
      ] as const) {
        isRefusedJson(site, await site.send('POST', target), 'ERR_OPTIONS_INVALID');
        const event = site.events.at(-1);
        assert.ok(event?.type === 'request.refused' && event.detail.includes(`no ${name} callback`));
      }
    },
  },
];
