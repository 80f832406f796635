import { createHmac } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  type DiscourseFields,
  messageUrl,
  signMessage,
  verifyMessage,
} from '../../../src/discourse/index.js';
import { type FieldKind, fieldTable } from '../../../src/discourse/protocol/fields.js';
import { parseQuery, queryOf, readParameter } from '../../../src/http/query.js';
import { callSign, callUrl, callVerify, codeOf, outcomeOf } from './calls.js';

/** Any characters, controls and beyond the basic plane included; no half surrogate pairs. */
const text = fc.string({ unit: 'binary', maxLength: 60 });
const groupName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((name) => name.trim() === name && !/^@|,/.test(name));
const customName = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'custom.x', 'a=b&c', 'x y'),
);
const values: Record<FieldKind, fc.Arbitrary<unknown>> = {
  string: fc.oneof(text, fc.constant(undefined)),
  boolean: fc.constantFrom(true, false, undefined),
  list: fc.oneof(fc.array(groupName, { maxLength: 5 }), fc.constant(undefined)),
};
const ourFields = fc.record(Object.fromEntries(fieldTable.map(({ name, kind }) => [name, values[kind]])), {
  requiredKeys: [],
});
const customFields = fc
  .array(fc.tuple(customName, text), { minLength: 1, maxLength: 6 })
  .map((pairs) => Object.assign(Object.create(null), Object.fromEntries(pairs)));
const anyFields = fc
  .tuple(ourFields, fc.option(customFields, { nil: undefined, freq: 2 }))
  .map(([fields, custom]): object => ({ ...fields, ...(custom === undefined ? {} : { custom }) }));
const secret = fc
  .string({ unit: 'binary', minLength: 10, maxLength: 80 })
  .filter((value) => value.trim() !== '');

/** A signed message; the fields are ours, so they fit. */
function sign(fields: unknown, key: string): { readonly sso: string; readonly sig: string } {
  const message = callSign(fields, key);
  if (typeof message !== 'object' || message === null || !('sso' in message && 'sig' in message))
    throw new TypeError();
  return { sso: String(message.sso), sig: String(message.sig) };
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const hmac = (content: string, key: string) => createHmac('sha256', key).update(content).digest('hex');
const base64 = (content: string) => Buffer.from(content).toString('base64');

describe('writing and reading', () => {
  test('any fields come back as they were', () => {
    fc.assert(
      fc.property(anyFields, secret, (fields, key) => {
        const message = sign(fields, key);
        fc.pre(message.sso.length <= 8_192);
        expect(verifyMessage(message, key)).toEqual(withoutUndefined(fields));
      }),
      { numRuns: 400 },
    );
  });

  test('the payload is what URLSearchParams writes, in the order of the table, whatever order the fields came in', () => {
    fc.assert(
      fc.property(anyFields, fc.boolean(), (fields, reversed) => {
        const pairs: [string, string][] = [];
        const values = new Map<string, unknown>(Object.entries(fields));
        for (const { wire, name, kind } of fieldTable) {
          const value = values.get(name);
          if (value === undefined) continue;
          pairs.push([wire, kind === 'list' && Array.isArray(value) ? value.join(',') : String(value)]);
        }
        for (const [name, value] of Object.entries(values.get('custom') ?? {}))
          pairs.push([`custom.${name}`, value]);
        const given = reversed ? Object.fromEntries(Object.entries(fields).reverse()) : fields;
        const { sso, sig } = sign(given, '0123456789');
        expect(Buffer.from(sso, 'base64').toString()).toBe(new URLSearchParams(pairs).toString());
        expect(sig).toBe(hmac(sso, '0123456789'));
      }),
      { numRuns: 400 },
    );
  });

  test('the base64 never holds + or /, and no line break', () => {
    const bytes = fc.string({
      unit: fc.constantFrom('~', '>', '?', '\x7f', 'a', 'ÿ', '🔑', ' ', '*'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.oneof(text, bytes), bytes, (name, bio) => {
        expect(
          signMessage({ name, bio, custom: { [`x${bio.replaceAll('\x7f', '')}`]: name } }, '0123456789').sso,
        ).toMatch(/^[A-Za-z0-9]*={0,2}$/);
      }),
      { numRuns: 500 },
    );
  });

  test('a URL carries the message whole', () => {
    const base = fc.constantFrom(
      'https://a.example/x',
      'https://a.example/x?y=1',
      'https://a.example/#z',
      '/x?y#z?w',
    );
    const anySso = fc.oneof(text, fc.string({ unit: fc.constantFrom('+', '/', '=', '\n', 'a', '#', '&') }));
    fc.assert(
      fc.property(base, anySso, anySso, (address, sso, sig) => {
        const url = new URL(messageUrl(address, { sso, sig }), 'https://b.example/');
        const query = parseQuery(queryOf(url.pathname + url.search));
        expect(readParameter(query, 'sso')).toBe(sso);
        expect(readParameter(query, 'sig')).toBe(sig);
        expect(url.hash).toBe(new URL(address, 'https://b.example/').hash);
      }),
    );
  });

  test('line breaks, missing padding and what follows the padding change nothing', () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 80 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (name, width, end, bare) => {
          const encoded = base64(new URLSearchParams({ name }).toString());
          const unpadded = encoded.replace(/=+$/, '');
          const lines = (bare ? unpadded : encoded).replace(new RegExp(`.{1,${width}}`, 'g'), `$&${end}`);
          const sso = !bare && encoded.endsWith('=') ? `${lines}${base64('&bio=lost')}` : lines;
          expect(verifyMessage({ sso, sig: hmac(sso, '0123456789') }, '0123456789')).toEqual({ name });
        },
      ),
    );
  });
});

