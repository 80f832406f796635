import { createHmac, createSecretKey } from 'node:crypto';

import { afterEach, describe, expect, test } from '@jest/globals';

import { messageUrl, signMessage, verifyMessage } from '../../../src/discourse/index.js';
import { openMessage, sealMessage } from '../../../src/discourse/protocol/message.js';
import { callSign, callUrl, callVerify, codeOf, outcomeOf } from './calls.js';

const secret = 'd836444a9e4084d5b224a60c208dce14';

/** A message with this payload, well signed. */
function signed(payload: string | Buffer) {
  const sso = Buffer.from(payload).toString('base64');
  return { sso, sig: createHmac('sha256', secret).update(sso).digest('hex') };
}

const read = (payload: string | Buffer) => verifyMessage(signed(payload), secret);
const refusedBecause = (payload: string | Buffer) => codeOf(() => callVerify(signed(payload), secret));
const payloadOf = (sso: string) => Buffer.from(sso, 'base64').toString();

describe('reading', () => {
  test('lists are split and never trimmed; the empty text is the empty list', () => {
    expect(read('groups=a,%20b,,c+&add_groups=&remove_groups=x')).toEqual({
      groups: ['a', ' b', '', 'c '],
      addGroups: [],
      removeGroups: ['x'],
    });
  });

  test('custom fields stand in a map without a prototype', () => {
    const { custom } = read(
      'custom.__proto__=1&custom.toString=2&custom.a.b=3&custom.=4&custom=5&custom.x%0Ay=6',
    );
    expect(Object.getPrototypeOf(custom)).toBeNull();
    expect(Object.entries(custom ?? {})).toEqual([
      ['__proto__', '1'],
      ['toString', '2'],
      ['a.b', '3'],
    ]);
    expect(read('nonce=1')).not.toHaveProperty('custom');
    expect(read('custom.a')).toEqual({ custom: {} });
  });

  test('names that every object has are unknown fields', () => {
    expect(read('__proto__=1&constructor=2&hasOwnProperty=3&custom=4&externalId=5')).toEqual({});
  });

  test('an escaped name is the same name', () => {
    expect(read('non%63e=1&custom.a%2eb+c=2')).toEqual({ nonce: '1', custom: { 'a.b c': '2' } });
  });

  test.each([
    ['a field', 'nonce=1&nonce=2'],
    ['the same value', 'nonce=1&nonce=1'],
    ['one of them escaped', 'nonce=1&nonc%65=2'],
    ['one of them without a value', 'nonce&nonce=1'],
    ['a boolean of which one is no boolean', 'admin=1&admin=true'],
    ['a custom field', 'custom.a=1&custom.a=2'],
    ['a custom field, one of them without a value', 'custom.a&custom.a=2'],
  ])('what stands twice is refused: %s', (_, payload) => {
    expect(refusedBecause(payload)).toBe('ERR_SSO_FIELD_REPEATED');
  });

  test('unknown fields may stand twice, since nobody reads them', () => {
    expect(read('foo=1&foo=2&nonce=3')).toEqual({ nonce: '3' });
  });

  test.each([
    '%',
    '%4',
    '%zz',
    'a%',
    '%%41',
    '%+1',
    'name=100%&nonce=1',
    'foo=%',
    '%=1',
    'name=%C3',
    'name=%ED%A0%80',
    'name=%C0%AF',
    'name=%F5%80%80%80',
  ])('broken escapes and bytes that are not UTF-8 are refused: %s', (payload) => {
    expect(refusedBecause(payload)).toBe('ERR_SSO_PAYLOAD_MALFORMED');
  });

  test('bytes do not join over the end of a text', () => {
    expect(refusedBecause('name=%C3&title=%A9')).toBe('ERR_SSO_PAYLOAD_MALFORMED');
    expect(refusedBecause('custom.%C3=%A9')).toBe('ERR_SSO_PAYLOAD_MALFORMED');
  });

  test('a character may be half escaped, and a byte order mark is a character', () => {
    expect(
      read(Buffer.from([...Buffer.from('name='), 0xc3, ...Buffer.from('%A9&title=%EF%BB%BFx')])),
    ).toEqual({
      name: 'é',
      title: '\ufeffx',
    });
  });

  test('a last character on its own is dropped, and nothing after the first padding is read', () => {
    for (const sso of ['bm9uY2U9MQ', 'bm9uY2U9MQ==bm9uY2U9Mg==', 'bm9uY2U9MQ=', 'bm9uY2U9MQ====']) {
      expect(
        verifyMessage({ sso, sig: createHmac('sha256', secret).update(sso).digest('hex') }, secret),
      ).toEqual({
        nonce: '1',
      });
    }
    const sso = `${Buffer.from('nonce=123').toString('base64')}A`;
    expect(
      verifyMessage({ sso, sig: createHmac('sha256', secret).update(sso).digest('hex') }, secret),
    ).toEqual({
      nonce: '123',
    });
  });
});

