import { deepStrictEqual } from 'node:assert';
import { randomUUID } from 'node:crypto';

import { coralUserClaims, createAccessTokenSigner, verifyAccessToken } from '@forum-sso/core/coral';
import { SignJWT } from 'jose';

import { compare, type RowGroup, repeatedAsync, takeTurns } from './measure.js';

const secret = `ssosec_${'7f3a'.repeat(16)}`;
const kid = '0123456789abcdef';
const expiresIn = 900;

/** A usual member. */
const user = {
  id: 'u-4711',
  email: 'sam@example.com',
  emailVerified: true,
  username: 'samsam',
  name: 'Sam Example',
  avatarUrl: 'https://cdn.example.com/avatars/4711.png',
  profileUrl: 'https://www.example.com/people/samsam',
  badges: ['eurorack', 'synths'],
};

/** A token for Coral, mapping and checks included, beside `jose` with a key imported once and the claims at hand. */
export const coralToken: RowGroup = {
  name: 'coral-token',
  rows: async () => {
    const sign = createAccessTokenSigner({ secret, kid, expiresIn });
    const claims = coralUserClaims(user);
    const key = await crypto.subtle.importKey(
      'raw',
      Buffer.from(secret),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const byHand = (): Promise<string> => {
      const iat = Math.floor(Date.now() / 1_000);
      return new SignJWT({ jti: randomUUID(), iat, exp: iat + expiresIn, user: claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
        .sign(key);
    };

    const secrets = [{ kid, secret }];
    const [ours, theirs] = await Promise.all(
      [await sign(user), await byHand()].map((token) => verifyAccessToken(token, secrets)),
    );
    deepStrictEqual({ ...ours, jti: '', iat: 0, exp: 0 }, { ...theirs, jti: '', iat: 0, exp: 0 });

    const subject = 'createAccessTokenSigner';
    const floor = 'jose, key imported once';
    const costs = await takeTurns(
      [repeatedAsync(floor, byHand), repeatedAsync(subject, () => sign(user))],
      61,
    );
    return [compare('sign a Coral token', costs, { subject, floor, target: { atMost: 1.15 } })];
  },
};
