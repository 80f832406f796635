import { describe, expect, test } from '@jest/globals';

import type { Route } from '../../src/connector.js';
import { jsonReply } from '../../src/http/reply.js';
import { createRouter, pathOf, routePath } from '../../src/http/routing.js';
import { readSiteAddress } from '../../src/http/site-address.js';

function route(method: Route['method'], path: string): Route {
  return { method, path, caller: 'machine', handle: async () => jsonReply(200, path) };
}

function tableOf(...entries: readonly (readonly [owner: string, method: Route['method'], path: string])[]) {
  return createRouter(entries.map(([owner, method, path]) => ({ owner, route: route(method, path), path })));
}

describe('createRouter', () => {
  test('finds a path exactly, with all its methods', () => {
    const { router, clashes } = tableOf(
      ['a', 'GET', '/sso/a'],
      ['a', 'POST', '/sso/a'],
      ['b', 'GET', '/sso/b'],
    );
    expect(clashes).toEqual([]);
    expect(router('/sso/a')?.routes.map(({ route: { method } }) => method)).toEqual(['GET', 'POST']);
    for (const path of ['/sso/A', '/sso', '/sso/a/', '/sso/a/b', '/', '/__proto__', 'constructor']) {
      expect(router(path)).toBeUndefined();
    }
  });

  test('{id} stands for one segment, decoded; the longer ending goes first', () => {
    const { router } = tableOf(
      ['a', 'GET', '/u/by-external/{id}'],
      ['a', 'GET', '/u/by-external/{id}.json'],
      ['a', 'POST', '/admin/users/{id}/log_out'],
    );
    expect(router('/u/by-external/a%2Fb.c.json')).toMatchObject({ id: 'a/b.c' });
    expect(router('/u/by-external/7')?.routes[0]?.route.path).toBe('/u/by-external/{id}');
    expect(router('/admin/users/12/log_out')).toMatchObject({ id: '12' });
    for (const path of ['/admin/users//log_out', '/admin/users/1/2/log_out', '/admin/users/%zz/log_out']) {
      expect(router(path)).toBeUndefined();
    }
  });

  test('names what two owners or two routes both want', () => {
    expect(tableOf(['a', 'GET', '/x'], ['b', 'POST', '/x']).clashes).toEqual(['/x']);
    expect(tableOf(['a', 'GET', '/x'], ['a', 'GET', '/x']).clashes).toEqual(['/x']);
  });
});

test('pathOf drops the query and one slash at the end', () => {
  expect(pathOf('/sso/a/?x=/')).toBe('/sso/a');
  expect(pathOf('/sso/a//')).toBe('/sso/a/');
  expect(pathOf('/')).toBe('/');
  expect(pathOf('/?a')).toBe('/');
});

test('routePath: below the mount point, or absolute', () => {
  const address = readSiteAddress('https://site.example.com/community/');
  if ('refused' in address) throw new Error(address.detail);
  expect(routePath(address, 'discourse', { path: '' })).toBe('/community/discourse');
  expect(routePath(address, 'discourse', { path: '/start' })).toBe('/community/discourse/start');
  expect(routePath(address, 'p', { path: '/session/sso_provider', absolute: true })).toBe(
    '/session/sso_provider',
  );
});

describe('readSiteAddress', () => {
  test.each([
    [
      'https://site.example.com',
      { origin: 'https://site.example.com', basePath: '', secure: true, port: '443' },
    ],
    [
      'https://site.example.com:8443/a/b//',
      { origin: 'https://site.example.com:8443', basePath: '/a/b', secure: true, port: '8443' },
    ],
    [
      'http://localhost:3000/sso',
      { origin: 'http://localhost:3000', basePath: '/sso', secure: false, port: '3000' },
    ],
    [
      'http://site.localhost:1',
      { origin: 'http://site.localhost:1', basePath: '', secure: false, port: '1' },
    ],
    ['http://[::1]:80/', { origin: 'http://[::1]', basePath: '', secure: false, port: '80' }],
  ])('%s', (text, expected) => {
    expect(readSiteAddress(text)).toEqual(expected);
  });

  test.each([
    'site.example.com',
    'http://site.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'ftp://site.example.com',
    'https://user:password@site.example.com',
    'https://site.example.com?x',
    'https://site.example.com#x',
    'https://site.example.com//evil.example/sso',
    'https://site.example.com/.//evil.example',
    '',
  ])('refuses %j', (text) => {
    const refused = readSiteAddress(text);
    expect(refused).toMatchObject({ refused: 'ERR_OPTIONS_INVALID' });
    expect(JSON.stringify(refused)).not.toContain('password@');
  });
});
