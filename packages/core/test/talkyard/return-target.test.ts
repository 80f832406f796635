import { describe, expect, test } from '@jest/globals';

import { isRefusal } from '../../src/errors.js';
import { queryOf } from '../../src/http/query.js';
import { readReturnTarget, resolveReturnTarget } from '../../src/talkyard/return-target.js';
import { type SsoUrlVector, vectors } from './vectors.js';

const allowed = { server: 'https://forum.example.com', embedding: ['https://blog.example.com'] };

function goTo(query: string): string | undefined {
  const target = readReturnTarget(query);
  const result = isRefusal(target) ? target : resolveReturnTarget(target, allowed);
  return isRefusal(result) ? result.refused : result;
}

describe('vectors', () => {
  test('there are 5', () => expect(vectors.ssoUrl).toHaveLength(5));

  // Where we deliberately read something else than the page the person was on.
  const differences: Readonly<Record<string, string>> = {
    'sso-test-page':
      'With the older placeholder all that follows belongs to the path, so a parameter behind it is taken for a part of it; our documentation puts the placeholder last.',
  };

  test.each(vectors.ssoUrl)('$name', (vector: SsoUrlVector) => {
    const parameters = [...new URL(vector.template).searchParams];
    const nameOf = (placeholder: string) => parameters.find(([, value]) => value.includes(placeholder))?.[0];
    const names = {
      path: nameOf('PathQuery') ?? 'none',
      origin: nameOf('returnToOrigin') ?? 'none',
    };
    const target = readReturnTarget(queryOf(vector.browserGoesTo), names);
    if (isRefusal(target)) throw new Error(target.detail);
    const result = resolveReturnTarget(target, allowed);
    const page = new URL(vector.pageUrl);
    const fragment = vector.siteReads?.p?.split('#')[1];
    const embedded = page.origin !== allowed.server;
    const expected =
      vector.thenGoToToSend ??
      `${embedded ? page.origin : ''}${page.pathname}${page.search}${fragment === undefined ? '' : `#${fragment}`}`;
    expect(result === expected).toBe(differences[vector.name] === undefined);
    if (vector.siteReads?.wholeTail !== undefined) expect(result).toBe(vector.siteReads.wholeTail);
    if (vector.siteReads?.origin !== undefined) expect(target.origin).toBe(vector.siteReads.origin);
  });
});

describe('the older, raw placeholder', () => {
  test.each([
    ['returnPath=/-12/page', '/-12/page'],
    ['returnPath=/-/search?q=tea&sort=new', '/-/search?q=tea&sort=new'],
    ['returnPath=/-/search?q=tea&returnPath=/x', '/-/search?q=tea&returnPath=/x'],
    ['returnPath=/-/search?q=a+b%20c', '/-/search?q=a+b%20c'],
    ['x=1&returnPath=/p__dwHash__post-7', '/p__dwHash__post-7'],
    ['returnPath=/100%25', '/100%25'],
    ['returnPath=', '/'],
    ['returnPath', '/'],
    ['', '/'],
    ['other=1', '/'],
  ])('%j leads to %j', (query, result) => expect(goTo(query)).toBe(result));

  test.each([
    'returnPath=//evil.test',
    'returnPath=/.//evil.test',
    'returnPath=/\\evil.test',
    'returnPath=evil',
    'returnPath=https://evil.test/',
  ])('%j is refused', (query) => expect(goTo(query)).toBe('ERR_TALKYARD_RETURN_UNSAFE'));
});

describe('the percent-encoded pair', () => {
  const pair = (origin: string, path: string) =>
    `returnOrigin=${encodeURIComponent(origin)}&returnPath=${encodeURIComponent(path)}`;

  test.each([
    [pair('check_if_legit!https://forum.example.com', '/p?a=1&b=2#post-7'), '/p?a=1&b=2#post-7'],
    [
      pair('check_if_legit!https://blog.example.com', '/post.html#comment-2'),
      'https://blog.example.com/post.html#comment-2',
    ],
    [`${pair('check_if_legit!https://blog.example.com', '/p')}&more=1`, 'https://blog.example.com/p'],
    [
      'returnPath=%2Fp%3Fa%3D1&returnOrigin=check_if_legit!https%3A%2F%2Fblog.example.com',
      'https://blog.example.com/p?a=1',
    ],
    ['returnPath=%2fp', '/p'],
    [pair('check_if_legit!https://blog.example.com', ''), 'https://blog.example.com/'],
    ['returnOrigin=check_if_legit%21https%3A%2F%2Fforum.example.com&returnPath=%2F', '/'],
  ])('%j leads to %j', (query, result) => expect(goTo(query)).toBe(result));

  test.each([
    ['without the mark', pair('https://blog.example.com', '/')],
    ['mark in another case', pair('Check_if_legit!https://blog.example.com', '/')],
    ['mark twice', pair('check_if_legit!check_if_legit!https://blog.example.com', '/')],
    ['a prefix of an allowed origin', pair('check_if_legit!https://blog.example.co', '/')],
    ['an allowed origin as a prefix', pair('check_if_legit!https://blog.example.com.evil.test', '/')],
    ['user name', pair('check_if_legit!https://blog.example.com@evil.test', '/')],
    ['a slash behind', pair('check_if_legit!https://blog.example.com/', '/')],
    ['another scheme', pair('check_if_legit!http://blog.example.com', '/')],
    ['another port', pair('check_if_legit!https://blog.example.com:8443', '/')],
    ['empty origin', pair('check_if_legit!', '/')],
    ['no origin at all', pair('', '/')],
    ['two slashes in the path', pair('check_if_legit!https://blog.example.com', '//evil.test')],
    ['three slashes', pair('check_if_legit!https://blog.example.com', '///evil.test')],
    ['slashes that show on resolving', pair('check_if_legit!https://blog.example.com', '/.//evil.test')],
    ['a URL as the path', pair('check_if_legit!https://blog.example.com', 'https://blog.example.com/x')],
    ['no slash in front', pair('check_if_legit!https://blog.example.com', '@evil.test/')],
  ])('%s is refused', (_, query) => expect(goTo(query)).toBe('ERR_TALKYARD_RETURN_UNSAFE'));

  test.each([
    ['path twice', 'returnPath=%2Fa&returnPath=%2Fb', 'ERR_PARAMETER_REPEATED'],
    [
      'origin twice',
      `${pair('check_if_legit!https://blog.example.com', '/')}&returnOrigin=x`,
      'ERR_PARAMETER_REPEATED',
    ],
    ['broken encoding', 'returnPath=%2F%ff', 'ERR_QUERY_MALFORMED'],
  ])('%s: %s is refused', (_, query, code) => expect(goTo(query)).toBe(code));
});
