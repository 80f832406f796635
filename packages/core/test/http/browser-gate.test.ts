import { describe, expect, test } from '@jest/globals';

import { gateFormPost, gateNavigation } from '../../src/http/browser-gate.js';
import type { HeadersLike, SsoRequest } from '../../src/http/request.js';

const own = 'https://site.example.com';

function request(headers: HeadersLike): SsoRequest {
  return { method: 'GET', url: '/', headers, ip: undefined, body: async () => new Uint8Array() };
}

describe('a page that logs somebody in', () => {
  test.each([
    [{}],
    [{ 'sec-fetch-dest': 'document' }],
    [{ 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' }],
  ])('opens with %j', (headers) => {
    expect(gateNavigation(request(headers))).toBeNull();
  });

  test.each(['iframe', 'image', 'script', 'empty', 'frame', 'object', ''])(
    'is closed for %j',
    (destination) => {
      expect(gateNavigation(request({ 'sec-fetch-dest': destination }))).toMatchObject({
        refused: 'ERR_NOT_A_NAVIGATION',
      });
    },
  );

  test.each([
    [{ 'sec-purpose': 'prefetch', 'sec-fetch-dest': 'document' }],
    [{ 'sec-purpose': 'prefetch;prerender' }],
    [{ purpose: 'prefetch' }],
    [new Headers({ 'Sec-Purpose': 'prefetch' })],
  ])('is not answered in advance: %j', (headers) => {
    expect(gateNavigation(request(headers))).toMatchObject({ refused: 'ERR_PREFETCH' });
  });
});

describe('a form', () => {
  test.each([
    [{}],
    [{ origin: own }],
    [{ 'sec-fetch-site': 'same-origin', origin: own }],
    [{ 'sec-fetch-site': 'none' }],
  ])('is taken with %j', (headers) => {
    expect(gateFormPost(request(headers), own)).toBeNull();
  });

  test.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ origin: 'http://site.example.com' }],
    [{ origin: `${own}.evil.example` }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site', origin: own }],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }],
    [{ Origin: 'https://evil.example' }],
  ])('is refused with %j', (headers) => {
    expect(gateFormPost(request(headers), own)).toMatchObject({ refused: 'ERR_ORIGIN_FOREIGN' });
  });
});
