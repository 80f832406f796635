import { describe, expect, test } from '@jest/globals';

import { fieldTable } from '../../../src/discourse/protocol/fields.js';
import { messageQuery } from '../../../src/discourse/protocol/message.js';
import { errorFrom, isRefusal } from '../../../src/errors.js';
import { parseQuery, readParameter } from '../../../src/http/query.js';
import { callSign, callUrl, callVerify, outcomeOf } from './calls.js';
import { type Decoded, type ErrorCase, type GenerateCase, type ParseCase, vectors } from './vectors.js';

const signatureFirst = {
  ours: 'ERR_SSO_SIGNATURE_INVALID',
  reason: 'Nothing of a message is judged before its signature, which does not fit the damaged text.',
};

/** Where we differ from Discourse on purpose, by the vector's name. `ours` is the code we refuse with, or what we do. */
const deliberateDifferences: Record<string, { readonly ours: string; readonly reason: string }> = {
  'booleans given as 1 and 0 are written but lost on reading': {
    ours: 'ERR_SSO_FIELD_UNUSABLE',
    reason: 'A boolean that no reader understands is a fault of the caller, who hears of it.',
  },
  'array value becomes a repeated key': {
    ours: 'writes groups=one%2Ctwo',
    reason: 'Discourse answers a repeated key with 500; a list is joined with commas, as Discourse reads it.',
  },
  'base url with a fragment (the query lands after it)': {
    ours: 'url with the query before the fragment',
    reason: 'No server sees what stands behind the fragment.',
  },
  'bytes that are not utf-8': {
    ours: 'ERR_SSO_PAYLOAD_MALFORMED',
    reason: 'A JavaScript text cannot hold them, and replacing them would make different names equal.',
  },
  'repeated key becomes a list': {
    ours: 'ERR_SSO_FIELD_REPEATED',
    reason: 'Which of both counts would be a guess; the forum itself answers 500.',
  },
  'repeated boolean reads as absent': {
    ours: 'ERR_SSO_FIELD_REPEATED',
    reason: 'One rule for every field: a message that says something twice is damaged.',
  },
  'semicolon in the payload separates pairs under Rack 2': {
    ours: 'reads name=a;title=b',
    reason:
      'Only "&" separates, as for newer Discourse and every URL library; a value cannot smuggle in a field.',
  },
  'blank secret, signed with the blank secret': {
    ours: 'ERR_SSO_SECRET_UNUSABLE',
    reason: 'Anybody could sign with a blank secret; newer Discourse refuses it too.',
  },
  'percent escape broken in the query': {
    ours: 'accepted',
    reason: 'The broken parameter is not ours; "sso" and "sig" are whole and the signature is right.',
  },
  'sig twice': {
    ours: 'ERR_PARAMETER_REPEATED',
    reason: 'Refused for what it is, before any signature is computed.',
  },
  '+ of the base64 not escaped in the query (arrives as a space)': signatureFirst,
  'double encoded query value': signatureFirst,
  'base64 percent-encoded twice by the sender': signatureFirst,
  'base64 with a plus, percent-encoded twice': signatureFirst,
  'blank secret, signed with another': {
    ours: 'ERR_SSO_SECRET_UNUSABLE',
    reason: 'The fault is in the configuration, so the error names the setting.',
  },
};

/** The codes with which we refuse what Discourse refuses with one of its classes. */
const codesByClass: Record<string, readonly string[]> = {
  'DiscourseConnectBase::SignatureError': ['ERR_SSO_SIGNATURE_INVALID', 'ERR_SSO_SIGNATURE_MISSING'],
  'DiscourseConnectBase::PayloadParseError': ['ERR_SSO_PAYLOAD_MALFORMED'],
  ArgumentError: ['ERR_SSO_PAYLOAD_MALFORMED'],
  NoMethodError: ['ERR_PARAMETER_MISSING', 'ERR_PARAMETER_REPEATED'],
  RuntimeError: ['ERR_SSO_SECRET_UNUSABLE'],
};

/** Vector fields in our names and types. What Ruby turns into text by itself, our types ask the caller to. */
function toOurFields({ fields, custom }: Decoded): Record<string, unknown> {
  const ours: Record<string, unknown> = {};
  for (const { wire, name, kind } of fieldTable) {
    const value = fields[wire];
    if (value === null || value === undefined) continue;
    if (kind === 'string') ours[name] = typeof value === 'number' ? String(value) : value;
    else if (kind === 'boolean') ours[name] = value === 'true' ? true : value === 'false' ? false : value;
    else ours[name] = typeof value === 'string' ? (value === '' ? [] : value.split(',')) : value;
  }
  if (Object.keys(custom).length > 0) ours.custom = custom;
  return ours;
}

function toWrite({ fields, custom }: Decoded): Record<string, unknown> {
  const texts = Object.entries(custom).map(([name, value]) => [name, value === null ? '' : String(value)]);
  return toOurFields({ fields, custom: Object.fromEntries(texts) });
}

