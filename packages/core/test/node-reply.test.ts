import { createServer, type Server, type ServerResponse, request as sendRequest } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';

import type { ForumSso, SsoReply, Visit } from '../src/index.js';
import { addHeaders, answerRequest, nodeRequest, openPage, writeReply } from '../src/node.js';

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => {
    if (server === undefined) return resolve(undefined);
    server.close(resolve);
    server.closeAllConnections();
  });
});

interface Received {
  readonly status: number;
  /** Name (lower-case) and value of each header line, transport headers left out. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** What a client receives when `write` writes the response. */
async function receive(
  write: (response: ServerResponse) => void | Promise<void>,
  method = 'GET',
): Promise<Received> {
  const listening = createServer((_, response) => {
    Promise.resolve(write(response)).catch((error) => {
      response.statusCode = 599;
      response.end(String(error));
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return new Promise((resolve, reject) => {
    sendRequest({ port: address.port, host: '127.0.0.1', method, agent: false }, (response) => {
      const chunks: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      response.on('end', () => {
        const headers: string[] = [];
        for (let i = 0; i < response.rawHeaders.length; i += 2) {
          const name = response.rawHeaders[i]?.toLowerCase() ?? '';
          if (!['date', 'connection'].includes(name)) headers.push(`${name}: ${response.rawHeaders[i + 1]}`);
        }
        resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
      });
    })
      .on('error', reject)
      .end();
  });
}

describe('writeReply', () => {
  test('writes status and headers as they are, and nothing for an empty body', async () => {
    const received = await receive((response) =>
      writeReply(response, {
        status: 302,
        headers: [
          ['Location', '/login?returnTo=%2Fa'],
          ['Cache-Control', 'no-store'],
        ],
      }),
    );
    expect(received.status).toBe(302);
    expect(received.headers).toEqual([
      'location: /login?returnTo=%2Fa',
      'cache-control: no-store',
      'content-length: 0',
    ]);
    expect(received.body).toHaveLength(0);
  });

  test('writes text as UTF-8 and bytes as they are', async () => {
    const text = await receive((response) => writeReply(response, { status: 200, headers: [], body: 'é✓' }));
    expect(text.body.toString('utf8')).toBe('é✓');
    expect(text.headers).toContain('content-length: 5');
    server?.close();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const bytes = await receive((response) => writeReply(response, { status: 418, headers: [], body: all }));
    expect(bytes.status).toBe(418);
    expect([...bytes.body]).toEqual([...all]);
  });

  test("appends cookies to the application's own, and the last of a name holds", async () => {
    const received = await receive((response) => {
      response.appendHeader('Set-Cookie', 'site=1; Path=/');
      response.appendHeader('Set-Cookie', 'ours=old; Path=/');
      writeReply(response, {
        status: 200,
        headers: [
          ['Set-Cookie', 'ours=new; Path=/'],
          ['Set-Cookie', 'ours-2=x; Path=/'],
        ],
      });
    });
    expect(received.headers.filter((line) => line.startsWith('set-cookie'))).toEqual([
      'set-cookie: site=1; Path=/',
      'set-cookie: ours=new; Path=/',
      'set-cookie: ours-2=x; Path=/',
    ]);
  });

  test('wins over what the application said about caching, whatever the spelling', async () => {
    const received = await receive((response) => {
      response.setHeader('cache-control', 'public, max-age=600');
      writeReply(response, { status: 200, headers: [['Cache-Control', 'no-store']] });
    });
    expect(received.headers).toContain('cache-control: no-store');
    expect(received.headers.join()).not.toContain('public');
  });

  test('keeps Vary, and headers that stand twice in the reply', async () => {
    const received = await receive((response) => {
      response.setHeader('Vary', 'Accept-Encoding');
      response.setHeader('Link', '</old>; rel=preload');
      writeReply(response, {
        status: 200,
        headers: [
          ['Vary', 'Origin'],
          ['Link', '</a>; rel=next'],
          ['link', '</b>; rel=prev'],
        ],
      });
    });
    const joined = received.headers.join('\n');
    expect(joined).toMatch(/vary: Accept-Encoding(, |\nvary: )Origin/);
    expect(joined).toMatch(/link: <\/a>; rel=next(, |\nlink: )<\/b>; rel=prev/);
    expect(joined).not.toContain('/old');
  });

  test('sends no body in answer to HEAD', async () => {
    const received = await receive(
      (response) => writeReply(response, { status: 405, headers: [['Allow', 'GET']], body: 'text' }),
      'HEAD',
    );
    expect(received.status).toBe(405);
    expect(received.body).toHaveLength(0);
  });
});

describe('addHeaders', () => {
  test('adds to what the page has, and never two cookies of one name', async () => {
    const received = await receive((response) => {
      response.setHeader('Set-Cookie', 'site=1');
      addHeaders(response, [['Set-Cookie', 'ours=1']]);
      addHeaders(response, [
        ['Set-Cookie', 'ours=2'],
        ['X-Note', 'a'],
      ]);
      response.end('page');
    });
    expect(received.headers.filter((line) => /^(set-cookie|x-note)/.test(line))).toEqual([
      'set-cookie: site=1',
      'set-cookie: ours=2',
      'x-note: a',
    ]);
  });
});

const reply: SsoReply = { status: 302, headers: [['Location', '/silent']] };

function ssoWith(parts: Partial<Pick<ForumSso, 'handle' | 'visit'>>): ForumSso {
  const nothing = async () => ({ results: [], ok: true, byHand: [] });
  const none = async () => [];
  const zero = async () => 0;
  return {
    connectors: [],
    baseUrl: 'http://localhost/sso',
    owns: () => false,
    handle: async () => null,
    visit: async () => visit({}),
    push: nothing,
    pushNow: nothing,
    restore: nothing,
    queue: { metrics: none, deadLetters: none, replay: zero, discard: zero },
    close: async () => {},
    signedIn: nothing,
    signOut: nothing,
    suspend: nothing,
    remove: nothing,
    check: nothing,
    ...parts,
  };
}

function visit(parts: Partial<Visit>): Visit {
  return {
    user: null,
    reply: null,
    headers: [],
    signIn: async () => [['Set-Cookie', 'session=in']],
    signOut: async () => [['Set-Cookie', 'session=out']],
    signInReply: () => reply,
    ...parts,
  };
}

const alice = { id: '1', email: 'alice@example.com', emailVerified: true };

describe('answerRequest', () => {
  test('answers what is ours and leaves the rest to the application', async () => {
    const sso = ssoWith({ handle: async ({ url }) => (url === '/ours' ? reply : null) });
    const received = await receive(async (response) => {
      const passed = await answerRequest(sso, nodeRequest(response.req, '/theirs'), response, undefined);
      if (passed || response.headersSent) throw new Error('answered');
      if (!(await answerRequest(sso, nodeRequest(response.req, '/ours'), response, undefined))) {
        throw new Error('not answered');
      }
    });
    expect(received.status).toBe(302);
  });
});

describe('openPage', () => {
  test('puts the cookies on the page at once and follows sign-in and sign-out', async () => {
    const seen: (string | undefined)[] = [];
    const sso = ssoWith({ visit: async () => visit({ headers: [['Set-Cookie', 'session=renewed']] }) });
    const received = await receive(async (response) => {
      const forum = await openPage(sso, nodeRequest(response.req, '/'), response, undefined);
      if (forum === null) throw new Error('answered');
      seen.push(String(response.getHeader('Set-Cookie')), forum.user?.id);
      await forum.signIn(alice);
      seen.push(String(response.getHeader('Set-Cookie')), forum.user?.id);
      await forum.signOut();
      seen.push(forum.user?.id);
      response.end(forum.signInReply() === reply ? 'page' : 'other reply');
    });
    expect(seen).toEqual(['session=renewed', undefined, 'session=in', '1', undefined]);
    expect(received.headers).toContain('set-cookie: session=out');
    expect(received.body.toString()).toBe('page');
  });

  test('sends the reply of a silent login instead of the page', async () => {
    const sso = ssoWith({ visit: async () => visit({ reply, headers: [['Set-Cookie', 'session=gone']] }) });
    const received = await receive(async (response) => {
      const forum = await openPage(sso, nodeRequest(response.req, '/'), response, undefined);
      if (forum !== null) throw new Error('the page would be shown');
    });
    expect(received).toMatchObject({ status: 302 });
    expect(received.headers).toEqual(
      expect.arrayContaining(['location: /silent', 'set-cookie: session=gone']),
    );
  });
});
