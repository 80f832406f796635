import { CoralError } from '../coral-error.js';

/** A token taken apart; nothing in it is verified. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: unknown;
  /** What is signed: the first two parts as sent. */
  readonly signed: string;
  readonly signature: string;
}

/**
 * Takes a token apart.
 * @throws CoralError `TOKEN_INVALID`, or `INTERNAL_ERROR` when only the payload is no JSON: nothing catches
 * that in Coral
 */
export function decodeToken(token: string): DecodedToken {
  const [header = '', payload = '', signature, ...rest] = token.split('.');
  const parts = [header, payload];
  if (
    signature === undefined ||
    rest.length > 0 ||
    !parts.every(isBase64Url) ||
    !(signature === '' || isBase64Url(signature))
  ) {
    throw new CoralError('TOKEN_INVALID', 'The token could not be decoded.');
  }
  const head = parse(header);
  if (!isObject(head)) throw new CoralError('TOKEN_INVALID', 'The header of the token could not be decoded.');
  const content = parse(payload);
  if (content === undefined) throw new CoralError('INTERNAL_ERROR', 'The payload of the token is not JSON.');
  return { header: head, payload: content, signed: `${header}.${payload}`, signature };
}

/** An object, but no list and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBase64Url(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

function parse(part: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return value;
  } catch {
    return undefined;
  }
}