describe('limits', () => {
  test('8,192 characters of sso, before anything is computed', () => {
    const payload = `bio=${'x'.repeat(6_140)}`;
    expect(signed(payload).sso).toHaveLength(8_192);
    expect(read(payload).bio).toHaveLength(6_140);
    expect(refusedBecause(`${payload}x`)).toBe('ERR_SSO_MESSAGE_TOO_LARGE');
    expect(codeOf(() => callVerify({ sso: 'x'.repeat(8_193), sig: 'f'.repeat(64) }, secret))).toBe(
      'ERR_SSO_MESSAGE_TOO_LARGE',
    );
  });

  test('64 fields, unknown ones included, empty pairs not', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `x${i}=${i}`).join('&&&');
    expect(read(fields(64))).toEqual({});
    expect(refusedBecause(fields(65))).toBe('ERR_SSO_MESSAGE_TOO_LARGE');
    expect(read('&'.repeat(6_000))).toEqual({});
  });

  test('20 custom fields', () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `custom.x${i}=${i}`).join('&');
    expect(Object.keys(read(fields(20)).custom ?? {})).toHaveLength(20);
    expect(refusedBecause(fields(21))).toBe('ERR_SSO_MESSAGE_TOO_LARGE');
  });

  test('1 kB for the name and for the value of a custom field, in bytes', () => {
    expect(read(`custom.x=${'x'.repeat(1_024)}`).custom?.x).toHaveLength(1_024);
    expect(refusedBecause(`custom.x=${'x'.repeat(1_025)}`)).toBe('ERR_SSO_MESSAGE_TOO_LARGE');
    expect(refusedBecause(`custom.x=${'é'.repeat(513)}`)).toBe('ERR_SSO_MESSAGE_TOO_LARGE');
    expect(refusedBecause(`custom.${'x'.repeat(1_025)}=1`)).toBe('ERR_SSO_MESSAGE_TOO_LARGE');
  });

  test('writing has none: what is pushed by POST may be longer', () => {
    const bio = 'ünï ~'.repeat(2_000);
    expect(new URLSearchParams(payloadOf(signMessage({ bio }, secret).sso)).get('bio')).toBe(bio);
  });
});

