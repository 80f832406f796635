import { describe, expect, test } from '@jest/globals';

import { cookieName, readCookie, setCookie } from '../../src/http/cookies.js';
import type { SiteAddress } from '../../src/http/site-address.js';

const secure: SiteAddress = {
  origin: 'https://site.example.com',
  basePath: '/sso',
  secure: true,
  port: '443',
};
const local: SiteAddress = { origin: 'http://localhost:3000', basePath: '', secure: false, port: '3000' };

const read = (cookie: string | undefined, name = '__Host-fsso-session'): string | undefined =>
  readCookie(
    { method: 'GET', url: '/', headers: { cookie }, ip: '', body: async () => new Uint8Array() },
    name,
  );

describe('the name of a cookie', () => {
  test('is bound to the host on https, and holds the port on http', () => {
    expect(cookieName(secure, 'session')).toBe('__Host-fsso-session');
    expect(cookieName(secure, 'attempt', 'forum')).toBe('__Host-fsso-attempt-forum');
    expect(cookieName(local, 'attempt', 'forum')).toBe('fsso-3000-attempt-forum');
  });
});

test('a cookie is for this host alone, and for no script', () => {
  expect(setCookie(secure, '__Host-a', 'v', 60)).toEqual([
    'Set-Cookie',
    '__Host-a=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
  ]);
  expect(setCookie(local, 'a', '', 0)[1]).toBe('a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
});

describe('reading', () => {
  test.each([
    ['__Host-fsso-session=a', 'a'],
    ['other=x; __Host-fsso-session=a=b', 'a=b'],
    ['other=x;__Host-fsso-session=a ;more=y', 'a'],
    ['\t__Host-fsso-session =\ta\t', 'a'],
    ['__Host-fsso-session=first; __Host-fsso-session=second', 'first'],
    ['__Host-fsso-session=', ''],
  ])('%j holds %j', (cookie, value) => {
    expect(read(cookie)).toBe(value);
  });

  test.each([undefined, '', ';', '__Host-fsso-session', '__host-fsso-session=a', '=__Host-fsso-session=a'])(
    '%j holds nothing',
    (cookie) => {
      expect(read(cookie)).toBeUndefined();
    },
  );

  // A browser refuses a cookie of another host whose name begins with "__Host-", and takes these.
  test.each(['\u00a0', '\ufeff', '\u2003', '\u0085', '\v', '\f'])(
    'a name with the character %j at an edge is another name',
    (odd) => {
      expect(read(`${odd}__Host-fsso-session=planted`)).toBeUndefined();
      expect(read(`__Host-fsso-session${odd}=planted`)).toBeUndefined();
      expect(read(`${odd}__Host-fsso-session=planted; __Host-fsso-session=own`)).toBe('own');
    },
  );

  test('blanks within are part of it', () => {
    expect(read('__Host-fsso session=a', '__Host-fsso session')).toBe('a');
  });
});
