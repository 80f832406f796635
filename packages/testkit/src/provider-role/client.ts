import { createHmac } from 'node:crypto';

import { signedQuery } from '../site/forum-side.js';

/** The client that asks in these cases. */
export const client = {
  domain: 'client.example.com',
  secret: 'a-line-of-the-provider-secrets',
  returnUrl: 'https://client.example.com/callback',
  nonce: 'n'.repeat(128),
} as const;

/** The query that the client sends its visitor to the provider with. */
export function requestQuery(
  fields: Readonly<Record<string, string>> = {},
  secret: string = client.secret,
): string {
  const { nonce, returnUrl: return_sso_url } = client;
  const payload = new URLSearchParams({ nonce, return_sso_url, ...fields }).toString();
  return signedQuery(Buffer.from(payload).toString('base64'), secret);
}

/**
 * Reads an answer in an address, whatever else the address has.
 * @throws Error when it is not signed with `secret`
 */
export function answerIn(location: string, secret: string = client.secret): Readonly<Record<string, string>> {
  const query = new URL(location).searchParams;
  const sso = query.get('sso') ?? '';
  if (createHmac('sha256', secret).update(sso).digest('hex') !== query.get('sig'))
    throw new Error('The answer is not signed with the secret of the question.');
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString('utf8')));
}