describe('signatures and secrets', () => {
  const message = signMessage({ nonce: '1' }, secret);

  test('any of up to three secrets verifies', () => {
    expect(verifyMessage(message, ['another-secret', 'one-more-secret', secret])).toEqual({ nonce: '1' });
    expect(codeOf(() => callVerify(message, ['another-secret', 'one-more-secret']))).toBe(
      'ERR_SSO_SIGNATURE_INVALID',
    );
  });

  test.each([
    ['none', undefined],
    ['null', null],
    ['an empty list', []],
    ['a list with a hole', [secret, undefined]],
    ['four', ['secret-no-1', 'secret-no-2', 'secret-no-3', secret]],
    ['blank', ' '.repeat(20)],
    ['nine characters', '123456789'],
    ['a list with a short one', [secret, '123456789']],
    ['bytes', Buffer.from(secret)],
  ])('unusable secrets are refused: %s', (_, secrets) => {
    expect(codeOf(() => callVerify(message, secrets))).toBe('ERR_SSO_SECRET_UNUSABLE');
    if (!Array.isArray(secrets)) expect(codeOf(() => callSign({}, secrets))).toBe('ERR_SSO_SECRET_UNUSABLE');
  });

  test('the error names the setting on the other side', () => {
    const outcome = outcomeOf(() => callSign({}, 'short'));
    expect('error' in outcome ? outcome.error.message : '').toContain('discourse connect secret');
  });

  test.each([
    ['sig missing', { sso: message.sso }, 'ERR_SSO_SIGNATURE_MISSING'],
    ['sig empty', { sso: message.sso, sig: '' }, 'ERR_SSO_SIGNATURE_MISSING'],
    ['both missing', {}, 'ERR_SSO_SIGNATURE_MISSING'],
    ['sso missing', { sig: message.sig }, 'ERR_PARAMETER_MISSING'],
    ['sso twice', { ...message, sso: [message.sso] }, 'ERR_PARAMETER_REPEATED'],
    ['sig twice', { ...message, sig: [message.sig] }, 'ERR_PARAMETER_REPEATED'],
    ['no message', null, 'ERR_SSO_PAYLOAD_MALFORMED'],
  ])('parameters: %s', (_, value, code) => {
    expect(codeOf(() => callVerify(value, secret))).toBe(code);
  });

  test('a signature whose characters share the low bytes of the right one is refused', () => {
    const folded = Array.from(message.sig, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0x100)).join(
      '',
    );
    expect(Buffer.from(folded, 'latin1').toString()).toBe(message.sig);
    expect(codeOf(() => callVerify({ ...message, sig: folded }, secret))).toBe('ERR_SSO_SIGNATURE_INVALID');
  });

  test('connectors: prepared keys, the index of the one that verified, refusals as values', () => {
    const keys = ['another-secret', secret].map((text) => createSecretKey(text, 'utf8'));
    expect(openMessage(message, keys)).toEqual({ fields: { nonce: '1' }, keyIndex: 1 });
    expect(openMessage(message, keys.slice(0, 1))).toMatchObject({ refused: 'ERR_SSO_SIGNATURE_INVALID' });
    expect(openMessage(message, [])).toMatchObject({ refused: 'ERR_SSO_SIGNATURE_INVALID' });
    const [, key = ''] = keys;
    expect(sealMessage({ nonce: '1' }, key)).toEqual(message);
    expect(sealMessage({ groups: ['a,b'] }, key)).toMatchObject({ refused: 'ERR_SSO_FIELD_UNUSABLE' });
  });
});

