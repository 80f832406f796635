import { createHmac } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { type CoralClaims, type CoralSigningSecret, verifyAccessToken } from '../../src/coral/index.js';
import { isForumSsoError } from '../../src/errors.js';
import { at, type TokenCase, vectors } from './vectors.js';

/**
 * Cases that Coral decides by what it has stored or how the token travelled, and so not by the token: the one list of
 * those in which we accept what Coral did not.
 */
const decidedElsewhere: Readonly<Record<string, string>> = {
  'jti-revoked-with-exp': 'logged-out tokens are remembered by Coral alone',
  'sso-disabled': 'a switch in Coral',
  'registration-off-new-user': 'a switch in Coral',
  'email-owned-by-user-without-sso-or-local-profile': 'depends on the accounts in Coral',
  'oidc-also-enabled-and-token-has-sub-iss-aud-exp': 'a switch in Coral',
  'transport-bearer-lower': 'how the token travels',
};

/** The same for the steps of the sequences: "name#index of the step". */
const stepsDecidedElsewhere: Readonly<Record<string, string>> = {
  'update-to-an-email-of-another-user#2': 'depends on the accounts in Coral',
  'revoked-jti-in-new-token-with-later-exp-still-anonymous#2':
    'logged-out tokens are remembered by Coral alone',
};

const codesFor: Readonly<Record<string, readonly string[]>> = {
  'kid-unknown': ['ERR_CORAL_TOKEN_KEY_UNKNOWN'],
  'bad-signature': ['ERR_CORAL_TOKEN_SIGNATURE_INVALID'],
  undecodable: ['ERR_CORAL_TOKEN_MALFORMED'],
  'signature-missing': ['ERR_CORAL_TOKEN_ALGORITHM_REFUSED'],
  'algorithm-not-allowed': ['ERR_CORAL_TOKEN_ALGORITHM_REFUSED'],
  expired: ['ERR_CORAL_TOKEN_EXPIRED'],
  'exp-not-a-number': ['ERR_CORAL_TOKEN_CLAIM_INVALID'],
  'not-yet-valid': ['ERR_CORAL_TOKEN_NOT_YET_VALID'],
  'claims-schema': ['ERR_CORAL_TOKEN_CLAIM_INVALID'],
  USERNAME_NOT_PROVIDED: ['ERR_CORAL_TOKEN_USERNAME_MISSING'],
  INTERNAL_ERROR: ['ERR_CORAL_TOKEN_PAYLOAD_UNREADABLE'],
  EMAIL_INVALID_FORMAT: ['ERR_CORAL_EMAIL_UNUSABLE'],
  EMAIL_EXCEEDS_MAX_LENGTH: ['ERR_CORAL_EMAIL_UNUSABLE'],
};

function secretsOf({ keys, secret }: Pick<TokenCase, 'keys' | 'secret'>): CoralSigningSecret[] {
  if (keys === undefined) return secret === undefined ? [] : [{ secret }];
  return keys.map(({ kid, secret: text, rotatedAt, inactiveAt }) => ({
    kid,
    secret: text,
    ...(rotatedAt === undefined ? {} : { rotatedAt: at(rotatedAt) }),
    ...(inactiveAt === undefined ? {} : { inactiveAt: at(inactiveAt) }),
  }));
}

type Outcome =
  | { readonly claims: CoralClaims }
  | { readonly code: string; readonly detail: string; readonly message: string };

async function judge(
  token: string,
  secrets: readonly CoralSigningSecret[],
  options: { now?: Date; firstLogin?: boolean },
): Promise<Outcome> {
  try {
    return { claims: await verifyAccessToken(token, secrets, options) };
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return { code: error.code, detail: error.detail, message: error.message };
  }
}

const secret = `ssosec_${'ab'.repeat(32)}`;
const now = 1_750_000_000;
const user = { id: 'u-1', email: 'mira@example.com', username: 'mira' };

