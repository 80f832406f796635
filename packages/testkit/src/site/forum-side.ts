import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The forum's side of DiscourseConnect, written by hand for the tests, so that none of our own code decides what is
 * right.
 */

/** What a forum asks with: a query of `sso` and `sig`. */
export function forumQuestion({
  nonce,
  returnUrl,
  secret,
  more = {},
}: {
  readonly nonce: string;
  readonly returnUrl: string;
  readonly secret: string;
  /** Further fields, which a real forum would not send. */
  readonly more?: Readonly<Record<string, string>>;
}): string {
  const fields = new URLSearchParams({ nonce, return_sso_url: returnUrl, ...more });
  return signedQuery(Buffer.from(fields.toString()).toString('base64'), secret);
}

/** `sso` and `sig` for any text, well-formed or not. */
export function signedQuery(sso: string, secret: string): string {
  return `sso=${encodeURIComponent(sso)}&sig=${signature(sso, secret)}`;
}

/**
 * Reads the answer as a forum does: signature over the text as received, then the fields.
 * @param location where the browser was sent to
 * @throws Error when it leads elsewhere than to `returnUrl`, or is not signed with `secret`
 */
export function readAnswer(location: string, returnUrl: string, secret: string): ReadonlyMap<string, string> {
  if (!location.startsWith(`${returnUrl}?`)) throw new Error(`The answer goes to ${location}.`);
  const query = new URL(location).searchParams;
  if ([...query.keys()].sort().join() !== 'sig,sso') throw new Error('The answer has other parameters.');
  const sso = query.get('sso') ?? '';
  const sig = Buffer.from(query.get('sig') ?? '');
  const expected = Buffer.from(signature(sso, secret));
  if (sig.byteLength !== expected.byteLength || !timingSafeEqual(sig, expected)) {
    throw new Error('The answer is not signed with the secret of the question.');
  }
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(Buffer.from(sso, 'base64').toString('utf8'))) {
    if (fields.has(name)) throw new Error(`The answer has ${name} twice.`);
    fields.set(name, value);
  }
  return fields;
}

function signature(sso: string, secret: string): string {
  return createHmac('sha256', secret).update(sso).digest('hex');
}
