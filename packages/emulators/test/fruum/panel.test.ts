import { request as httpRequest } from 'node:http';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { type FruumEmulator, startFruumEmulator } from '../../src/fruum/index.js';
import { type AuthServer, startAuthServer } from './auth-server.js';
import { BrowserPage, FakeElement, type PageWindow } from './browser-page.js';

const alice = {
  id: '7',
  anonymous: false,
  username: 'alice',
  displayname: 'Alice Example',
  email: 'a@x.example',
};
const payload = { id: '7', hash: 'h' };

let site: AuthServer;
let fruum: FruumEmulator;
const pages: BrowserPage[] = [];

beforeEach(async () => {
  site = await startAuthServer({ body: JSON.stringify(alice) });
  fruum = await startFruumEmulator({
    forums: [{ id: 'myforum', authUrl: `${site.origin}/auth`, fullpageUrl: 'http://localhost:4000/forum' }],
  });
});
afterEach(async () => {
  for (const page of pages.splice(0)) page.close();
  await fruum.close();
  await site.close();
});

async function open(window: PageWindow, forum = 'myforum'): Promise<BrowserPage> {
  const page = new BrowserPage(window);
  pages.push(page);
  await page.load(`${fruum.origin}/go/${forum}`);
  return page;
}
const embedded = (user?: unknown): PageWindow => ({
  fruumSettings: { container: '#forum', ...(user === undefined ? {} : { user }) },
});

describe('the loader', () => {
  test('completes the settings and leaves what the page has set', async () => {
    const page = await open(embedded(payload));
    expect(page.window.fruumSettings).toEqual({
      container: '#forum',
      fullpage: true,
      user: payload,
      app_id: 'myforum',
      fullpage_url: 'http://localhost:4000/forum',
      pushstate: false,
      sso: true,
      fruum_host: fruum.origin,
    });
  });

  test('is made once: a later change of the auth URL does not show in it', async () => {
    await open(embedded());
    fruum.updateForum('myforum', { authUrl: undefined });
    expect((await open(embedded())).window.fruumSettings?.sso).toBe(true);
  });

  test('without a container the panel waits until it is opened, and is open again on the next page', async () => {
    const first = await open({});
    expect(first.panel).toBeUndefined();
    first.window.Fruum?.launch('home');
    await first.state('anonymous');
    const second = new BrowserPage({});
    pages.push(second);
    for (const [name, value] of first.storage) second.storage.set(name, value);
    await second.load(`${fruum.origin}/go/myforum`);
    await second.state('anonymous');
    second.click(second.button('Close'));
    expect(second.panel?.hidden).toBe(true);
    expect(second.storage.get('fruum:open:myforum')).toBe('0');
    second.window.Fruum?.api?.open();
    await second.state('anonymous', 2);
    expect(second.panel?.hidden).toBe(false);
  });

  test.each([
    ['href', '#fruum:home'],
    ['fruum-link', 'home'],
  ])('a click on %s="%s" opens it', async (attribute, value) => {
    const page = await open({});
    const link = new FakeElement('a');
    link.setAttribute(attribute, value);
    expect(page.click(link).prevented).toBe(true);
    await page.state('anonymous');
    expect(page.window.fruumSettings?.view_id).toBe('home');
    expect(page.click(new FakeElement('a')).prevented).toBe(false);
  });

  test('an unknown forum has none', async () => {
    expect((await open(embedded(), 'other')).failures).toEqual(['Invalid app_id']);
  });
});