/** Nil custom fields are absent. */
function toRead({ fields, custom }: Decoded): Record<string, unknown> {
  const present = Object.entries(custom).filter(([, value]) => value !== null);
  return toOurFields({ fields, custom: Object.fromEntries(present) });
}

/** Reads a message out of a query and verifies it. */
function readQuery(text: string, secret: string | null): unknown {
  const query = parseQuery(text);
  const sso = readParameter(query, 'sso');
  if (isRefusal(sso)) throw errorFrom(sso);
  const sig = readParameter(query, 'sig');
  if (isRefusal(sig)) throw errorFrom(sig);
  return callVerify({ sso, sig }, secret);
}

/** The same, word for word, as what Discourse does; or what we do instead. */
function generate({ fields, custom, secret, url_base, ...expected }: GenerateCase): string {
  const outcome = outcomeOf(() => {
    const message = callSign(toWrite({ fields, custom }), secret);
    return { message, url: callUrl(url_base, message) };
  });
  if ('code' in outcome) return outcome.code;
  const { sso, sig, query, url } = expected;
  const unsigned = payloadOf(outcome.result);
  if (unsigned !== expected.unsigned) {
    return `writes ${unsigned
      .split('&')
      .filter((pair) => !expected.unsigned.split('&').includes(pair))
      .join('&')}`;
  }
  expect(outcome.result).toMatchObject({ message: { sso, sig } });
  expect(messageQuery({ sso, sig })).toBe(query);
  expect(readQuery(query, secret)).toEqual(toRead(expected.decoded));
  const [address, fragment] = url_base.split('#');
  if (fragment !== undefined) {
    expect(outcome.result).toMatchObject({ url: `${address}?${query}#${fragment}` });
    return 'url with the query before the fragment';
  }
  expect(outcome.result).toMatchObject({ url });
  return 'same';
}

function payloadOf(result: unknown): string {
  const message =
    typeof result === 'object' && result !== null && 'message' in result ? result.message : null;
  const sso = typeof message === 'object' && message !== null && 'sso' in message ? message.sso : null;
  return typeof sso === 'string' ? Buffer.from(sso, 'base64').toString('utf8') : 'nothing';
}

function parse({ query, secret, decoded }: ParseCase): string {
  const outcome = outcomeOf(() => readQuery(query, secret));
  if ('code' in outcome) return outcome.code;
  const { fields } = decoded;
  if (fields.name === 'a' && fields.title === 'b') {
    expect(outcome.result).toEqual({ nonce: fields.nonce, name: 'a;title=b' });
    return 'reads name=a;title=b';
  }
  expect(outcome.result).toEqual(toRead(decoded));
  return 'same';
}

function refuse({ query, secret, error }: ErrorCase): string {
  const outcome = outcomeOf(() => readQuery(query, secret));
  if (!('code' in outcome)) return 'accepted';
  return codesByClass[error.class]?.includes(outcome.code) === true ? 'same' : outcome.code;
}

test('the field table is the one of Discourse, in its order', () => {
  expect(fieldTable.map(({ wire }) => wire)).toEqual(vectors.field_order);
  expect(fieldTable.filter(({ kind }) => kind === 'boolean').map(({ wire }) => wire)).toEqual(
    vectors.booleans,
  );
  const camelCase = vectors.field_order.map((wire) =>
    wire.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  );
  expect(fieldTable.map(({ name }) => name)).toEqual(camelCase);
});

describe('every golden vector', () => {
  expect(vectors.cases).toHaveLength(110);

  test.each(vectors.cases.map((vector) => [`${vector.kind}: ${vector.name}`, vector] as const))(
    '%s',
    (_, vector) => {
      const ours =
        vector.kind === 'generate'
          ? generate(vector)
          : vector.kind === 'parse'
            ? parse(vector)
            : refuse(vector);
      expect(ours).toBe(deliberateDifferences[vector.name]?.ours ?? 'same');
    },
  );

  test('every listed difference is about a vector', () => {
    const names = [...vectors.cases, ...vectors.sync].map(({ name }) => name);
    expect(Object.keys(deliberateDifferences).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('messages that the forum receives through its API, as it reads them now', () => {
  expect(vectors.sync).toHaveLength(8);

  test.each(vectors.sync.map((vector) => [vector.name, vector] as const))('%s', (name, vector) => {
    const { sso, sig, secret, new: now } = vector;
    const outcome = outcomeOf(() => callVerify({ sso, sig }, secret));
    if (now.decoded !== undefined) {
      expect(outcome).toEqual({ result: toRead(now.decoded) });
      return;
    }
    const ours = 'code' in outcome ? outcome.code : 'accepted';
    expect(codesByClass[now.error ?? '']?.includes(ours) === true ? 'same' : ours).toBe(
      deliberateDifferences[name]?.ours ?? 'same',
    );
  });
});
