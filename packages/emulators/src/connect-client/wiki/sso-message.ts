import { randomBytes } from 'node:crypto';

import { decodeBase64, encodeBase64 } from '../php/base64.js';
import { buildQuery, parseQuery } from '../php/form.js';
import { toInteger } from '../php/integer.js';
import { hashHmac } from '../php/sign.js';
import { type Credentials, WikiFault } from './accounts.js';
import type { WikiConfig } from './config.js';

/** 128 hex digits, as the extension's nonces have. */
export function freshNonce(): string {
  return randomBytes(64).toString('hex');
}

/** The address at the forum that a browser is sent to. */
export function requestUrl(
  { DiscourseUrl, Sso }: WikiConfig,
  {
    nonce,
    returnUrl,
    probe = false,
    logout = false,
  }: { nonce: string; returnUrl: string; probe?: boolean; logout?: boolean },
): string {
  const payload = encodeBase64(
    buildQuery({
      nonce,
      return_sso_url: returnUrl,
      prompt: probe ? 'none' : null,
      logout: logout ? 'true' : null,
    }),
  );
  const sig = hashHmac(payload, Sso.SharedSecret ?? '');
  return `${DiscourseUrl}${Sso.ProviderEndpoint}?${buildQuery({ sso: payload, sig })}`;
}

/**
 * Checks the forum's answer in the extension's order.
 * @returns null when the forum says that nobody is logged in
 * @throws WikiFault for every answer that is not taken
 */
export function readAnswer(
  query: ReadonlyMap<string, string | null>,
  nonce: string,
  { Sso }: WikiConfig,
): Credentials | null {
  const [sso, sig] = [query.get('sso') ?? '', query.get('sig') ?? ''];
  // To PHP the text "0" is none, either.
  if (['', '0'].includes(sso) || ['', '0'].includes(sig))
    throw new WikiFault('Missing sso or sig parameters in Discourse SSO response.');
  if (hashHmac(sso, Sso.SharedSecret ?? '') !== sig)
    throw new WikiFault('sig does not match hashed sso payload.');
  const decoded = decodeBase64(sso);
  if (decoded === null) throw new WikiFault('Failed to decode payload.');
  const fields = parseQuery(decoded);
  if (fields.get('nonce') !== nonce) throw new WikiFault('Response nonce does not match request.');
  if (fields.get('failed') === 'true') return null;
  const discourseId = toInteger(fields.get('external_id') ?? '');
  if (discourseId <= 0n) throw new WikiFault(`Invalid discourse_id (${discourseId}) received.`);
  return {
    discourseId,
    username: fields.get('username') ?? null,
    name: fields.get('name') ?? '',
    email: fields.get('email') ?? null,
    groups: fields.get('groups')?.split(',') ?? null,
    isAdmin: fields.get('admin') === 'true',
    isModerator: fields.get('moderator') === 'true',
  };
}
