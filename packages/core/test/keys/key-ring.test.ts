import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import { type KeyRing, pseudonym, readKeyRing } from '../../src/keys/key-ring.js';

const origin = 'https://site.example.com';

function ring(...keys: string[]): KeyRing {
  const made = readKeyRing(keys, origin);
  if ('refused' in made) throw new Error(made.detail);
  return made;
}

const bytesOf = (keys: KeyRing, purpose: string, owner?: string): string[] =>
  keys.subKeys(purpose, owner).map(({ key }) => key.export().toString('hex'));

describe('readKeyRing', () => {
  test('reads hex, base64 and base64url alike', () => {
    const bytes = randomBytes(32);
    const expected = bytesOf(ring(bytes.toString('hex')), 'session');
    expect(bytesOf(ring(bytes.toString('base64')), 'session')).toEqual(expected);
    expect(bytesOf(ring(bytes.toString('base64url')), 'session')).toEqual(expected);
  });

  test.each([
    ['too short', randomBytes(31).toString('hex')],
    ['a pass phrase', 'correct horse battery staple, and then some more words'],
    ['hardly random', 'ab'.repeat(32)],
    ['empty', ''],
  ])('refuses a key that is %s, without showing it', (_, key) => {
    const refused = readKeyRing([randomBytes(32).toString('hex'), key], origin);
    expect(refused).toMatchObject({
      refused: 'ERR_OPTIONS_INVALID',
      detail: expect.stringContaining('keys[1]'),
    });
    if (key !== '') expect(JSON.stringify(refused)).not.toContain(key);
  });

  test('refuses none at all, and the same one twice in two spellings', () => {
    const bytes = randomBytes(32);
    expect(readKeyRing([], origin)).toMatchObject({ refused: 'ERR_OPTIONS_INVALID' });
    expect(readKeyRing([bytes.toString('hex'), bytes.toString('base64')], origin)).toMatchObject({
      refused: 'ERR_OPTIONS_INVALID',
    });
  });

  test('sub-keys differ by purpose, connector, site and key', () => {
    const [a, b] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
    const other = readKeyRing([a], 'https://other.example.com');
    if ('refused' in other) throw new Error(other.detail);
    const all = [
      ...bytesOf(ring(a, b), 'session'),
      ...bytesOf(ring(a), 'attempt'),
      ...bytesOf(ring(a), 'attempt', 'one'),
      ...bytesOf(ring(a), 'attempt', 'two'),
      ...bytesOf(other, 'session'),
    ];
    expect(new Set([...all, a, b]).size).toBe(all.length + 2);
  });
});

test('a pseudonym is the same for the same person and tells nothing', () => {
  const [key] = ring(randomBytes(32).toString('hex')).subKeys('log');
  expect(pseudonym(key, 'alice')).toMatch(/^[0-9a-f]{16}$/);
  expect(pseudonym(key, 'alice')).toBe(pseudonym(key, 'alice'));
  expect(pseudonym(key, 'alice')).not.toBe(pseudonym(key, 'bob'));
});