describe('the panel', () => {
  test('shows who you are', async () => {
    const panel = await (await open(embedded(payload))).state('user');
    expect(panel.textContent).toContain('you are Alice Example');
    expect(panel.textContent).toContain('@alice · id 7 · member · mails to a@x.example');
    expect(panel.dataset.user).toBe('7');
  });

  test('sends the whole settings, and the site gets the user alone', async () => {
    await (await open(embedded({ ...payload, more: [1] }))).state('user');
    expect(site.received.map(({ body }) => JSON.parse(body))).toEqual([{ ...payload, more: [1] }]);
  });

  test('a guest is asked about nowhere', async () => {
    const panel = await (await open(embedded())).state('anonymous');
    expect(panel.textContent).toContain('you are anonymous');
    expect(site.received).toEqual([]);
  });

  test('calls "ready" after each login', async () => {
    const calls: string[] = [];
    const page = await open({
      fruumSettings: { container: '#forum', ready: 'site.forum.ready' },
      site: { forum: { ready: () => calls.push('ready') } },
    });
    await page.state('anonymous');
    page.click(page.button('Reconnect'));
    await page.state('anonymous', 2);
    expect(calls).toEqual(['ready', 'ready']);
  });

  test('after a lost connection it comes back with the same user, as the site then says', async () => {
    const page = await open(embedded(payload));
    await page.state('user');
    site.reply = { body: JSON.stringify({ ...alice, admin: true }) };
    fruum.dropConnections();
    expect((await page.state('admin', 2)).textContent).toContain('administrator');
    site.reply = { body: '{}' };
    fruum.dropConnections();
    await page.state('anonymous', 3);
    expect(site.received.map(({ body }) => JSON.parse(body))).toEqual([payload, payload, payload]);
  });

  test('an open connection does not hear of a change at the site', async () => {
    const page = await open(embedded(payload));
    const panel = await page.state('user');
    site.reply = { body: '{}' };
    page.tick();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(panel.dataset).toMatchObject({ state: 'user', connections: '1' });
  });

  test('a late login through FruumData; { user: {} } signs out, { user: null } does nothing', async () => {
    const page = await open(embedded());
    await page.state('anonymous');
    page.window.FruumData = [{ user: payload }];
    page.tick();
    await page.state('user', 2);
    page.window.FruumData.push({ user: null });
    page.tick();
    expect(page.window.FruumData).toEqual([]);
    expect((await page.state('user')).dataset.connections).toBe('2');
    site.reply = { body: '{}' };
    page.window.FruumData.push({ user: {} });
    page.tick();
    await page.state('anonymous', 3);
    expect(site.received.map(({ body }) => JSON.parse(body))).toEqual([payload, {}]);
  });

  test('what was pushed before the panel came replaces the user of the settings', async () => {
    const page = await open({
      ...embedded({ id: 'old', hash: 'o' }),
      FruumData: [{ user: { id: '6' } }, { user: payload }],
    });
    await page.state('user');
    expect(site.received.map(({ body }) => JSON.parse(body))).toEqual([payload]);
  });

  test('a site that never answers leaves the visitor waiting', async () => {
    site.reply = { hang: true };
    const page = await open(embedded(payload));
    const panel = await page.state('connecting');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(panel.dataset.state).toBe('connecting');
    expect(site.received).toHaveLength(1);
  });

  test('leaving the page ends the connection, and Fruum notes when', async () => {
    const page = await open(embedded(payload));
    await page.state('user');
    expect(fruum.users('myforum')[0]?.last_logout).toBe(0);
    page.close();
    for (let i = 0; i < 100 && fruum.users('myforum')[0]?.last_logout === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(fruum.users('myforum')[0]?.last_logout).not.toBe(0);
  });
});

describe('over HTTP', () => {
  const socket = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${fruum.origin}/_/socket`, { method: 'POST', body, headers });
  const form = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${fruum.origin}/users`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers,
      redirect: 'manual',
    });

  test('any site may connect; an unknown forum gets an empty event and is cut off', async () => {
    const answer = await socket('{"app_id":"other"}', { Origin: 'https://any.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.text()).toBe('{"event":"fruum:auth"}\n');
  });

  test('what is not JSON is refused', async () => {
    expect((await socket('{')).status).toBe(400);
  });

  test('loader and panel are scripts that other sites may load', async () => {
    for (const path of ['/go/myforum', '/_/get/js/bundle/myforum']) {
      const answer = await fetch(fruum.origin + path);
      expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/);
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      await answer.text();
    }
    expect((await fetch(`${fruum.origin}/_/get/js/bundle/other`)).status).toBe(404);
  });

  test('the front door leads to the forum in the site, or to the overview', async () => {
    const location = async () => (await fetch(fruum.origin, { redirect: 'manual' })).headers.get('location');
    expect(await location()).toBe('http://localhost:4000/forum');
    fruum.updateForum('myforum', { fullpageUrl: undefined });
    expect(await location()).toBe('/overview');
  });

  test('the overview shows forums, users and requests, without what lets callers in', async () => {
    fruum.updateForum('myforum', {
      authUrl: `${site.origin.replace('//', '//fruum:sesame@')}/auth?k=opensesame`,
    });
    site.reply = { body: JSON.stringify({ ...alice, displayname: '<script>alert(1)</script>' }) };
    await fruum.connect({ app_id: 'myforum', user: { ...payload, hash: 'verysecret' } });
    const text = await (await fetch(`${fruum.origin}/overview`)).text();
    expect(text).toContain('&lt;script&gt;alert(1)');
    expect(text).not.toMatch(/sesame|verysecret|<script>alert/);
    expect(text).toContain('//fruum:…@');
    expect(text).toContain('?…');
  });

  test('users are blocked, unblocked and deleted there, from its own pages only', async () => {
    await fruum.connect({ app_id: 'myforum', user: payload });
    const user = { forum: 'myforum', id: '"7"' };
    expect((await form({ ...user, action: 'block' })).status).toBe(303);
    expect(fruum.users('myforum')[0]?.blocked).toBe(true);
    expect((await form({ ...user, action: 'unblock' })).status).toBe(303);
    expect(fruum.users('myforum')[0]?.blocked).toBe(false);
    expect((await form({ ...user, action: 'delete' }, { Origin: 'https://any.example' })).status).toBe(403);
    expect(fruum.users('myforum')).toHaveLength(1);
    expect((await form({ ...user, action: 'delete' })).status).toBe(303);
    expect(fruum.users('myforum')).toEqual([]);
    expect((await form({ ...user, action: 'promote' })).status).toBe(400);
    expect((await form({ ...user, id: 'x', action: 'block' })).status).toBe(400);
    expect((await form({ ...user, forum: 'other', action: 'block' })).status).toBe(404);
  });

  test('the page for a user by hand allows its own scripts alone', async () => {
    const answer = await fetch(`${fruum.origin}/try/myforum`);
    expect(answer.headers.get('content-security-policy')).toContain(fruum.origin);
    expect(await answer.text()).toContain('data-loader="/go/myforum"');
    expect((await fetch(`${fruum.origin}/try/other`)).status).toBe(404);
  });

  test('it listens on this machine alone', async () => {
    await expect(startFruumEmulator({ host: '0.0.0.0' })).rejects.toThrow(TypeError);
    const status = await new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: fruum.port,
        path: '/overview',
        headers: { host: 'rebound.example' },
      };
      httpRequest(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  test('close ends everything, a hanging login included', async () => {
    const other = await startFruumEmulator({ forums: [{ id: 'f', authUrl: `${site.origin}/auth` }] });
    site.reply = { hang: true };
    const connecting = other.connect({ app_id: 'f', user: payload });
    await other.close();
    expect(await connecting).toMatchObject({ outcome: 'anonymous' });
    await expect(fetch(other.origin)).rejects.toThrow();
  });

  test('without options there is one forum without an auth URL', async () => {
    const other = await startFruumEmulator();
    expect(await other.connect({ app_id: 'myforum' })).toMatchObject({ outcome: 'anonymous' });
    await other.close();
  });
});
