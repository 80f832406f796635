import { createHmac, timingSafeEqual } from 'node:crypto';

import { CoralError } from '../coral-error.js';
import type { DecodedToken } from './decode.js';

/** One of several secrets while they are being changed. */
export interface SigningSecret {
  readonly kid: string;
  readonly secret: string;
  readonly createdAt?: Date;
  lastUsedAt?: Date;
  rotatedAt?: Date;
  inactiveAt?: Date;
}

/** A secret counts until the moment it becomes inactive, that moment excluded. */
export function isActive({ inactiveAt }: Pick<SigningSecret, 'inactiveAt'>, now: Date): boolean {
  return inactiveAt === undefined || inactiveAt.getTime() > now.getTime();
}

/**
 * Verifies a JWS with HS256 and its times; there is no tolerance. The order of the tests is that of the library
 * that Coral uses.
 * @throws CoralError `TOKEN_INVALID`
 */
export function verifyHs256(
  { header, payload, signed, signature }: DecodedToken,
  secret: string,
  now: Date,
): void {
  if (signature === '') throw new CoralError('TOKEN_INVALID', 'The signature is missing.');
  if (header.alg !== 'HS256') throw new CoralError('TOKEN_INVALID', 'The algorithm is not allowed.');
  const expected = createHmac('sha256', secret).update(signed).digest('base64url');
  if (
    expected.length !== signature.length ||
    !timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
  ) {
    throw new CoralError('TOKEN_INVALID', 'The signature is wrong.');
  }
  const { nbf, exp } =
    typeof payload === 'object' && payload !== null ? times(payload) : { nbf: undefined, exp: undefined };
  const second = Math.floor(now.getTime() / 1_000);
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > second)) {
    throw new CoralError('TOKEN_INVALID', 'The token is not valid yet.');
  }
  if (exp !== undefined && (typeof exp !== 'number' || exp <= second)) {
    throw new CoralError('TOKEN_INVALID', 'The token has expired.');
  }
}

/** A compact JWS with HS256. */
export function signHs256(payload: Readonly<Record<string, unknown>>, secret: string): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function times(payload: object): { readonly nbf: unknown; readonly exp: unknown } {
  return { nbf: 'nbf' in payload ? payload.nbf : undefined, exp: 'exp' in payload ? payload.exp : undefined };
}
