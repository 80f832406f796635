import { createServer, type IncomingMessage, type Server, request as sendRequest } from 'node:http';
import { connect, type Socket } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';

import { isForumSsoError, type SsoRequest } from '../src/index.js';
import { type NodeRequestOptions, nodeRequest } from '../src/node.js';

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => {
    if (server === undefined) return resolve(undefined);
    server.close(resolve);
    server.closeAllConnections();
  });
  server = undefined;
});

interface Outcome {
  readonly bytes?: Uint8Array;
  readonly code?: string;
  readonly detail?: string;
}

async function outcomeOf(reading: Promise<Uint8Array>): Promise<Outcome> {
  try {
    return { bytes: await reading };
  } catch (error) {
    if (isForumSsoError(error)) return { code: error.code, detail: error.detail };
    throw error;
  }
}

/** Starts a server that hands each request to `handle` and answers with the name of the outcome. */
async function start(
  handle: (message: IncomingMessage) => Promise<Outcome>,
): Promise<{ port: number; outcome: Promise<Outcome> }> {
  let settle: (outcome: Outcome) => void = () => {};
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const listening = createServer((message, response) => {
    handle(message).then((result) => {
      settle(result);
      response.statusCode = result.code === undefined ? 200 : 400;
      response.end(result.code ?? 'read');
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, outcome };
}

/** The usual handler: reads at most `limit` bytes. */
const reads =
  (limit: number, options?: NodeRequestOptions) =>
  (message: IncomingMessage): Promise<Outcome> =>
    outcomeOf(nodeRequest(message, message.url ?? '', options).body(limit));

/** Sends a whole request and gives the answer's body. */
function post(port: number, body: Uint8Array | undefined, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = sendRequest({ port, host: '127.0.0.1', method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function openSocket(port: number, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject);
      socket.on('error', () => {}).resume();
      socket.write(text);
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

describe('nodeRequest', () => {
  test('tells what was received, and reads nothing by itself', async () => {
    let seen: Record<string, unknown> = {};
    const { port } = await start(async (message) => {
      const request: SsoRequest = nodeRequest(message, '/app/sso?x=%20');
      seen = {
        method: request.method,
        url: request.url,
        ip: request.ip,
        agent: request.headers,
        untouched: !message.readableDidRead && message.readableFlowing === null,
      };
      return {};
    });
    await post(port, Buffer.from('abc'), { 'X-One': '1', 'X-Forwarded-For': '203.0.113.9' });
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/app/sso?x=%20',
      ip: '127.0.0.1',
      agent: { 'x-one': '1' },
      untouched: true,
    });
  });

  test('joins repeated headers as Node does', async () => {
    let headers: unknown;
    const { port, outcome } = await start(async (message) => {
      headers = nodeRequest(message, '/').headers;
      return {};
    });
    await openSocket(
      port,
      'GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: b=2\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Dest: iframe\r\nAuthorization: first\r\nAuthorization: second\r\n\r\n',
    );
    await outcome;
    expect(headers).toMatchObject({
      cookie: 'a=1; b=2',
      'sec-fetch-dest': 'document, iframe',
      authorization: 'first',
    });
  });
});

describe('the body', () => {
  test('arrives byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
    const { port, outcome } = await start(reads(1_000));
    await post(port, bytes, { 'Content-Type': 'application/json; charset=utf-16' });
    expect(Buffer.from((await outcome).bytes ?? []).equals(bytes)).toBe(true);
  });

  test('is empty when none was sent', async () => {
    const { port, outcome } = await start(reads(10));
    await post(port, undefined);
    expect((await outcome).bytes).toHaveLength(0);
  });

  test('is empty, too, when a parser has found it empty before', async () => {
    const { port, outcome } = await start(async (message) => {
      await new Promise((resolve) => message.on('end', resolve).resume());
      return outcomeOf(nodeRequest(message, '/').body(10));
    });
    await post(port, new Uint8Array(), { 'Content-Length': '0' });
    expect((await outcome).bytes).toHaveLength(0);
  });

  test.each([
    ['with a declared length', {}],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('may be as large as the limit and no larger, %s', async (_, headers) => {
    const first = await start(reads(2_000));
    await post(first.port, Buffer.alloc(2_000, 'a'), headers);
    expect((await first.outcome).bytes).toHaveLength(2_000);
    server?.close();
    const second = await start(reads(1_999));
    await post(second.port, Buffer.alloc(2_000, 'a'), headers);
    expect((await second.outcome).code).toBe('ERR_BODY_TOO_LARGE');
  });

  test('that is far too large still gets its answer: the rest passes unread', async () => {
    const { port } = await start(reads(100));
    const answer = await post(port, Buffer.alloc(3_000_000), { 'Transfer-Encoding': 'chunked' });
    expect(answer).toEqual({ status: 400, text: 'ERR_BODY_TOO_LARGE' });
  });

  test.each([
    ['with a declared length', 'Content-Length: 1000000', 'x'.repeat(1_000)],
    ['in chunks', 'Transfer-Encoding: chunked', `3e8\r\n${'x'.repeat(1_000)}\r\n`],
  ])('that never ends is cut off, %s', async (_, header, piece) => {
    const { port, outcome } = await start(reads(100));
    const socket = await openSocket(port, `POST / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    const feed = setInterval(() => socket.write(piece), 50);
    await closed(socket);
    clearInterval(feed);
    expect((await outcome).code).toBe('ERR_BODY_TOO_LARGE');
  });

  test('can be asked for twice, and the smaller limit holds', async () => {
    const { port, outcome } = await start(async (message) => {
      const request = nodeRequest(message, '/');
      const first = await request.body(10);
      const second = await request.body(10);
      if (first !== second) return { code: 'not the same' };
      return outcomeOf(request.body(2));
    });
    await post(port, Buffer.from('abc'));
    expect((await outcome).code).toBe('ERR_BODY_TOO_LARGE');
  });

  test('must arrive in time, and the connection does not outlive the answer', async () => {
    const { port, outcome } = await start(reads(100, { bodySeconds: 0.2 }));
    const socket = await openSocket(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf');
    expect(await outcome).toEqual({
      code: 'ERR_BODY_UNREADABLE',
      detail: 'The body did not arrive within 0.2 s.',
    });
    await closed(socket);
  });

  test.each(['Content-Length: 50\r\n\r\nhalf', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'])(
    'that breaks off is refused (%j)',
    async (rest) => {
      const { port, outcome } = await start(reads(100));
      const socket = await openSocket(port, `POST / HTTP/1.1\r\nHost: x\r\n${rest}`);
      setTimeout(() => socket.destroy(), 50);
      expect((await outcome).code).toBe('ERR_BODY_UNREADABLE');
    },
  );

  test('that broke off before anybody asked is refused at once', async () => {
    const { port, outcome } = await start(async (message) => {
      await new Promise((resolve) => message.on('error', () => {}).once('close', resolve));
      return outcomeOf(nodeRequest(message, '/').body(100));
    });
    const socket = await openSocket(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n');
    setTimeout(() => socket.destroy(), 50);
    expect((await outcome).code).toBe('ERR_BODY_UNREADABLE');
  });

  test.each([
    [
      'whole',
      async (message: IncomingMessage) => {
        for await (const _ of message) {
          // read to its end
        }
      },
    ],
    [
      'in part',
      async (message: IncomingMessage) => {
        await new Promise((resolve) => message.once('readable', resolve));
        message.read(1);
      },
    ],
    [
      'as text',
      async (message: IncomingMessage) => {
        message.setEncoding('utf8');
      },
    ],
  ])('that a parser has read %s is refused with cause and remedy', async (_, parse) => {
    const { port, outcome } = await start(async (message) => {
      await parse(message);
      return outcomeOf(nodeRequest(message, '/').body(100));
    });
    await post(port, Buffer.from('{"a":1}'));
    const { code, detail } = await outcome;
    expect(code).toBe('ERR_RAW_BODY_CONSUMED');
    expect(detail).toMatch(/parser/);
    expect(detail).toMatch(/rawBody/);
  });

  test.each(['rawBody', 'body'])('is taken from %s where a parser has kept the bytes', async (name) => {
    const { port, outcome } = await start(async (message) => {
      const kept: Uint8Array[] = [];
      for await (const chunk of message) kept.push(chunk);
      Object.assign(message, { [name]: Buffer.concat(kept) });
      return outcomeOf(nodeRequest(message, '/').body(100));
    });
    await post(port, Buffer.from([0xff, 0x00, 0x80]));
    expect([...((await outcome).bytes ?? [])]).toEqual([0xff, 0x00, 0x80]);
  });

  test('is taken from the object the framework left it on', async () => {
    const parsed = { rawBody: Buffer.from('kept') };
    const { port, outcome } = await start(async (message) => {
      await new Promise((resolve) => message.on('end', resolve).resume());
      return outcomeOf(nodeRequest(message, '/', { parsed }).body(100));
    });
    await post(port, Buffer.from('sent'));
    expect(Buffer.from((await outcome).bytes ?? []).toString()).toBe('kept');
  });

  test('has the same limit when a parser has kept it', async () => {
    const parsed = { rawBody: Buffer.from('too large') };
    const { port, outcome } = await start(reads(3, { parsed }));
    await post(port, Buffer.from('x'));
    expect((await outcome).code).toBe('ERR_BODY_TOO_LARGE');
  });

  test('is not taken from text that a parser has decoded', async () => {
    const { port, outcome } = await start(async (message) => {
      await new Promise((resolve) => message.on('end', resolve).on('data', () => {}));
      return outcomeOf(nodeRequest(message, '/', { parsed: { rawBody: 'text', body: {} } }).body(100));
    });
    await post(port, Buffer.from('text'));
    expect((await outcome).code).toBe('ERR_RAW_BODY_CONSUMED');
  });
});