function token(payload: unknown, header: unknown = { alg: 'HS256' }, key = secret): string {
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

describe('every recorded verdict', () => {
  test.each(vectors.cases)('$name', async (vector) => {
    const outcome = await judge(vector.token, secretsOf(vector), { now: at(vector.now) });
    const accepted = 'claims' in outcome;
    if (vector.name in decidedElsewhere) {
      expect(vector.expected.verdict).not.toBe('accepted');
      expect(accepted).toBe(true);
      return;
    }
    expect(accepted).toBe(vector.expected.verdict === 'accepted');
    if (accepted) {
      const { claims } = outcome;
      const stored = vector.expected.user;
      expect(claims.user.email).toBe(stored?.email);
      expect(claims.user.username).toBe(stored?.username);
      expect(claims.user.avatar).toBe(stored?.avatar);
      expect(claims.user.url).toBe(stored?.ssoURL);
      // Where nobody had the address before, the account has the token's id.
      if (!('seedUsers' in vector)) expect(claims.user.id).toBe(stored?.id);
    } else {
      const { why = vector.expected.code ?? '', paths = [] } = vector.expected;
      const codes =
        vector.name === 'token-over-16k-header-limit' ? ['ERR_CORAL_TOKEN_TOO_LARGE'] : codesFor[why];
      expect(codes).toContain(outcome.code);
      for (const path of paths) expect(outcome.detail).toContain(path.replace(/\[\d+\]$/, ''));
    }
  });

  test('the list of exceptions names cases only', () => {
    const names = vectors.cases.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(decidedElsewhere)));
  });
});

describe('every recorded sequence', () => {
  const steps = vectors.sequences.flatMap(({ name, secret: key, steps: list }) =>
    list.map((step, index) => ({ name: `${name}#${index}`, key, step })),
  );

  test.each(steps)('$name', async ({ name, key, step }) => {
    const text = step.logout ?? step.token;
    const outcome = await judge(text, [{ secret: key }], { now: at(step.now) });
    const expected =
      step.logout !== undefined ? step.expected.httpStatus === 204 : step.expected.verdict === 'accepted';
    if (name in stepsDecidedElsewhere) {
      expect(expected).toBe(false);
      expect('claims' in outcome).toBe(true);
    } else {
      expect('claims' in outcome).toBe(expected);
    }
  });

  test('the list of exceptions names steps only', () => {
    expect(steps.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(stepsDecidedElsewhere)));
  });
});

