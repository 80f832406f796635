import { describe, expect, test } from '@jest/globals';

import { Nonces, type SessionNonces } from '../../src/discourse/forum/nonces.js';
import { encodeBase64 } from '../../src/discourse/protocol/base64.js';
import {
  appendQuery,
  parseMessage,
  readSigned,
  signPayload,
  writePayload,
  writeQuery,
} from '../../src/discourse/protocol/connect-message.js';
import { DiscourseError } from '../../src/discourse/protocol/errors.js';
import { readExternalId } from '../../src/discourse/protocol/external-id.js';
import { fieldNames, flagNames } from '../../src/discourse/protocol/fields.js';
import { answerProviderRequest } from '../../src/discourse/protocol/provider-answer.js';
import { domainMatches, readProviderSecret } from '../../src/discourse/protocol/provider-secrets.js';
import { readSyncMessage } from '../../src/discourse/protocol/sync-message.js';
import { signWebhook } from '../../src/discourse/protocol/webhook-signature.js';
import {
  asVector,
  type ErrorCase,
  type GenerateCase,
  type ParseCase,
  readVectors,
  type SyncResult,
} from './vectors.js';

const vectors = readVectors();
const named = <T extends { readonly name: string }>(cases: readonly T[]) =>
  cases.map((item) => [item.name, item] as const);

/** The class name of what was thrown; fails when nothing or something else was. */
function errorClass(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof DiscourseError) return error.className;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('the vectors are all here', () => {
  expect(vectors.cases).toHaveLength(110);
  expect([vectors.sync, vectors.provider, vectors.wildcard].map(({ length }) => length)).toEqual([8, 26, 10]);
  expect([vectors.external_ids, vectors.nonces, vectors.webhooks].map(({ length }) => length)).toEqual([
    16, 4, 18,
  ]);
  expect(fieldNames).toEqual(vectors.field_order);
  expect(flagNames).toEqual(vectors.booleans);
});

describe('messages that Discourse writes', () => {
  const cases = vectors.cases.filter((item): item is GenerateCase => item.kind === 'generate');
  test.each(named(cases))('%s', (_name, vector) => {
    const payload = writePayload(vector.fields, Object.entries(vector.custom));
    expect(payload).toBe(vector.unsigned);
    expect(encodeBase64(payload)).toBe(vector.sso);
    expect(signPayload(vector.sso, vector.secret)).toBe(vector.sig);
    const query = writeQuery(payload, vector.secret);
    expect(query).toBe(vector.query);
    expect(appendQuery(vector.url_base, query)).toBe(vector.url);
    expect(asVector(parseMessage(query, vector.secret))).toEqual(vector.decoded);
    expect(asVector(readSigned(vector.sso, vector.sig, vector.secret))).toEqual(vector.decoded);
  });
});

describe('messages that Discourse reads', () => {
  const cases = vectors.cases.filter((item): item is ParseCase => item.kind === 'parse');
  test.each(named(cases))('%s', (_name, vector) => {
    expect(asVector(parseMessage(vector.query, vector.secret))).toEqual(vector.decoded);
  });
});

describe('messages that Discourse refuses', () => {
  const cases = vectors.cases.filter((item): item is ErrorCase => item.kind === 'error');
  test.each(named(cases))('%s', (_name, vector) => {
    expect(errorClass(() => parseMessage(vector.query, vector.secret))).toBe(vector.error.class);
  });

  test.each(named(cases))('no error tells the signature that would have been right: %s', (_name, vector) => {
    const sso = new URLSearchParams(vector.query.replace(/%(?![0-9a-f]{2})/gi, '')).get('sso') ?? '';
    try {
      parseMessage(vector.query, vector.secret);
    } catch (error) {
      expect(String(error)).not.toContain(signPayload(sso, vector.secret ?? ''));
      if (vector.secret) expect(String(error)).not.toContain(vector.secret);
    }
    expect.hasAssertions();
  });
});

describe('sync_sso', () => {
  const outcome = (action: () => ReturnType<typeof readSyncMessage>): SyncResult => {
    try {
      return { status: 200, decoded: asVector(action()) };
    } catch (error) {
      if (!(error instanceof DiscourseError)) throw error;
      return { status: 422, error: error.className };
    }
  };
  test.each(named(vectors.sync))('before 24 July 2026: %s', (_name, vector) => {
    expect(outcome(() => readSyncMessage(vector, vector.secret, { decodesTwice: true }))).toEqual(vector.old);
  });
  test.each(named(vectors.sync))('since 24 July 2026: %s', (_name, vector) => {
    expect(outcome(() => readSyncMessage(vector, vector.secret))).toEqual(vector.new);
  });
});

