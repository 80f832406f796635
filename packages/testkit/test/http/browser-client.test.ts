import type { IncomingMessage, ServerResponse } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';

import { BrowserClient } from '../../src/http/browser-client.js';
import { listenOnFreePort, type RunningSite } from '../../src/http/listen.js';
import type { WireReply } from '../../src/http/reply.js';

const running: RunningSite[] = [];
afterEach(async () => {
  for (const site of running.splice(0)) await site.close();
});

type Answer = (message: IncomingMessage, response: ServerResponse) => void;

/** Tells what it was sent. */
const echo: Answer = (message, response) => {
  const chunks: Uint8Array[] = [];
  message.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  message.on('end', () => {
    const { method, url, headers } = message;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
};

/** Starts a server that is reached under any host name of this machine. */
async function start(routes: Readonly<Record<string, Answer>> = {}): Promise<(host: string) => string> {
  const site = await listenOnFreePort(() => (message, response) => {
    (routes[message.url ?? ''] ?? echo)(message, response);
  });
  running.push(site);
  const { port } = new URL(site.origin);
  return (host) => `http://${host}:${port}`;
}

interface Echo {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

function echoed(reply: WireReply): Echo {
  const told: Echo = JSON.parse(reply.text);
  return told;
}

const cookies =
  (...lines: readonly string[]): Answer =>
  (_, response) => {
    response.setHeader('Set-Cookie', [...lines]).end();
  };

const leadTo =
  (location: string, status = 302): Answer =>
  (_, response) => {
    response.writeHead(status, { Location: location }).end();
  };

describe('fetch metadata', () => {
  test('of a page that is opened', async () => {
    const at = await start();
    const { headers } = echoed(await new BrowserClient().open(`${at('site.localhost')}/a?b=1`));
    expect(headers).toMatchObject({
      'sec-fetch-site': 'none',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-user': '?1',
      accept: expect.stringContaining('text/html'),
    });
    expect(headers.origin).toBeUndefined();
    expect(headers.referer).toBeUndefined();
  });

  test.each([
    ['http://site.localhost', 'same-origin'],
    ['http://site.localhost:1', 'same-site'],
    ['http://other.localhost', 'cross-site'],
    ['https://site.localhost', 'cross-site'],
    ['http://127.0.0.1', 'cross-site'],
  ])('of a link on %s', async (from, relation) => {
    const at = await start();
    const { port } = new URL(at('x'));
    const page = relation === 'same-origin' ? `${from}:${port}/p?q=1` : `${from}/p?q=1`;
    const { headers } = echoed(await new BrowserClient().open(`${at('site.localhost')}/`, { from: page }));
    expect(headers['sec-fetch-site']).toBe(relation);
    expect(headers.referer).toBe(relation === 'same-origin' ? page : `${from}/`);
  });

  test('of forms, scripts, and what a page embeds', async () => {
    const at = await start();
    const from = at('site.localhost');
    const browser = new BrowserClient();
    const form = echoed(await browser.submit(`${from}/form`, { a: 'b c' }, { from }));
    expect(form).toMatchObject({
      method: 'POST',
      body: 'a=b+c',
      headers: { origin: from, 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' },
    });
    const script = echoed(await browser.script(`${at('other.localhost')}/`, { from }));
    expect(script.headers).toMatchObject({
      origin: from,
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
    });
    const own = echoed(await browser.script(`${from}/`, { from, method: 'DELETE' }));
    expect(own).toMatchObject({ method: 'DELETE', headers: { origin: from } });
    const frame = echoed(await browser.embed(`${from}/`, { from, as: 'iframe' }));
    expect(frame.headers).toMatchObject({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' });
    const image = echoed(await browser.embed(`${from}/`, { from, as: 'image' }));
    expect(image.headers).toMatchObject({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' });
    const ahead = echoed(await browser.prefetch(`${from}/`, { from }));
    expect(ahead.headers).toMatchObject({ 'sec-purpose': 'prefetch', 'sec-fetch-dest': 'document' });
  });

  test('of a form that comes from nowhere has no known origin', async () => {
    const at = await start();
    const { headers } = echoed(await new BrowserClient().submit(`${at('site.localhost')}/`, {}));
    expect(headers.origin).toBe('null');
  });
});

describe('cookies', () => {
  test('are kept by host, across ports, until they end', async () => {
    const at = await start({
      '/set': cookies('a=1; Path=/', 'b=2; Path=/; Max-Age=100', 'c=3; Path=/only'),
      '/end': cookies('b=; Path=/; Max-Age=0'),
    });
    const browser = new BrowserClient();
    const site = at('site.localhost');
    await browser.open(`${site}/set`);
    expect(echoed(await browser.open(`${site}/`)).headers.cookie).toBe('a=1; b=2');
    expect(echoed(await browser.open(`${site}/only/x`)).headers.cookie).toContain('c=3');
    expect(echoed(await browser.open(`${at('forum.localhost')}/`)).headers.cookie).toBeUndefined();
    const second = await start();
    expect(echoed(await browser.open(`${second('site.localhost')}/`)).headers.cookie).toBe('a=1; b=2');
    await browser.open(`${site}/end`);
    expect([...(await browser.cookies(site))]).toEqual([['a', '1']]);
  });

  test('go to foreign pages as SameSite allows', async () => {
    const at = await start({
      '/set': cookies('strict=1; SameSite=Strict', 'lax=1; SameSite=Lax', 'none=1; SameSite=None'),
    });
    const browser = new BrowserClient();
    const site = at('site.localhost');
    await browser.open(`${site}/set`);
    const from = 'https://forum.example.com/';
    const sent = async (reply: Promise<WireReply>): Promise<readonly string[]> =>
      (echoed(await reply).headers.cookie ?? '').split('; ').map((cookie) => cookie.split('=')[0] ?? '');
    expect(await sent(browser.open(`${site}/`))).toEqual(['strict', 'lax', 'none']);
    expect(await sent(browser.open(`${site}/`, { from }))).toEqual(['lax', 'none']);
    expect(await sent(browser.submit(`${site}/`, {}, { from }))).toEqual(['none']);
    expect(await sent(browser.embed(`${site}/`, { as: 'iframe', from }))).toEqual(['none']);
    expect(await sent(browser.script(`${site}/`, { from: site, method: 'POST' }))).toEqual([
      'strict',
      'lax',
      'none',
    ]);
  });

  test('that break the rules of their prefix are dropped', async () => {
    const at = await start({
      '/set': cookies('__Host-a=1; Path=/', '__Secure-b=1; Path=/', '__Host-c=1; Path=/x; Secure', 'd=1'),
    });
    const browser = new BrowserClient();
    await browser.open(`${at('site.localhost')}/set`);
    expect([...(await browser.cookies(at('site.localhost'))).keys()]).toEqual(['d']);
  });
});

describe('redirects', () => {
  test('are followed one at a time, by GET after a form', async () => {
    const at = await start({ '/in': leadTo('/out?x=1', 303) });
    const browser = new BrowserClient();
    const site = at('site.localhost');
    const reply = await browser.submit(`${site}/in`, { a: '1' }, { from: site });
    expect(reply.status).toBe(303);
    const next = echoed(await browser.follow(reply));
    expect(next).toMatchObject({ method: 'GET', url: '/out?x=1', body: '' });
    expect(next.headers['content-type']).toBeUndefined();
  });

  test('keep method and body with 307', async () => {
    const at = await start({ '/in': leadTo('/out', 307) });
    const browser = new BrowserClient();
    const site = at('site.localhost');
    const next = await browser.follow(await browser.submit(`${site}/in`, { a: '1' }, { from: site }));
    expect(echoed(next)).toMatchObject({ method: 'POST', body: 'a=1' });
  });

  test('stay foreign once they have been', async () => {
    const there = await start();
    const at = await start({ '/away': leadTo(`${there('site.localhost')}/back`) });
    const browser = new BrowserClient();
    const from = there('site.localhost');
    const away = await browser.open(`${at('forum.localhost')}/away`, { from });
    const back = echoed(await browser.follow(away));
    expect(back.headers['sec-fetch-site']).toBe('cross-site');
  });

  test("of another browser's answers are none", async () => {
    const at = await start({ '/in': leadTo('/out') });
    const reply = await new BrowserClient().open(`${at('site.localhost')}/in`);
    expect(() => new BrowserClient().follow(reply)).toThrow(/not this browser/);
  });
});

test('every answer is shown to whoever wants to see it', async () => {
  const at = await start({ '/in': leadTo('/out') });
  const seen: number[] = [];
  const browser = new BrowserClient(({ status }) => seen.push(status));
  await browser.follow(await browser.open(`${at('site.localhost')}/in`));
  expect(seen).toEqual([302, 200]);
});
