import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { startTcpProxy, type TcpProxy } from '../src/tcp-proxy.js';

let proxy: TcpProxy;
let stopEcho: () => Promise<void>;
const sockets: Socket[] = [];

beforeEach(async () => {
  const echo = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await startTcpProxy({ host: '127.0.0.1', port: address.port });
  stopEcho = async () => {
    echo.close();
    await once(echo, 'close');
  };
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  await stopEcho();
});

/** A connection through the proxy, and all that came back on it so far. */
async function open(): Promise<{ socket: Socket; received(): string }> {
  const socket = connect(proxy.port, '127.0.0.1');
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, received: () => received };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 3_000; !condition(); await sleep(5)) {
    if (Date.now() > end) throw new Error('It never happened.');
  }
}

test('passes everything on, both ways', async () => {
  const { socket, received } = await open();
  const text = 'x'.repeat(300_000);
  socket.write(text);
  await until(() => received().length === text.length);
  expect(received()).toBe(text);
  expect(proxy.connections()).toBe(1);
  expect(proxy.urlFor('redis://user:pw@example.com:6379/3')).toBe(
    `redis://user:pw@127.0.0.1:${proxy.port}/3`,
  );
});

test('a cut breaks what is open and what is new, until it is healed', async () => {
  const { socket } = await open();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  proxy.cut();
  await closed;
  expect(proxy.connections()).toBe(0);
  const late = connect(proxy.port, '127.0.0.1');
  late.on('error', () => {});
  await new Promise((resolve) => late.once('close', resolve));
  expect(late.bytesRead).toBe(0);
  proxy.heal();
  const again = await open();
  again.socket.write('hello');
  await until(() => again.received() === 'hello');
});

test('a stall holds everything back, on new connections too, until it is healed', async () => {
  const old = await open();
  old.socket.write('a');
  await until(() => old.received() === 'a');
  proxy.stall();
  old.socket.write('b');
  const fresh = await open();
  fresh.socket.write('c');
  await sleep(200);
  expect([old.received(), fresh.received()]).toEqual(['a', '']);
  proxy.heal();
  await until(() => old.received() === 'ab' && fresh.received() === 'c');
});

test('a delay holds each piece back, both ways, and keeps the order', async () => {
  const { socket, received } = await open();
  proxy.delay(100);
  const start = performance.now();
  socket.write('a');
  await until(() => received() === 'a');
  expect(performance.now() - start).toBeGreaterThan(195);
  socket.write('b');
  await sleep(20);
  proxy.heal();
  socket.write('c');
  await until(() => received().length === 3);
  expect(received()).toBe('abc');
});