describe('writing', () => {
  test.each([
    ['null', { name: null }],
    ['a number', { externalId: 42 }],
    ['a number for a boolean', { admin: 1 }],
    ['a word for a boolean', { admin: 'true' }],
    ['a text for a list', { groups: 'a,b' }],
    ['a list for a text', { name: ['a'] }],
    ['a list of other things', { groups: [1] }],
    ['a list with a hole', { groups: new Array(1) }],
    ['a text object', { name: new String('a') }],
    ['half a surrogate pair', { name: 'a\ud83d' }],
    ['the other half', { name: '\ude00a' }],
    ['half a pair at the end of a group', { groups: ['a\ud83d'] }],
    ['a name on the wire', { external_id: '42' }],
    ['an unknown field', { nickname: 'x' }],
    ['an unknown field without a value, which others will have', { nickname: undefined }],
    ['a group with a comma', { groups: ['a,b'] }],
    ['a group with a blank at its edge', { addGroups: [' a'] }],
    ['a group with a no-break space at its edge', { addGroups: ['a\u00a0'] }],
    ['a group with a control character', { removeGroups: ['a\nb'] }],
    ['a group that begins with @', { groups: ['@a'] }],
    ['an empty group', { groups: [''] }],
    ['a custom value of another type', { custom: { a: 1 } }],
    ['a custom null', { custom: { a: null } }],
    ['a custom field without a name', { custom: { '': 'a' } }],
    ['a custom name with a line break', { custom: { 'a\nb': 'a' } }],
    ['a custom name with half a pair', { custom: { '\ud83d': 'a' } }],
    ['a list of custom fields', { custom: ['a'] }],
    ['custom null', { custom: null }],
    ['no object', 'nonce=1'],
    ['nothing', null],
  ])('what cannot be said is refused: %s', (_, fields) => {
    expect(codeOf(() => callSign(fields, secret))).toBe('ERR_SSO_FIELD_UNUSABLE');
  });

  test('undefined is absent', () => {
    const { sso } = signMessage(
      { nonce: '1', name: undefined, groups: undefined, custom: undefined },
      secret,
    );
    expect(payloadOf(sso)).toBe('nonce=1');
    expect(payloadOf(signMessage({ custom: {} }, secret).sso)).toBe('');
  });

  test('only own fields are written', () => {
    expect(payloadOf(signMessage(Object.create({ admin: true }), secret).sso)).toBe('');
  });

  describe('under a polluted prototype', () => {
    afterEach(() => {
      Reflect.deleteProperty(Object.prototype, 'admin');
      Reflect.deleteProperty(Object.prototype, 'custom');
    });

    test.each([true, false])('nothing of it is written (enumerable: %s)', (enumerable) => {
      const attributes = { configurable: true, enumerable };
      Object.defineProperty(Object.prototype, 'admin', { value: true, ...attributes });
      Object.defineProperty(Object.prototype, 'custom', { value: { a: '1' }, ...attributes });
      expect(payloadOf(signMessage({ nonce: '1' }, secret).sso)).toBe('nonce=1');
    });
  });

  test('a getter that signs another message meanwhile does not mix them', () => {
    const fields = {
      bio: 'first',
      get name() {
        return payloadOf(signMessage({ title: 'second' }, secret).sso);
      },
      custom: {
        get own() {
          return payloadOf(signMessage({ title: 'third' }, secret).sso);
        },
      },
    };
    expect(payloadOf(signMessage(fields, secret).sso)).toBe(
      'bio=first&name=title%3Dsecond&custom.own=title%3Dthird',
    );
  });
});

test('a long message loses nothing that stood before it, and leaves nothing in a short one that follows', () => {
  for (const bio of ['x'.repeat(100_000), 'short', 'ü'.repeat(2_000), '']) {
    expect(payloadOf(signMessage({ addGroups: ['a'], bio }, secret).sso)).toBe(
      `add_groups=a&bio=${encodeURIComponent(bio)}`,
    );
  }
});

describe('the URL', () => {
  const message = { sso: 'a+/=\n', sig: 'f' };
  test.each([
    ['https://x.example/a', 'https://x.example/a?sso=a%2B%2F%3D%0A&sig=f'],
    ['https://x.example/a?b', 'https://x.example/a?b&sso=a%2B%2F%3D%0A&sig=f'],
    ['https://x.example/a#b', 'https://x.example/a?sso=a%2B%2F%3D%0A&sig=f#b'],
    ['https://x.example/a?b#c?d', 'https://x.example/a?b&sso=a%2B%2F%3D%0A&sig=f#c?d'],
    ['https://x.example/a#b?c', 'https://x.example/a?sso=a%2B%2F%3D%0A&sig=f#b?c'],
  ])('%s', (base, url) => {
    expect(messageUrl(base, message)).toBe(url);
  });

  test.each([
    ['base', [null, message]],
    ['message', ['https://x.example/', null]],
    ['sso', ['https://x.example/', { sig: 'f' }]],
    ['half a surrogate pair', ['https://x.example/', { sso: '\ud800', sig: 'f' }]],
  ])('what is no text is refused: %s', (_, args) => {
    expect(codeOf(() => callUrl(...args))).toBe('ERR_SSO_FIELD_UNUSABLE');
  });
});
