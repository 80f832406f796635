import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { parseUrl } from '../../http/parse-url.js';
import { type Query, readParameter } from '../../http/query.js';
import { isLoopback } from '../../http/site-address.js';
import type { DiscourseFields } from '../protocol/fields.js';
import { openMessage } from '../protocol/message.js';
import { messageLimits, readPayload } from '../protocol/read-payload.js';
import type { SigningKey } from '../protocol/signature.js';
import type { ClientTable, ReadyClient } from './clients.js';

/** Longest nonce that is repeated, in characters; MediaWiki's have 128. */
const nonceLimit = 256;
/** Longest return address, in characters. */
const urlLimit = 2_000;

/** A client's verified question. */
export interface ProviderRequest {
  readonly nonce: string;
  /** As the client wrote it: the answer repeats it. */
  readonly returnUrl: string;
  /** Never a page: answer at once, whoever is or is not there. */
  readonly silent: boolean;
  /** End the session here, then return. */
  readonly logout: boolean;
  readonly requireTwoFactor: boolean;
  /** The client's own state; repeated in the answer. */
  readonly custom: Readonly<Record<string, string>> | undefined;
  readonly client: ReadyClient;
  /** The secret that signed the request signs the answer. */
  readonly key: SigningKey;
  /** That secret's position among the client's; above 0 it is on its way out. */
  readonly position: number;
}

/**
 * Reads and verifies a client's question (DiscourseConnect, `/session/sso_provider`). The host of the return address
 * chooses whose secrets may have signed it; until one of them has, nothing else of the message is looked at, and the
 * return address is used for nothing else. What is told of a refusal holds nothing of the message: anybody can send one.
 */
export function readProviderRequest(
  query: Query,
  clients: ClientTable,
  now: Date,
): ProviderRequest | Refusal {
  const sso = readParameter(query, 'sso');
  if (isRefusal(sso)) return sso;
  const sig = readParameter(query, 'sig');
  if (isRefusal(sig)) return sig;
  if (sso === undefined || sso === '') {
    return refusal(
      'ERR_PROVIDER_REQUEST_MISSING',
      'The request has no "sso": this address is for DiscourseConnect clients.',
    );
  }
  if (sso.length > messageLimits.sso) {
    return refusal('ERR_SSO_MESSAGE_TOO_LARGE', `"sso" is longer than ${messageLimits.sso} characters.`);
  }
  const claimed = readPayload(sso);
  if (isRefusal(claimed) || claimed.returnSsoUrl === undefined || claimed.returnSsoUrl === '') {
    return refusal('ERR_PROVIDER_REQUEST_UNREADABLE', 'The request has no return_sso_url that can be read.');
  }
  const url = readReturnUrl(claimed.returnSsoUrl);
  if (isRefusal(url)) return url;
  const candidates = clients(url.hostname);
  if (candidates.length === 0) {
    return refusal(
      'ERR_PROVIDER_CLIENT_UNKNOWN',
      'No client is set up for the host of the return_sso_url: its domain has to be in clients (DISCOURSE_CONNECT_PROVIDER_SECRETS), the whole host name without scheme, port and path.',
    );
  }

  let failure: Refusal | undefined;
  for (const client of candidates) {
    const keys = client.secrets.keysAt(now);
    const opened = openMessage({ sso, sig: sig ?? '' }, keys);
    if (isRefusal(opened)) {
      failure ??= opened;
      if (opened.refused === 'ERR_SSO_SIGNATURE_INVALID') continue;
      // The signature was right or cannot be: no other secret will do better.
      break;
    }
    const key = keys[opened.keyIndex];
    if (key === undefined) return refusal('ERR_INTERNAL', 'The secret that verified the request is gone.');
    return judge({ fields: opened.fields, client, key, position: opened.keyIndex, url });
  }
  if (failure === undefined || failure.refused.startsWith('ERR_SSO_SIGNATURE')) {
    return refusal(
      'ERR_PROVIDER_SIGNATURE_INVALID',
      `The signature was not made with a secret of the client ${candidates.map(({ domain }) => `"${domain}"`).join(' or ')}: compare the secrets of both sides, without blanks or line breaks at the ends.`,
    );
  }
  return failure;
}

function judge({
  fields,
  client,
  key,
  position,
  url,
}: {
  readonly fields: DiscourseFields;
  readonly client: ReadyClient;
  readonly key: SigningKey;
  readonly position: number;
  readonly url: URL;
}): ProviderRequest | Refusal {
  const { nonce, returnSsoUrl, prompt, logout, require2fa, custom } = fields;
  if (returnSsoUrl === undefined)
    return refusal('ERR_PROVIDER_REQUEST_UNREADABLE', 'The request has no return_sso_url.');
  if (nonce === undefined || nonce === '')
    return refusal('ERR_SSO_NONCE_MISSING', 'The request has no nonce.');
  if (nonce.length > nonceLimit) {
    return refusal('ERR_SSO_MESSAGE_TOO_LARGE', `The nonce has more than ${nonceLimit} characters.`);
  }
  if (prompt !== undefined && prompt !== 'none') {
    return refusal('ERR_PROVIDER_PROMPT_UNKNOWN', 'The request\'s "prompt" may only be "none".');
  }
  if (!client.mayReturnTo(url)) {
    return refusal(
      'ERR_SSO_RETURN_URL_FOREIGN',
      `The client "${client.domain}" asked to return to an address that is not among its returnUrls: add it if it should be.`,
    );
  }
  return {
    nonce,
    returnUrl: returnSsoUrl,
    silent: prompt === 'none',
    logout: logout === true,
    requireTwoFactor: require2fa === true,
    custom,
    client,
    key,
    position,
  };
}

/** An absolute address in plain ASCII, on https or on this machine, that every browser reads as we do. */
function readReturnUrl(text: string): URL | Refusal {
  const unusable = (why: string): Refusal =>
    refusal('ERR_PROVIDER_RETURN_URL_UNUSABLE', `The request's return_sso_url ${why}.`);
  if (text.length > urlLimit) return unusable(`is longer than ${urlLimit} characters`);
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(text))
    return unusable('holds blanks, backslashes or characters that are not ASCII: percent-encode them');
  const url = /^https?:\/\/[^/]/i.test(text) ? parseUrl(text) : null;
  if (url === null) return unusable('is not an absolute http(s) address');
  if (url.username !== '' || url.password !== '' || /^[^/]+\/\/[^/?#]*@/.test(text))
    return unusable('holds a user name');
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) return unusable('must use https');
  return url;
}
