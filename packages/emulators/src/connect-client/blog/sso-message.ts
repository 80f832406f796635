import { decodeBase64, encodeBase64 } from '../php/base64.js';
import { buildQuery, parseQuery, rawUrlDecode, urlDecode } from '../php/form.js';
import { sanitizeTextField } from '../php/sanitize.js';
import { hashHmac } from '../php/sign.js';
import type { BlogOptions } from './options.js';

type Query = ReadonlyMap<string, string | null>;

/** The address at the forum that a browser is sent to: the plugin signs whatever address it is to return to. */
export function requestUrl(
  { url, 'sso-secret': secret }: BlogOptions,
  nonce: string,
  returnUrl: string,
): string {
  return `${url}/session/sso_provider?${buildQuery(signed({ nonce, return_sso_url: encodeUri(returnUrl) }, secret))}`;
}

/** A payload and its signature. */
export function signed(
  fields: Readonly<Record<string, string | null>>,
  secret: string,
): { readonly sso: string; readonly sig: string } {
  const sso = encodeBase64(buildQuery(fields));
  return { sso, sig: hashHmac(sso, secret) };
}

/** Whether an address has an answer of the forum in it. */
export function isAnswer(query: Query): boolean {
  return ['sso', 'sig'].every((name) => !['', '0'].includes(query.get(name) ?? ''));
}

/**
 * The plugin takes the text through a filter and decodes it once more than it was encoded: a `+` becomes a blank, a line
 * break too, and neither signature is right any more.
 */
export function isSignatureRight(query: Query, { 'sso-secret': secret }: BlogOptions): boolean {
  const sso = urlDecode(sanitizeTextField(query.get('sso') ?? ''));
  return hashHmac(sso, secret) === sanitizeTextField(query.get('sig') ?? '');
}

/**
 * The fields of an answer, each of them decoded once too often and stripped of tags and `%xx`.
 * @returns null without a usable `external_id`; `failed` is not looked at
 */
export function readAnswer(query: Query): ReadonlyMap<string, string> | null {
  const decoded = decodeBase64(sanitizeTextField(query.get('sso') ?? ''));
  if (decoded === null || decoded === '') return null;
  const fields = new Map<string, string>();
  for (const [name, value] of parseQuery(decoded)) {
    // A field with brackets is a list, and a list cannot be decoded.
    if (value === null)
      throw new TypeError('rawurldecode(): Argument #1 ($string) must be of type string, array given');
    fields.set(name, sanitizeTextField(rawUrlDecode(value)));
  }
  return ['', '0'].includes(fields.get('external_id') ?? '') ? null : fields;
}

/** `utf8_uri_encode`: what is not ASCII is percent-encoded, all else stays. */
function encodeUri(url: string): string {
  return url.replace(/[^\0-\x7f]+/gu, (part) => encodeURIComponent(part));
}
