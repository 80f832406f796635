import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  type CommentsEmbedOptions,
  clearCommentsCookie,
  createCommentsEmbedder,
  openAuthnToken,
} from '../../src/talkyard/index.js';
import { ada } from './site.js';

const pasetoSecret = `hex:${'5a'.repeat(32)}`;
const now = new Date('2026-03-01T12:00:00Z');
const serverUrl = 'https://forum.example.com';

const embedder = (options: Partial<CommentsEmbedOptions> = {}) =>
  createCommentsEmbedder({ serverUrl, pasetoSecret, now: () => now, ...options });
const variable = (html: string, name: string): unknown => {
  const json = new RegExp(`window\\.${name}=("(?:[^"\\\\]|\\\\.)*");`).exec(html)?.[1];
  return json === undefined ? undefined : JSON.parse(json);
};

describe('with the token in the page', () => {
  test('the page gets the token, the script and the place', () => {
    const { html, headers, withoutToken } = embedder()(ada, { discussionId: 'post-1', scriptNonce: 'n0nce' });
    expect(variable(html, 'talkyardServerUrl')).toBe(serverUrl);
    expect(variable(html, 'talkyardSsoHow')).toBe('RedirPage');
    const token = String(variable(html, 'talkyardAuthnToken'));
    expect(openAuthnToken(token, { key: pasetoSecret, now })).toMatchObject({
      user: { ssoId: 'u-1001' },
      expiresAt: new Date('2026-03-01T12:02:00Z'),
    });
    expect(html).toContain(
      '<script nonce="n0nce" async defer src="https://forum.example.com/-/talkyard-comments.min.js"></script>',
    );
    expect(html).toContain('<div class="talkyard-comments" data-discussion-id="post-1"></div>');
    expect(html.indexOf('talkyardAuthnToken')).toBeLessThan(html.indexOf('talkyard-comments.min.js'));
    expect(headers).toEqual([['Cache-Control', 'private, no-store']]);
    expect(withoutToken).toBeUndefined();
  });

  test('a guest gets no token, and the page is not cached either', () => {
    const { html, headers } = embedder()(null);
    expect(html).not.toContain('talkyardAuthnToken');
    expect(html).not.toContain('data-discussion-id');
    expect(headers).toEqual([['Cache-Control', 'private, no-store']]);
  });

  test.each([
    ['an unverified address', { emailVerified: false }, 'ERR_EMAIL_NOT_VERIFIED'],
    ['a suspended person', { suspended: true }, 'ERR_USER_SUSPENDED'],
  ])('%s: the page works without a token, and says why', (_, change, code) => {
    const { html, withoutToken } = embedder()({ ...ada, ...change });
    expect(html).not.toContain('talkyardAuthnToken');
    expect(withoutToken?.refused).toBe(code);
  });

  test('a failing extId costs the token, not the page', () => {
    const { html, withoutToken } = embedder({
      extId: () => {
        throw new Error('database away');
      },
    })(ada);
    expect(html).not.toContain('talkyardAuthnToken');
    expect(withoutToken?.refused).toBe('ERR_SITE_CALLBACK_FAILED');
  });

  test('nothing that the site puts in can end an element or an attribute', () => {
    const hostile = `"></script><script>alert(1)</script><!--' &amp; \u2028`;
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(hostile), fc.string()),
        fc.oneof(fc.constant(hostile), fc.string()),
        (discussionId, scriptNonce) => {
          const { html } = embedder()(ada, { discussionId, scriptNonce });
          expect(html.match(/<\/?[a-z!]/gi)).toEqual(['<s', '</s', '<s', '</s', '<d', '</d']);
          expect(html.match(/ data-discussion-id="([^"]*)"/)?.[1]).not.toMatch(/[<>']/);
        },
      ),
    );
  });
});

describe('with the token in a cookie', () => {
  test('the cookie is readable by scripts, not encoded, and short-lived', () => {
    const { html, headers } = embedder({ deliverBy: 'cookie', tokenSeconds: 60 })(ada);
    expect(html).not.toContain('talkyardAuthnToken');
    expect(headers).toHaveLength(2);
    const [, cookie] = headers[1] ?? [];
    const [, token = '', attributes] = /^__Host-TalkyardAuthnToken=([^;]+); (.*)$/.exec(cookie ?? '') ?? [];
    expect(openAuthnToken(token, { key: pasetoSecret, now }).user.ssoId).toBe('u-1001');
    expect(attributes).toBe('Path=/; Max-Age=60; SameSite=Strict; Secure');
    expect(Buffer.byteLength(cookie ?? '')).toBeLessThan(4_096);
  });

  test('on this machine, without https, the other name', () => {
    const { headers } = embedder({ deliverBy: 'cookie', serverUrl: 'http://localhost:4002' })(ada);
    expect(headers[1]?.[1]).toMatch(
      /^TalkyardAuthnToken=paseto:v2\.local\.[^;]+; Path=\/; Max-Age=120; SameSite=Strict$/,
    );
  });

  test('a guest loses the cookies of whoever was here before, as at a sign-out', () => {
    const { headers } = embedder({ deliverBy: 'cookie' })(null);
    expect(headers.slice(1)).toEqual(clearCommentsCookie());
    expect(clearCommentsCookie().map(([name, value]) => `${name}: ${value}`)).toEqual([
      'Set-Cookie: __Host-TalkyardAuthnToken=; Path=/; Max-Age=0; SameSite=Strict; Secure',
      'Set-Cookie: TalkyardAuthnToken=; Path=/; Max-Age=0; SameSite=Strict',
    ]);
  });
});

test.each<[Partial<CommentsEmbedOptions>, RegExp]>([
  [{ serverUrl: 'http://forum.example.com' }, /ERR_OPTIONS_INVALID.*https/],
  [{ serverUrl: 'https://forum.example.com/x' }, /ERR_OPTIONS_INVALID.*no path/],
  [{ pasetoSecret: 'base64:AAAA' }, /ERR_TALKYARD_KEY_UNUSABLE/],
  [{ tokenSeconds: 9 }, /ERR_OPTIONS_INVALID.*10 to 300/],
  [{ tokenSeconds: 301 }, /ERR_OPTIONS_INVALID.*10 to 300/],
  [{ tokenSeconds: Number.NaN }, /ERR_OPTIONS_INVALID.*10 to 300/],
])('options %#: refused with a sentence', (options, sentence) => {
  expect(() => embedder(options)).toThrow(sentence);
});
