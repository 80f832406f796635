import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { fetchSwitch } from '../src/site/fetch-switch.js';
import { httpFetch } from '../src/site/http-fetch.js';

let server: Server;
let url: string;
const sockets = new Set<Socket>();
let open = 0;
let most = 0;
const http = httpFetch(2);

beforeAll(async () => {
  server = createServer((request, response) => {
    most = Math.max(most, ++open);
    response.on('close', () => open--);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      if (path === '/silence') return;
      if (path === '/reset') return void request.socket.resetAndDestroy();
      if (path === '/half') {
        response.writeHead(200, { 'Content-Length': '100' }).write('half');
        return void setTimeout(() => request.socket.destroy(), 20);
      }
      if (path === '/redirect') return void response.writeHead(302, { Location: '/echo' }).end();
      if (path === '/nothing') return void response.writeHead(204).end();
      if (path === '/strange') return void response.writeHead(799).end();
      if (path === '/large') return void response.end(Buffer.alloc(3_000_000));
      const echo = {
        method: request.method,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      setTimeout(() => response.setHeader('X-Times', ['one', 'two']).end(JSON.stringify(echo)), 20);
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(() => {
  http.close();
  server.close();
  server.closeAllConnections();
});

const usual = { redirect: 'manual', signal: AbortSignal.timeout(60_000) } as const;

describe('the fetch of a bulk push', () => {
  test('sends method, headers and body, and reads the answer, as the global one does', async () => {
    const init = {
      ...usual,
      method: 'POST',
      headers: { 'Api-Key': 'k', 'Content-Type': 'text/plain' },
      body: 'söme body',
    };
    for (const send of [http.fetch, fetch]) {
      const response = await send(`${url}/echo?a=b`, init);
      const { method, headers, body } = JSON.parse(await response.text());
      expect({ status: response.status, method, body }).toEqual({
        status: 200,
        method: 'POST',
        body: 'söme body',
      });
      expect(headers).toMatchObject({ 'api-key': 'k', 'content-type': 'text/plain', 'content-length': '10' });
      expect(response.headers.get('x-times')).toBe('one, two');
    }
  });

  test('keeps its connections, and has no more than it may', async () => {
    const before = sockets.size;
    most = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => (await http.fetch(`${url}/echo`, usual)).text()),
    );
    expect(most).toBe(2);
    expect(sockets.size - before).toBeLessThanOrEqual(2);
  });

  test('follows no redirect, and takes answers without a body', async () => {
    expect((await http.fetch(`${url}/redirect`, usual)).status).toBe(302);
    const nothing = await http.fetch(`${url}/nothing`, usual);
    expect([nothing.status, await nothing.text()]).toEqual([204, '']);
  });

  test('reads no more of a large answer than shows that it is too large', async () => {
    const size = (await (await http.fetch(`${url}/large`, usual)).arrayBuffer()).byteLength;
    expect(size).toBeGreaterThan(1_048_576);
    expect(size).toBeLessThan(2_000_000);
  });

  test.each(['/reset', '/half', '/strange'])('%s is an error', async (path) => {
    await expect(http.fetch(url + path, usual)).rejects.toThrow();
  });

  test('ends with its signal, also one that was given before', async () => {
    const error = { name: 'TimeoutError' };
    await expect(
      http.fetch(`${url}/silence`, { ...usual, signal: AbortSignal.timeout(50) }),
    ).rejects.toMatchObject(error);
    await expect(http.fetch(`${url}/echo`, { ...usual, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('what it does not know is left to the global one', async () => {
    expect((await http.fetch(`${url}/redirect`)).url).toBe(`${url}/echo`);
    const form = await http.fetch(`${url}/echo`, {
      ...usual,
      method: 'POST',
      body: new URLSearchParams('a=b'),
    });
    expect(JSON.parse(await form.text())).toMatchObject({ body: 'a=b' });
    const listed = await http.fetch(`${url}/echo`, { ...usual, headers: [['X-A', 'b']] });
    expect(JSON.parse(await listed.text())).toMatchObject({ headers: { 'x-a': 'b' } });
  });
});

describe('the switch', () => {
  test('lets nothing out while it is a trap, and tells where it would have gone', async () => {
    const real: string[] = [];
    const gate = fetchSwitch(async (input) => {
      real.push(String(input));
      return new Response('');
    }, undefined);
    const calls = await gate.trapped(async () => {
      await expect(gate.fetch('https://f.example.com/a?key=secret')).rejects.toThrow('Nothing is sent now.');
      await expect(gate.fetch(new URL('https://f.example.com/b'))).rejects.toThrow();
      await expect(gate.fetch(new Request('https://f.example.com/c'))).rejects.toThrow();
    });
    expect(calls).toEqual(['https://f.example.com/a', 'https://f.example.com/b', 'https://f.example.com/c']);
    expect(real).toEqual([]);
    await expect(gate.trapped(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    await gate.fetch('https://f.example.com/d');
    expect(real).toEqual(['https://f.example.com/d']);
  });

  test('shortens the time of a call, and keeps a signal that ends it earlier', async () => {
    const gate = fetchSwitch(http.fetch, 50);
    const begun = performance.now();
    await expect(gate.fetch(`${url}/silence`, usual)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - begun).toBeLessThan(5_000);
    await expect(
      gate.fetch(`${url}/silence`, { ...usual, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