describe('rules beyond the recorded ones', () => {
  const secrets = [{ secret }];
  const codeOf = async (text: string, list: readonly CoralSigningSecret[] = secrets, time = now) => {
    const outcome = await judge(text, list, { now: at(time) });
    return 'claims' in outcome ? 'accepted' : outcome.code;
  };

  test('a key is dead at the very moment it becomes inactive', async () => {
    const text = token({ user });
    const other = { kid: 'b', secret: `ssosec_${'cd'.repeat(32)}` };
    const until = (seconds: number) => [{ kid: 'a', secret, inactiveAt: at(seconds) }, other];
    expect(await codeOf(text, until(now + 1))).toBe('accepted');
    expect(await codeOf(text, until(now))).toBe('ERR_CORAL_TOKEN_SIGNATURE_INVALID');
    expect(await codeOf(text, [{ kid: 'a', secret, inactiveAt: at(now) }])).toBe(
      'ERR_CORAL_TOKEN_KEY_UNKNOWN',
    );
  });

  test('times: equal nbf is fine, equal exp is not; parts of a second are cut off', async () => {
    expect(await codeOf(token({ nbf: now, user }))).toBe('accepted');
    expect(await codeOf(token({ nbf: now + 1, user }))).toBe('ERR_CORAL_TOKEN_NOT_YET_VALID');
    expect(await codeOf(token({ nbf: 'soon', user }))).toBe('ERR_CORAL_TOKEN_NOT_YET_VALID');
    expect(await codeOf(token({ exp: now, user }))).toBe('ERR_CORAL_TOKEN_EXPIRED');
    expect(await codeOf(token({ exp: now + 1, user }), secrets, now + 0.999)).toBe('accepted');
    expect(await codeOf(token({ exp: 0, user }))).toBe('ERR_CORAL_TOKEN_EXPIRED');
    expect(await codeOf(token({ exp: now * 1_000, user }))).toBe('accepted');
    expect(await codeOf(token({ iat: now + 86_400, user }))).toBe('accepted');
  });

  test('the schema is judged before the signature, the first fault decides', async () => {
    const bad = token({ jti: 7, user: {} }, { alg: 'HS256' }, 'another key');
    const outcome = await judge(bad, secrets, { now: at(now) });
    expect(outcome).toMatchObject({
      code: 'ERR_CORAL_TOKEN_CLAIM_INVALID',
      detail: expect.stringContaining('jti'),
    });
    // An id that is wrong comes before the missing user name.
    const url = 'https://news.example.com/account';
    expect(await codeOf(token({ user: { id: 4, email: 'a@b.c', url } }))).toBe(
      'ERR_CORAL_TOKEN_CLAIM_INVALID',
    );
    expect(await codeOf(token({ user: { id: '4', email: 'a@b.c', url } }))).toBe(
      'ERR_CORAL_TOKEN_USERNAME_MISSING',
    );
    expect(await codeOf(token({ user: { id: '4', email: 'a@b.c', username: null, url } }))).toBe(
      'ERR_CORAL_TOKEN_CLAIM_INVALID',
    );
  });

  test.each([
    ['a role in lower case', { role: 'staff' }],
    ['no role', { role: null }],
    ['an empty badge', { badges: [''] }],
    ['an empty url', { url: '' }],
    ['a url with a blank', { url: 'https://example.com/a b' }],
    ['a url without host', { url: 'https:///path' }],
    ['a bad avatar', { avatar: 'picture.png' }],
    ['an empty e-mail', { email: '' }],
  ])('%s is refused', async (_name, claims) => {
    expect(await codeOf(token({ user: { ...user, ...claims } }))).toBe('ERR_CORAL_TOKEN_CLAIM_INVALID');
  });

  test.each([
    ['payload that is a list', []],
    ['payload that is null', 'null'],
    ['user that is a list', { user: [] }],
    ['user that is null', { user: null }],
  ])('%s is refused', async (_name, payload) => {
    expect(await codeOf(token(payload))).toBe('ERR_CORAL_TOKEN_CLAIM_INVALID');
  });

  test('the header must be an object, the signature in its one spelling', async () => {
    expect(await codeOf(token({ user }, '"HS256"'))).toBe('ERR_CORAL_TOKEN_MALFORMED');
    expect(await codeOf(token({ user }, 'no json'))).toBe('ERR_CORAL_TOKEN_MALFORMED');
    expect(await codeOf(token({ user }, { alg: 'hs256' }))).toBe('ERR_CORAL_TOKEN_ALGORITHM_REFUSED');
    const good = token({ user });
    expect(await codeOf(good)).toBe('accepted');
    // 256 bits leave two bits of the last character unused: decoders accept four spellings.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(good.slice(-1));
    expect(await codeOf(good.slice(0, -1) + alphabet.charAt(last ^ 1))).toBe(
      'ERR_CORAL_TOKEN_SIGNATURE_INVALID',
    );
    expect(await codeOf(`${good}=`)).toBe('ERR_CORAL_TOKEN_MALFORMED');
  });

  test('the form of the address counts at the first login only', async () => {
    const text = token({ user: { ...user, email: 'nobody' } });
    expect(await codeOf(text)).toBe('ERR_CORAL_EMAIL_UNUSABLE');
    const later = await judge(text, secrets, { now: at(now), firstLogin: false });
    expect(later).toMatchObject({ claims: { user: { email: 'nobody' } } });
  });

  test('errors hold neither secret nor token nor e-mail', async () => {
    const bads = [
      token({ user }, { alg: 'HS256' }, 'another key'),
      token({ exp: 1, user }),
      token({ user: { ...user, email: 'private@' } }),
      token({ user: { ...user, role: 'private-role' } }),
    ];
    for (const bad of bads) {
      const outcome = await judge(bad, secrets, { now: at(now) });
      const printed = JSON.stringify(outcome);
      expect(printed).toContain('ERR_CORAL');
      for (const part of [secret, ...bad.split('.'), 'mira@example.com', 'private'])
        expect(printed).not.toContain(part);
    }
  });
});