describe('the forum as provider', () => {
  test.each(named(vectors.provider))('%s', (_name, vector) => {
    const answer = () =>
      answerProviderRequest({
        query: vector.query,
        secrets: vector.secrets.map(readProviderSecret),
        enabled: vector.enabled ?? true,
        user: vector.logged_in_user,
        ...(vector.confirmed_2fa === true ? { secondFactor: 'confirmed' } : {}),
        ...(vector.no_2fa_methods === true ? { secondFactor: 'none' } : {}),
      });
    if (vector.error !== undefined) {
      expect(errorClass(answer)).toBe(vector.error.class);
      return;
    }
    const result = answer();
    expect(result.matchedSecret).toBe(vector.matched_secret);
    expect(result.kind === 'login').toBe(vector.result?.login_page ?? false);
    expect(result.kind === 'logout').toBe(vector.result?.logout ?? false);
    expect(result.kind === 'login' ? undefined : result.location).toBe(vector.result?.redirect);
    if (vector.result?.answer !== undefined) {
      expect(result.kind === 'answer' && asVector(result.answer)).toEqual(vector.result.answer);
    }
  });

  test.each(vectors.wildcard)(
    'a line for $pattern and the host $host: $match',
    ({ pattern, host, match }) => {
      expect(domainMatches(pattern, host)).toBe(match);
    },
  );

  test('only the first bar splits a line', () => {
    expect(readProviderSecret('a.example|one|two')).toEqual({ domain: 'a.example', secret: 'one|two' });
    expect(readProviderSecret('a.example')).toEqual({ domain: 'a.example', secret: '' });
  });
});

describe('external ids', () => {
  test.each(vectors.external_ids)('$external_id: $accepted', (vector) => {
    if (vector.accepted) expect(readExternalId(vector.external_id)).toBe(String(vector.external_id));
    else expect(errorClass(() => readExternalId(vector.external_id))).toBe(vector.error);
  });

  test('blanks of every kind count as blank', () => {
    for (const blank of ['\u00a0', '\u2003\t\n', '\u3000']) {
      expect(errorClass(() => readExternalId(blank))).toBe('DiscourseConnect::BlankExternalId');
    }
  });
});

describe('nonces', () => {
  test.each(vectors.nonces)(
    'bound to the session: $csrf_protection; back in the same session: $same_session',
    (vector) => {
      const nonces = new Nonces({ now: () => new Date(0), boundToSession: () => vector.csrf_protection });
      const session: SessionNonces = new Map();
      const back: SessionNonces = vector.same_session ? session : new Map();
      const nonce = nonces.register(session, '/t/topic/1');
      expect(nonce).toMatch(/^[0-9a-f]{32}$/);
      expect(nonces.find(back, nonce) !== undefined).toBe(vector.valid_first);
      expect(nonces.find(back, nonce) ?? '/').toBe(vector.return_path);
      if (vector.valid_first) nonces.consume(back, nonce);
      expect(nonces.find(back, nonce) !== undefined).toBe(vector.valid_second);
      expect(nonces.refusalReason(nonce)).toBe(vector.error_second);
    },
  );

  test('live as long as they are told, and used ones are remembered for a day', () => {
    let seconds = 0;
    const nonces = new Nonces({
      now: () => new Date(seconds * 1_000),
      lifetimeSeconds: 600,
      boundToSession: () => true,
    });
    const session: SessionNonces = new Map();
    const nonce = nonces.register(session, '/');
    seconds = 599;
    expect(nonces.find(session, nonce)).toBe('/');
    nonces.consume(session, nonce);
    seconds += 86_399;
    expect(nonces.refusalReason(nonce)).toBe('used');
    seconds += 1;
    expect(nonces.refusalReason(nonce)).toBe('unknown-or-other-browser');
    const second = nonces.register(session, '/');
    seconds += 600;
    expect(nonces.find(session, second)).toBeUndefined();
  });

  test('an empty return path makes a nonce invalid, and odd values are not found', () => {
    const nonces = new Nonces({ now: () => new Date(0), boundToSession: () => true });
    const session: SessionNonces = new Map();
    expect(nonces.find(session, nonces.register(session, ''))).toBeUndefined();
    const nonce = nonces.register(session, '/');
    for (const odd of [
      undefined,
      null,
      [nonce, nonce],
      Buffer.from(nonce),
      `${nonce} `,
      nonce.toUpperCase(),
    ]) {
      expect(odd === nonce ? undefined : nonces.find(session, odd)).toBeUndefined();
    }
  });

  test('a session keeps a limited number', () => {
    const nonces = new Nonces({ now: () => new Date(0), boundToSession: () => true });
    const session: SessionNonces = new Map();
    const first = nonces.register(session, '/');
    for (let i = 0; i < 100; i++) nonces.register(session, '/');
    expect(session.size).toBe(50);
    expect(nonces.find(session, first)).toBeUndefined();
  });
});

describe('webhook signatures', () => {
  test.each(named(vectors.webhooks))('%s', (_name, vector) => {
    const body =
      vector.body === undefined ? Buffer.from(vector.body_base64 ?? '', 'base64') : Buffer.from(vector.body);
    if (vector.bytes !== undefined) expect(body).toHaveLength(vector.bytes);
    expect(signWebhook(body, vector.secret) === vector.signature).toBe(vector.refuse !== true);
  });
});
