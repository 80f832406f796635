import { describe, expect, test } from '@jest/globals';

import { addressList, clientIp, isListed } from '../../src/http/client-ip.js';

function list(...entries: string[]) {
  const made = addressList(entries);
  if ('invalid' in made) throw new Error(`not an address: ${made.invalid}`);
  return made;
}

function ipOf(
  socket: string | undefined,
  forwarded: string | undefined,
  ...proxies: string[]
): string | undefined {
  return clientIp(
    {
      method: 'GET',
      url: '/',
      headers: { 'x-forwarded-for': forwarded },
      ip: socket,
      body: async () => new Uint8Array(),
    },
    list(...proxies),
  );
}

describe('addressList', () => {
  test.each(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1', '0.0.0.0/0'])('takes %s', (entry) => {
    expect(addressList([entry])).not.toHaveProperty('invalid');
  });

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'example.com',
    '',
    '1.2.3',
    '::/129',
    '10.0.0.0/a',
  ])('names %j as invalid', (entry) => {
    expect(addressList(['127.0.0.1', entry])).toEqual({ invalid: entry });
  });

  test('IPv4 written as IPv6 matches', () => {
    expect(isListed(list('192.0.2.0/24'), '::ffff:192.0.2.9')).toBe(true);
    expect(isListed(list('192.0.2.0/24'), '192.0.3.9')).toBe(false);
    expect(isListed(list('192.0.2.0/24'), 'nonsense')).toBe(false);
  });
});

describe('clientIp', () => {
  test('without trusted proxies the socket decides, whatever the header says', () => {
    expect(ipOf('203.0.113.5', '198.51.100.1')).toBe('203.0.113.5');
  });

  test('an untrusted sender cannot give itself another address', () => {
    expect(ipOf('203.0.113.5', '10.0.0.1', '10.0.0.0/8')).toBe('203.0.113.5');
  });

  test('trusted proxies are skipped from the right', () => {
    expect(ipOf('10.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', '10.0.0.0/8')).toBe('198.51.100.1');
    expect(ipOf('::ffff:10.0.0.1', '198.51.100.1', '10.0.0.0/8')).toBe('198.51.100.1');
  });

  test('a damaged or short header ends at the last proxy', () => {
    expect(ipOf('10.0.0.1', undefined, '10.0.0.0/8')).toBe('10.0.0.1');
    expect(ipOf('10.0.0.1', '198.51.100.1, unknown', '10.0.0.0/8')).toBe('10.0.0.1');
    expect(ipOf('10.0.0.1', '10.0.0.3', '10.0.0.0/8')).toBe('10.0.0.3');
    expect(ipOf(undefined, '198.51.100.1', '10.0.0.0/8')).toBeUndefined();
  });
});
