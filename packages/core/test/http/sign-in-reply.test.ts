import { describe, expect, test } from '@jest/globals';
import type { Connector } from '../../src/connector.js';
import { createForumSso, type SsoRequest } from '../../src/index.js';

const quiet: Connector = { kind: 'quiet', name: 'quiet', setUp: () => ({ routes: [] }) };
const sso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys: 'c0ffee00112233445566778899aabbccddeeff0123456789abcdef9876543210',
  connectors: [quiet],
  signInPath: '/account/sign-in',
  returnParameter: 'next',
});

async function replyTo(url: string, headers: SsoRequest['headers'], method = 'GET') {
  const request = { method, url, headers, ip: undefined, body: async () => new Uint8Array() };
  const visit = await sso.visit(request);
  const { status, headers: lines, body } = visit.signInReply();
  const location = lines.find(([name]) => name === 'Location')?.[1];
  return { status, location, body, cache: lines.find(([name]) => name === 'Cache-Control')?.[1] };
}

const browser = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const refusal = JSON.stringify({ error: 'ERR_SIGN_IN_REQUIRED', message: 'Please sign in first.' });

describe('the answer for an anonymous visitor of a page for signed-in people', () => {
  test('leads who opens a page to the sign-in page and back, whole', async () => {
    expect(await replyTo('/members?tab=a%20b&x=1', browser)).toEqual({
      status: 302,
      location: '/account/sign-in?next=%2Fmembers%3Ftab%3Da%2520b%26x%3D1',
      body: undefined,
      cache: 'no-store',
    });
  });

  test('goes by what is accepted where the browser does not say that it navigates', async () => {
    const old = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    expect(await replyTo('/members', old)).toMatchObject({ status: 302 });
    expect(await replyTo('/members', { accept: '*/*' })).toMatchObject({ status: 401 });
    expect(await replyTo('/members', {})).toMatchObject({ status: 401 });
  });

  test.each([
    ['a script', 'GET', { ...browser, 'sec-fetch-mode': 'cors' }],
    ['an image', 'GET', { 'sec-fetch-mode': 'no-cors', accept: 'text/html' }],
    ['a form', 'POST', browser],
    ['a look ahead', 'HEAD', browser],
  ])('is 401 as JSON for %s', async (_, method, headers) => {
    expect(await replyTo('/members', headers, method)).toEqual({
      status: 401,
      location: undefined,
      body: refusal,
      cache: 'no-store',
    });
  });

  test.each(['//evil.example/a', '/.//evil.example', '/\\evil.example', `/${'a'.repeat(2_100)}`])(
    'does without the way back when the address is none (%.24s)',
    async (url) => {
      expect(await replyTo(url, browser)).toMatchObject({ status: 302, location: '/account/sign-in' });
    },
  );
});
