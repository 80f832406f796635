import { describe, expect, test } from '@jest/globals';

import { isRefusal } from '../../src/errors.js';
import { checkCaller, type FruumCaller, readCaller } from '../../src/fruum/caller.js';
import { parseQuery } from '../../src/http/query.js';

const password = 'k3Yp9xW2vB7nQ5tR8sL1';
const key = 'aB4.c~D5_e-F6gH7iJ8kL9m';

const caller = (text: string): FruumCaller => {
  const read = readCaller(text);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
};
const basic = (text: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
});
const passes = (callers: readonly FruumCaller[], headers: Record<string, string>, query = ''): boolean =>
  checkCaller(callers, headers, parseQuery(query)) === null;

describe('readCaller', () => {
  test('a colon makes it Basic, otherwise it is a key', () => {
    expect(caller(`fruum:${password}`)).toEqual({ kind: 'basic', name: 'fruum', password });
    expect(caller(key)).toEqual({ kind: 'key', key });
  });

  test.each([
    '',
    'short',
    `fruum:short`,
    `:${password}`,
    `a:b:${password}`,
    `${key} `,
    `${key}\n`,
    `${key}&`,
    `é${key}`,
  ])('refuses %p with a sentence that says what to do, and without the value', (text) => {
    const read = readCaller(text);
    expect(isRefusal(read) && read.detail).toMatch(/FRUUM_CALLER.*at least 20.*openssl rand/);
    if (text.length > 5) expect(isRefusal(read) && read.detail).not.toContain(text);
  });
});

describe('checkCaller', () => {
  const fruum = [caller(`fruum:${password}`)];
  const keyed = [caller(key)];

  test('without callers everybody passes', () => {
    expect(passes([], {})).toBe(true);
  });

  test('Basic', () => {
    expect(passes(fruum, basic(`fruum:${password}`))).toBe(true);
    expect(passes(fruum, { Authorization: basic(`fruum:${password}`).authorization ?? '' })).toBe(true);
    expect(passes(fruum, basic(`fruum:${password}x`))).toBe(false);
    expect(passes(fruum, basic(`Fruum:${password}`))).toBe(false);
    expect(passes(fruum, basic(password))).toBe(false);
    expect(passes(fruum, { authorization: `Bearer ${password}` })).toBe(false);
    expect(passes(fruum, { authorization: 'Basic' })).toBe(false);
    expect(passes(fruum, {})).toBe(false);
    expect(passes(fruum, {}, `k=${password}`)).toBe(false);
  });

  test('the key of the query', () => {
    expect(passes(keyed, {}, `k=${key}`)).toBe(true);
    expect(passes(keyed, {}, `a=1&k=${encodeURIComponent(key)}`)).toBe(true);
    expect(passes(keyed, {}, `k=${key}x`)).toBe(false);
    expect(passes(keyed, {}, `k=${key}&k=${key}`)).toBe(false);
    expect(passes(keyed, {}, 'k=')).toBe(false);
    expect(passes(keyed, {}, 'k=%ff')).toBe(false);
    expect(passes(keyed, {}, '')).toBe(false);
    expect(passes(keyed, basic(`:${key}`))).toBe(false);
  });

  test('several while they are changed', () => {
    const both = [...fruum, ...keyed];
    expect(passes(both, {}, `k=${key}`)).toBe(true);
    expect(passes(both, basic(`fruum:${password}`))).toBe(true);
    expect(passes(both, basic(`fruum:${key}`))).toBe(false);
  });
});
