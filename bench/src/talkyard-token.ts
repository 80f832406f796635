import { strictEqual } from 'node:assert';
import { randomBytes } from 'node:crypto';

import { openAuthnToken, sealAuthnToken } from '@forum-sso/core/talkyard';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';

import { compare, type RowGroup, repeated, takeTurns } from './measure.js';

const keyBytes = randomBytes(32);
const key = `hex:${keyBytes.toString('hex')}`;

/** A usual member. */
const user = {
  id: 'u-4711',
  email: 'sam@example.com',
  emailVerified: true,
  username: 'samsam',
  name: 'Sam Example',
};

/** A comment token for Talkyard, beside the bare primitives over the same bytes, with everything else at hand. */
export const talkyardToken: RowGroup = {
  name: 'talkyard-token',
  rows: async () => {
    const now = new Date();
    const expiresAt = new Date(now.getTime() + 120_000);
    const sealed = sealAuthnToken(user, { key, expiresAt, now });
    strictEqual(openAuthnToken(sealed, { key, now }).user.ssoId, user.id);

    // The plaintext's length follows from the token's; its contents make no difference to the ciphers.
    const bytes = Buffer.from(sealed.slice('paseto:v2.local.'.length), 'base64url').length;
    const plaintext = randomBytes(bytes - 24 - 16);
    const seed = randomBytes(24);
    const framed = randomBytes(65);
    const primitives = (): Uint8Array => {
      const nonce = blake2b(plaintext, { key: seed, dkLen: 24 });
      return xchacha20poly1305(keyBytes, nonce, framed).encrypt(plaintext);
    };

    const subject = 'sealAuthnToken';
    const floor = 'bare @noble primitives';
    const costs = await takeTurns(
      [repeated(floor, primitives), repeated(subject, () => sealAuthnToken(user, { key, expiresAt, now }))],
      61,
    );
    return [compare('seal a Talkyard token', costs, { subject, floor, target: { atMost: 1.25 } })];
  },
};
