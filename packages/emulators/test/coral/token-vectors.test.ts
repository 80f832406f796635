import { describe, expect, test } from '@jest/globals';

import { type CoralEmulator, signatureHeader, startCoralEmulator } from '../../src/coral/index.js';
import { at, type Expected, optionsFor, signingSecret, vectors } from './vectors.js';

const viewerQuery = `{ viewer {
  id username email emailVerified role badges avatar ssoURL
  profiles { __typename ... on SSOProfile { id } ... on LocalProfile { id } }
  status { ban { active } premod { active } }
} }`;

const typeNames: Readonly<Record<string, string>> = { sso: 'SSOProfile', local: 'LocalProfile' };

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(
  emulator: CoralEmulator,
  token: string,
  transport?: 'bearer-lower' | 'query',
): Promise<Answer> {
  const query = transport === 'query' ? `?accessToken=${encodeURIComponent(token)}` : '';
  const scheme = transport === 'bearer-lower' ? 'bearer' : 'Bearer';
  const response = await fetch(`${emulator.origin}/api/graphql${query}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(transport === 'query' ? {} : { Authorization: `${scheme} ${token}` }),
    },
    body: JSON.stringify({ query: viewerQuery }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

function check(emulator: CoralEmulator, { status, body }: Answer, expected: Expected): void {
  expect(status).toBe(expected.httpStatus);
  if (expected.verdict === 'rejected') {
    if (expected.code !== undefined) {
      expect(body).toMatchObject({
        error: { code: expected.code, type: 'INVALID_REQUEST_ERROR', traceID: expect.any(String) },
        report: null,
      });
    }
    return;
  }
  if (expected.verdict === 'anonymous') {
    expect(body).toEqual({ data: { viewer: null } });
    return;
  }
  const { banned, premod, profiles, ...plain } = expected.user ?? {
    banned: false,
    premod: false,
    profiles: [],
  };
  expect(body).toMatchObject({
    data: {
      viewer: {
        ...plain,
        profiles: profiles.map(({ type, id }) => ({ __typename: typeNames[type], id })),
        status: { ban: { active: banned }, premod: { active: premod } },
      },
    },
  });
  const stored: unknown = JSON.parse(JSON.stringify(emulator.user(expected.user?.id ?? '')));
  expect(stored).toEqual({ ...expected.user, ...expected.storedAfterwards });
}

describe('every recorded verdict, over HTTP', () => {
  test.each(vectors.cases)('$name', async (vector) => {
    const emulator = await startCoralEmulator(optionsFor(vector));
    try {
      check(emulator, await ask(emulator, vector.token, vector.transport), vector.expected);
    } finally {
      await emulator.close();
    }
  });
});

describe('every recorded sequence, over HTTP', () => {
  test.each(vectors.sequences)('$name', async ({ secret, steps }) => {
    let now = 0;
    const emulator = await startCoralEmulator({
      signingSecrets: [{ kid: 'only', secret }],
      rawQueries: 'everybody',
      now: () => at(now),
    });
    try {
      for (const step of steps) {
        now = step.now;
        if (step.logout === undefined) {
          check(emulator, await ask(emulator, step.token), step.expected);
          continue;
        }
        const response = await fetch(`${emulator.origin}/api/auth`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${step.logout}` },
        });
        expect(response.status).toBe(step.expected.httpStatus);
        const claims: { jti: string } = JSON.parse(
          Buffer.from(step.logout.split('.')[1] ?? '', 'base64url').toString(),
        );
        const { revokedForSeconds } = step.expected;
        expect(emulator.isRevoked(claims.jti)).toBe(revokedForSeconds !== null);
        if (revokedForSeconds !== null) {
          now = step.now + revokedForSeconds;
          expect(emulator.isRevoked(claims.jti)).toBe(false);
        }
      }
    } finally {
      await emulator.close();
    }
  });
});

describe('every recorded event', () => {
  test.each(vectors.webhooks)('$name is signed the same', ({ secrets, now, body, headers }) => {
    expect(signatureHeader(body, secrets.map(signingSecret), at(now))).toBe(headers['X-Coral-Signature']);
  });
});
