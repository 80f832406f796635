import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, describe, expect, test } from '@jest/globals';

import { listenOnFreePort, type RunningSite } from '../../src/http/listen.js';
import { WireReply } from '../../src/http/reply.js';
import { patience, sendRequest, WireSocket } from '../../src/http/send.js';

let site: RunningSite | undefined;
afterEach(() => site?.close());

describe('sendRequest', () => {
  test('sends targets and headers as they stand', async () => {
    let heard: readonly unknown[] = [];
    site = await listenOnFreePort(() => (message, response) => {
      heard = [message.url, message.rawHeaders];
      response.end();
    });
    await sendRequest({
      origin: site.origin,
      target: '//a/../%zz?b=\\',
      headers: [
        ['X-One', '1'],
        ['x-one', '2'],
        ['Host', 'evil.example'],
      ],
    });
    expect(heard).toEqual([
      '//a/../%zz?b=\\',
      ['X-One', '1', 'x-one', '2', 'Host', 'evil.example', 'Connection', 'close'],
    ]);
  });

  test.each([false, true])('sends a body (chunked: %s)', async (chunked) => {
    const heard: unknown[] = [];
    site = await listenOnFreePort(() => async (message, response) => {
      heard.push(message.headers['content-length'], message.headers['transfer-encoding']);
      for await (const chunk of message) heard.push(String(chunk));
      response.end();
    });
    await sendRequest({ method: 'POST', origin: site.origin, target: '/', body: 'é', chunked });
    expect(heard).toEqual(chunked ? [undefined, 'chunked', 'é'] : ['2', undefined, 'é']);
  });

  test('gives up on a server that does not answer', async () => {
    site = await listenOnFreePort(() => () => {});
    await expect(sendRequest({ origin: site.origin, target: '/' })).rejects.toThrow(`${patience} ms`);
  });

  test('fails when the answer breaks off', async () => {
    site = await listenOnFreePort(() => (_, response) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(sendRequest({ origin: site.origin, target: '/' })).rejects.toThrow();
  });
});

describe('WireReply', () => {
  const reply = new WireReply(
    'http://site.localhost/a/b',
    302,
    [
      ['Location', '../c'],
      ['set-cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ],
    Buffer.from('{"é":1}'),
  );

  test('reads headers in any spelling, and minds those that stand twice', () => {
    expect(reply.header('location')).toBe('../c');
    expect(reply.header('x-none')).toBeUndefined();
    expect(reply.all('SET-COOKIE')).toEqual(['a=1', 'b=2']);
    expect(() => reply.header('set-cookie')).toThrow(/2 times/);
  });

  test('reads the body and where it leads', () => {
    expect(reply.text).toBe('{"é":1}');
    expect(reply.json()).toEqual({ é: 1 });
    expect(reply.target).toBe('http://site.localhost/c');
    expect(() => new WireReply('http://x/', 200, [], new Uint8Array()).target).toThrow(/leads nowhere/);
  });
});

describe('WireSocket', () => {
  test('sends what it is given and tells all that came', async () => {
    site = await listenOnFreePort(() => (_, response) => {
      response.end('page');
    });
    const socket = await WireSocket.open(site.origin);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await sleep(20);
    socket.write('Connection: close\r\n\r\n');
    expect(await socket.received).toMatch(/^HTTP\/1\.1 200 OK\r\n.*page$/s);
  });

  test('hangs up', async () => {
    let gone = (): void => {};
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    site = await listenOnFreePort(() => (message) => {
      message.socket.once('close', () => gone());
    });
    const socket = await WireSocket.open(site.origin);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(20);
    socket.abort();
    await left;
    expect(await socket.received).toBe('');
  });
});

test('listenOnFreePort stops the server when the application cannot be made', async () => {
  let origin = '';
  await expect(
    listenOnFreePort((where) => {
      origin = where;
      throw new Error('no application');
    }),
  ).rejects.toThrow('no application');
  await expect(sendRequest({ origin, target: '/' })).rejects.toThrow(/ECONNREFUSED/);
});
