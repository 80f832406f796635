import { describe, expect, test } from '@jest/globals';

import { type HeaderLine, WireReply } from '../src/http/reply.js';
import { normalise } from '../src/normalise.js';

const sealed = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..abc';

function reply(headers: readonly HeaderLine[], body = ''): WireReply {
  return new WireReply('http://127.0.0.1:49152/sso/x?a=1', 302, headers, Buffer.from(body));
}

describe('normalise', () => {
  test('keeps every header but those of the connection, sorted by name', () => {
    const { target, status, headers } = normalise(
      reply([
        ['X-Powered-By', 'Express'],
        ['x-extra', '1'],
        ['Date', 'now'],
        ['Set-Cookie', 'b=2; Path=/'],
        ['Cache-Control', 'no-store'],
        ['Set-Cookie', 'a=1; Path=/'],
        ['Content-Length', '0'],
        ['Connection', 'close'],
      ]),
      {},
    );
    expect([target, status]).toEqual(['/sso/x?a=1', 302]);
    expect(headers).toEqual([
      'cache-control: no-store',
      'set-cookie: b=2; Path=/',
      'set-cookie: a=1; Path=/',
      'x-extra: 1',
    ]);
  });

  test('writes names for what differs from run to run', () => {
    const { headers, body } = normalise(
      reply(
        [
          ['Location', '/login?returnTo=http%3A%2F%2F127.0.0.1%3A49152%2Fx&nonce=n0nce'],
          ['Set-Cookie', `fsso-49152-session=${sealed}; Path=/; HttpOnly`],
        ],
        'see http://127.0.0.1:49152/',
      ),
      { port: '49152', origin: 'http://127.0.0.1:49152', nonce: 'n0nce' },
    );
    expect(headers).toEqual([
      'location: /login?returnTo={origin}%2Fx&nonce={nonce}',
      'set-cookie: fsso-{port}-session={sealed}; Path=/; HttpOnly',
    ]);
    expect(body).toBe('see {origin}/');
  });

  test('writes messages out, without nonce and signature, and names what is random in cookies and forms', () => {
    const message = (nonce: string, port: string): string => {
      const payload = `nonce=${nonce}&return_sso_url=http%3A%2F%2F127.0.0.1%3A${port}%2F`;
      const sso = Buffer.from(payload).toString('base64');
      return `sso=${encodeURIComponent(sso)}&sig=${nonce}${nonce}`;
    };
    // The second one holds its port.
    const [one, two] = ['0123456789abcdef', 'f0e1d2c349153a59'].map((nonce, index) => {
      const port = String(49_152 + index);
      return normalise(
        reply(
          [
            ['Location', `https://forum.example.com/?${message(nonce.repeat(2), port)}`],
            ['Set-Cookie', `fsso-${port}-attempt-forum-${nonce.slice(0, 8)}=${sealed}; Path=/`],
          ],
          `<input name="confirmation" value="${nonce}${sealed}">`,
        ),
        { port, origin: `http://127.0.0.1:${port}` },
      );
    });
    expect(one).toEqual(two);
    expect(one?.headers).toEqual([
      'location: https://forum.example.com/?sso={nonce={nonce}&return_sso_url={origin}%2F}&sig={sig}',
      'set-cookie: fsso-{port}-attempt-forum-{attempt}={sealed}; Path=/',
    ]);
    expect(one?.body).toBe('<input name="confirmation" value="{sealed}">');
  });

  test("leaves out a framework's habits on pages of the test site, and nothing of what adapters put there", () => {
    const { headers, body } = normalise(
      reply(
        [
          ['X-Test-Site', 'page'],
          ['ETag', 'W/"1"'],
          ['Content-Type', 'application/json; charset=utf-8'],
          ['Cache-Control', 'private'],
          ['Set-Cookie', 'a=1'],
        ],
        '{ "user": null }',
      ),
      {},
    );
    expect(headers).toEqual(['cache-control: private', 'set-cookie: a=1', 'x-test-site: page']);
    expect(body).toBe('{"user":null}');
  });

  test('gives a page without a body as such', () => {
    expect(normalise(reply([['X-Test-Site', 'page']]), {}).body).toBe('');
  });
});