describe('what was not signed with the secret is not accepted', () => {
  const message = {
    nonce: 'cb68251eefb5211e58c00ff1395f0c0b',
    externalId: '42',
    admin: false,
  } satisfies DiscourseFields;
  const key = 'd836444a9e4084d5b224a60c208dce14';
  const { sso, sig } = signMessage(message, key);

  const anyChange = fc.oneof(
    // One character exchanged for another: near ones, ones that share their low byte, any.
    fc.tuple(fc.nat(), fc.integer({ min: 1, max: 0xffff })).map(([at, by]) => (whole: string) => {
      const index = at % whole.length;
      const other = String.fromCharCode((whole.charCodeAt(index) + by) % 0x10000);
      return whole.slice(0, index) + other + whole.slice(index + 1);
    }),
    fc.tuple(fc.nat(), fc.constantFrom(0x100, 0x200, 0xff00)).map(([at, by]) => (whole: string) => {
      const index = at % whole.length;
      return (
        whole.slice(0, index) + String.fromCharCode(whole.charCodeAt(index) + by) + whole.slice(index + 1)
      );
    }),
    fc.nat().map((at) => (whole: string) => whole.slice(0, at % whole.length)),
    fc.nat().map((at) => (whole: string) => whole.slice((at % whole.length) + 1)),
    fc
      .tuple(
        fc.nat(),
        text.filter((more) => more !== ''),
      )
      .map(
        ([at, more]) =>
          (whole: string) =>
            whole.slice(0, at % (whole.length + 1)) + more + whole.slice(at % (whole.length + 1)),
      ),
    fc.constantFrom(
      (whole: string) => encodeURIComponent(`${whole}=`),
      (whole: string) => whole + whole,
      (whole: string) => base64(whole),
      (whole: string) => `${whole}\n`,
      (whole: string) => ` ${whole}`,
      (whole: string) => `${whole}=`,
      (whole: string) => whole.toUpperCase(),
      (whole: string) => whole.toLowerCase(),
    ),
  );

  test('any change of either part', () => {
    fc.assert(
      fc.property(anyChange, anyChange, fc.constantFrom('sso', 'sig', 'both'), (change, other, part) => {
        const changed = {
          sso: part === 'sig' ? sso : change(sso),
          sig: part === 'sso' ? sig : other(sig),
        };
        fc.pre(changed.sso !== sso || changed.sig !== sig);
        expect(codeOf(() => callVerify(changed, key))).toMatch(/^ERR_/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('any other secret', () => {
    fc.assert(
      fc.property(secret, (other) => {
        fc.pre(other !== key);
        expect(codeOf(() => callVerify({ sso, sig }, other))).toBe('ERR_SSO_SIGNATURE_INVALID');
        expect(codeOf(() => callVerify({ sso, sig: hmac(sso, other) }, key))).toBe(
          'ERR_SSO_SIGNATURE_INVALID',
        );
      }),
    );
  });
});

describe('whatever comes in', () => {
  const key = 'the-secret-that-nobody-sees';
  const odd = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withTypedArray: true,
    }),
    fc.constantFrom<unknown>(
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('get');
          },
          ownKeys: () => {
            throw new Error('keys');
          },
        },
      ),
      Object.defineProperty({}, 'sso', {
        enumerable: true,
        get: () => {
          throw new Error('getter');
        },
      }),
      Symbol('x'),
      () => 'x',
      new String('abc'),
      ['a'],
    ),
  );

  test('only our own errors are thrown', () => {
    const call = fc.constantFrom(callSign, callVerify, callUrl);
    fc.assert(
      fc.property(call, fc.array(odd, { maxLength: 3 }), (run, args) => {
        outcomeOf(() => run(...args));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.record({ sso: odd, sig: odd }), fc.oneof(odd, fc.array(odd)), (message, secrets) => {
        outcomeOf(() => callVerify(message, secrets));
        outcomeOf(() => callUrl('https://a.example/', message));
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(
        fc.record(Object.fromEntries([...fieldTable.map(({ name }) => [name, odd]), ['custom', odd]]), {
          requiredKeys: [],
        }),
        (fields) => {
          outcomeOf(() => callSign(fields, key));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('a well signed message with any content is read or refused', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content).toString('base64'));
    const form = fc
      .array(
        fc.constantFrom(
          'nonce',
          'name',
          'groups',
          'admin',
          'custom.a',
          'x',
          '=',
          '&',
          '%',
          '+',
          ' ',
          '%C3',
          '%A9',
          'é',
          '%zz',
          'true',
        ),
        {
          maxLength: 40,
        },
      )
      .map((parts) => base64(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(bytes, form, text), (sso) => {
        const outcome = outcomeOf(() => callVerify({ sso, sig: hmac(sso, key) }, key));
        if ('code' in outcome) expect(outcome.code).toMatch(/^ERR_SSO_(PAYLOAD_MALFORMED|FIELD_REPEATED)$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('what is read alike by URLSearchParams reads alike here', () => {
    const form = fc.array(fc.tuple(fc.constantFrom(...fieldTable), text), { maxLength: 8 });
    fc.assert(
      fc.property(form, (pairs) => {
        const once = [...new Map(pairs.map(([field, value]) => [field.wire, value]))];
        const sso = base64(new URLSearchParams(once).toString());
        const read = new Map<string, unknown>(
          Object.entries(verifyMessage({ sso, sig: hmac(sso, key) }, key)),
        );
        for (const [wire, value] of new URLSearchParams(Buffer.from(sso, 'base64').toString())) {
          const field = fieldTable.find((row) => row.wire === wire);
          const ours = field === undefined ? undefined : read.get(field.name);
          if (field?.kind === 'string') expect(ours).toBe(value);
          if (field?.kind === 'list') expect(ours).toEqual(value === '' ? [] : value.split(','));
          if (field?.kind === 'boolean')
            expect(ours).toBe(value === 'true' ? true : value === 'false' ? false : undefined);
        }
      }),
    );
  });

  test('no error tells a secret, the right signature or a value', () => {
    const email = 'private@address.example';
    const told = (error: Error): string =>
      `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    const wrong = fc.constantFrom<readonly [(...args: readonly unknown[]) => unknown, readonly unknown[]]>(
      [callVerify, [{ sso: base64(`email=${email}`), sig: 'f'.repeat(64) }, key]],
      [callVerify, [{ sso: base64(`email=${email}`), sig: '' }, key]],
      [callVerify, [{ sso: 'a%', sig: hmac('a%', key) }, key]],
      [
        callVerify,
        [
          {
            sso: base64(`email=${email}&email=${email}`),
            sig: hmac(base64(`email=${email}&email=${email}`), key),
          },
          key,
        ],
      ],
      [callVerify, [{ sso: base64(`email=${email}%zz`), sig: hmac(base64(`email=${email}%zz`), key) }, key]],
      [callVerify, [{ sso: base64('x'), sig: hmac(base64('x'), key) }, [key, key, key, key]]],
      [callSign, [{ email, groups: [`${key},`] }, key]],
      [callSign, [{ email, name: `${email}\ud800` }, key]],
      [callSign, [{ email, admin: email }, key]],
      [callSign, [{ email }, key.slice(0, 9)]],
    );
    fc.assert(
      fc.property(wrong, ([run, args]) => {
        const outcome = outcomeOf(() => run(...args));
        if (!('code' in outcome)) throw new Error('was accepted');
        const words = told(outcome.error);
        expect(words).not.toContain(key.slice(0, 9));
        expect(words).not.toContain('private@');
        expect(words).not.toContain(hmac(base64(`email=${email}`), key));
        expect(words).not.toContain(base64(`email=${email}`).slice(0, 20));
      }),
    );
  });
});
