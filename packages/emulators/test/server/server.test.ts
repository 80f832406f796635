import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { escapeHtml } from '../../src/server/html.js';
import {
  createPageShell,
  createSessions,
  html,
  ownPagesOnly,
  type RunningServer,
  readBody,
  readForm,
  readJson,
  sendPage,
  startServer,
} from '../../src/server/index.js';

const shell = createPageShell({ product: 'Sample', accent: '#224488' });
const running: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(
  ...[options, mount]: [Parameters<typeof startServer>[0], Parameters<typeof startServer>[2]]
) {
  const server = await startServer(options, shell, mount);
  running.push(server);
  return server;
}

/** A request whose Host header is ours to choose, which fetch does not allow. */
function status(
  port: number,
  headers: Record<string, string>,
): Promise<{ status: number; location?: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: '/page?a=b', headers }, (response) => {
      response.resume();
      const { location } = response.headers;
      resolve({ status: response.statusCode ?? 0, ...(location === undefined ? {} : { location }) });
    });
    request.on('error', reject);
    request.end();
  });
}

describe('address', () => {
  test('takes a free port on the loopback address and says where it is', async () => {
    const server = await start({}, (app) => app.get('/', (_request, response) => void response.send('here')));
    expect(server.port).toBeGreaterThan(0);
    expect(server.origin).toBe(`http://127.0.0.1:${server.port}`);
    expect(await (await fetch(server.origin)).text()).toBe('here');
  });

  test.each(['0.0.0.0', '192.168.1.2', '::', 'example.com'])('refuses to listen on %s', async (host) => {
    await expect(startServer({ host }, shell, () => {})).rejects.toThrow(TypeError);
  });

  test.each([
    'https://forum.example/sub',
    'ftp://forum.example',
    'https://a:b@forum.example',
    'forum.example',
  ])('refuses the public URL %s', async (publicUrl) => {
    await expect(startServer({ publicUrl }, shell, () => {})).rejects.toThrow(TypeError);
  });

  test('a taken port is an error', async () => {
    const { port } = await start({}, () => {});
    await expect(startServer({ port }, shell, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('close cuts connections that are still open', async () => {
    const server = await startServer({}, shell, (app) => app.get('/slow', () => {}));
    const open = fetch(`${server.origin}/slow`).then(
      () => 'answered',
      () => 'cut',
    );
    const idle = connect(server.port, '127.0.0.1');
    idle.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = Date.now();
    await server.close();
    expect(Date.now() - before).toBeLessThan(4_000);
    expect(await open).toBe('cut');
    idle.destroy();
  });
});

describe('host names', () => {
  test('answers under its own names only', async () => {
    const { port } = await start({ publicUrl: 'https://forum.example' }, (app) =>
      app.get('/page', (_request, response) => void response.send('here')),
    );
    expect(await status(port, { host: 'forum.example' })).toEqual({ status: 200 });
    expect(await status(port, { host: 'FORUM.example' })).toEqual({ status: 200 });
    expect(await status(port, { host: `localhost:${port}` })).toEqual({ status: 200 });
    expect(await status(port, { host: `127.0.0.1:${port}` })).toEqual({ status: 200 });
    expect(await status(port, { host: 'evil.example' })).toEqual({ status: 403 });
    expect(await status(port, { host: `evil.example:${port}` })).toEqual({ status: 403 });
    expect(await status(port, { host: 'forum.example.evil.example' })).toEqual({ status: 403 });
    expect(await status(port, { host: 'localhost' })).toEqual({ status: 403 });
  });

  test('a person at the other loopback name is led to the one that the cookies belong to', async () => {
    const { port, origin } = await start({}, (app) =>
      app.get('/page', (_request, response) => void response.send('here')),
    );
    expect(await status(port, { host: `localhost:${port}`, 'sec-fetch-dest': 'document' })).toEqual({
      status: 307,
      location: `${origin}/page?a=b`,
    });
    expect(await status(port, { host: `localhost:${port}` })).toEqual({ status: 200 });
    expect(await status(port, { host: `127.0.0.1:${port}`, 'sec-fetch-dest': 'document' })).toEqual({
      status: 200,
    });
  });

  test('forms of other sites are refused, programs are not', async () => {
    const { origin } = await start({}, (app, address) =>
      app.post('/change', ownPagesOnly(address), (_request, response) => void response.send('done')),
    );
    const post = async (headers: Record<string, string>) =>
      (await fetch(`${origin}/change`, { method: 'POST', headers })).status;
    expect(await post({})).toBe(200);
    expect(await post({ origin, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await post({ origin: 'http://127.0.0.1:1' })).toBe(403);
    expect(await post({ origin: 'null' })).toBe(403);
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  });
});

describe('bodies', () => {
  const echo = () =>
    start({}, (app) => {
      app.post('/raw', async (request, response) => {
        response.send(Buffer.from(await readBody(request, 10)).toString('hex'));
      });
      app.post('/json', async (request, response) => void response.json({ got: await readJson(request) }));
      app.post('/form', async (request, response) => void response.json([...(await readForm(request))]));
    });

  test('bytes come as they were sent, up to the limit', async () => {
    const { origin } = await echo();
    const post = (body: Uint8Array<ArrayBuffer>) => fetch(`${origin}/raw`, { method: 'POST', body });
    expect(await (await post(new Uint8Array([0, 255, 10, 195]))).text()).toBe('00ff0ac3');
    expect((await post(new Uint8Array(10))).status).toBe(200);
    expect((await post(new Uint8Array(11))).status).toBe(413);
    expect((await post(new Uint8Array(500_000))).status).toBe(413);
  });

  test('JSON and forms', async () => {
    const { origin } = await echo();
    const json = (body: string) => fetch(`${origin}/json`, { method: 'POST', body });
    expect(await (await json('{"a":[1]}')).json()).toEqual({ got: { a: [1] } });
    expect((await json('{"a":')).status).toBe(400);
    const form = await fetch(`${origin}/form`, { method: 'POST', body: 'a=b+c&a=%C3%A9' });
    expect(await form.json()).toEqual([
      ['a', 'b c'],
      ['a', 'é'],
    ]);
  });
});

describe('sessions', () => {
  const count = (limit?: number) => {
    let time = 0;
    const advance = (seconds: number) => {
      time += seconds * 1_000;
    };
    const server = start({}, (app, address) => {
      const sessions = createSessions({
        name: 'sample',
        address,
        create: () => ({ visits: 0 }),
        lifetimeSeconds: 60,
        now: () => new Date(time),
        ...(limit === undefined ? {} : { limit }),
      });
      app.get('/visit', (request, response) => {
        const session = sessions.open(request, response);
        session.visits++;
        response.json({ visits: session.visits, same: sessions.open(request, response) === session });
      });
      app.get('/look', (request, response) => void response.json(sessions.read(request) ?? null));
      app.get('/renew', (request, response) => void response.json(sessions.renew(request, response)));
      app.get('/end', (request, response) => {
        sessions.end(request, response);
        response.json(sessions.read(request) ?? null);
      });
      app.get(
        '/end-all',
        (_request, response) => void response.json(sessions.endWhere(({ visits }) => visits > 0)),
      );
    });
    return { server, advance };
  };
  const get = async (origin: string, path: string, cookie?: string) => {
    const response = await fetch(origin + path, cookie === undefined ? {} : { headers: { cookie } });
    const body: unknown = await response.json();
    return {
      body,
      cookies: response.headers.getSetCookie(),
      cookie: response.headers.getSetCookie()[0]?.split(';')[0],
    };
  };

  test('are kept by a cookie whose name holds the port', async () => {
    const { origin, port } = await count().server;
    const first = await get(origin, '/visit');
    expect(first.body).toEqual({ visits: 1, same: true });
    expect(first.cookies).toHaveLength(1);
    expect(first.cookies[0]).toMatch(
      new RegExp(`^sample-${port}=[\\w-]{32}; Path=/; HttpOnly; SameSite=Lax$`),
    );
    expect((await get(origin, '/visit', first.cookie)).body).toEqual({ visits: 2, same: true });
    expect((await get(origin, '/visit', `sample-1=x; ${first.cookie}`)).body).toEqual({
      visits: 3,
      same: true,
    });
    expect((await get(origin, '/look')).body).toBeNull();
  });

  test('a renewed session keeps its data under a new value; the old value is worth nothing', async () => {
    const { origin } = await count().server;
    const first = await get(origin, '/visit');
    const second = await get(origin, '/renew', first.cookie);
    expect(second.body).toEqual({ visits: 1 });
    expect(second.cookie).not.toBe(first.cookie);
    expect((await get(origin, '/look', first.cookie)).body).toBeNull();
    expect((await get(origin, '/look', second.cookie)).body).toEqual({ visits: 1 });
  });

  test('end: one, or all that are picked', async () => {
    const { origin } = await count().server;
    const one = await get(origin, '/visit');
    const two = await get(origin, '/visit');
    const ended = await get(origin, '/end', one.cookie);
    expect(ended.body).toBeNull();
    expect(ended.cookies[0]).toContain('Max-Age=0');
    expect((await get(origin, '/look', one.cookie)).body).toBeNull();
    expect((await get(origin, '/end-all', two.cookie)).body).toBe(1);
    expect((await get(origin, '/look', two.cookie)).body).toBeNull();
  });

  test('end by time and by number, the longest untouched first', async () => {
    const { server, advance } = count(2);
    const { origin } = await server;
    const one = await get(origin, '/visit');
    const two = await get(origin, '/visit');
    await get(origin, '/visit', one.cookie);
    const three = await get(origin, '/visit');
    expect((await get(origin, '/look', one.cookie)).body).toEqual({ visits: 2 });
    expect((await get(origin, '/look', two.cookie)).body).toBeNull();
    advance(40);
    await get(origin, '/look', one.cookie);
    advance(40);
    expect((await get(origin, '/look', three.cookie)).body).toBeNull();
    expect((await get(origin, '/look', one.cookie)).body).toEqual({ visits: 2 });
  });
});

describe('pages', () => {
  test('text is escaped, markup is not escaped twice, absent parts print nothing', () => {
    const name = `<img src=x onerror="alert('1')">&`;
    expect(escapeHtml(name)).toBe('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
    const list = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(String(html`<ul title="${'"'}">${list}${undefined}${null}${false}${0}</ul>`)).toBe(
      '<ul title="&quot;"><li>a</li><li>&lt;b&gt;</li>0</ul>',
    );
  });

  test('a page has its policy, its bar and its script by hash', async () => {
    const { origin } = await start({}, (app) =>
      app.get('/', (_request, response) =>
        sendPage(response, shell, {
          title: 'A & B',
          body: html`<p>${'<script>'}</p>`,
          navigation: [{ href: '/users', label: 'Users' }],
          script: 'document.title',
        }),
      ),
    );
    const response = await fetch(origin);
    const text = await response.text();
    expect(text).toContain('<title>A &amp; B · Sample emulator</title>');
    expect(text).toContain('&lt;script&gt;');
    expect(text).toContain('<a href="/users">Users</a>');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/script-src 'sha256-[\w+/=]+'/);
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('errors are pages for people and JSON for programs, and hold nothing of the inside', async () => {
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    const { origin } = await start({}, (app) =>
      app.get('/fault', () => {
        throw new Error('inside');
      }),
    );
    const fault = await fetch(`${origin}/fault`);
    expect(fault.status).toBe(500);
    expect(await fault.text()).not.toContain('inside');
    expect(log).toHaveBeenCalledTimes(1);
    log.mockRestore();
    const page = await fetch(`${origin}/none`, { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(page.status).toBe(404);
    expect(await page.text()).toContain('<h1>404</h1>');
    const json = await fetch(`${origin}/none`);
    expect(json.status).toBe(404);
    expect(await json.json()).toEqual({ error: 'There is nothing at this address.' });
  });
});
