import { type Inspection, odd, right, wrong } from './finding.js';
import { type KnownSecret, knownSecrets } from './known-secrets.js';
import { refusalIn } from './refusal-in.js';
import { timeRemark } from './time-remark.js';

/** True for a PASETO token of version 2, local, with Talkyard's word in front or not, percent-encoded or not. */
export function looksLikePaseto(text: string): boolean {
  return /^(?:paseto(?::|%3a))?v\d\.(?:local|public)\./i.test(text);
}

/** Opens a Talkyard comment token by Talkyard's rules. */
export async function inspectTalkyardToken(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
  given: readonly KnownSecret[],
  now: Date,
): Promise<Inspection> {
  const what = 'A Talkyard comment token (PASETO)';
  const isEncoded = /^paseto%3a/i.test(text);
  const token = isEncoded ? text.replace(/^paseto%3a/i, 'paseto:') : text;
  const form = isEncoded
    ? [wrong('It begins with "paseto%3A": Talkyard reads it as it stands, and wants "paseto:".')]
    : token.startsWith('paseto:')
      ? []
      : [wrong('It does not begin with "paseto:", which Talkyard wants in front.')];
  const prefixed = token.startsWith('paseto:') ? token : `paseto:${token}`;
  const secrets = [...given, ...knownSecrets(variables, 'TALKYARD_PASETO_SECRET')];
  if (secrets.length === 0) {
    const text =
      'It is encrypted: give the key by TALKYARD_PASETO_SECRET in the environment, or by --secret-file.';
    return { what, fields: [], findings: [...form, odd(text)] };
  }
  const { openAuthnToken } = await import('@forum-sso/core/talkyard');
  let refused = wrong('It cannot be opened.');
  for (const { name, value } of secrets) {
    try {
      const { user, expiresAt, notBefore, issuedAt } = openAuthnToken(prefixed, { key: value, now });
      const times = { expiresAt, notBefore, issuedAt };
      return {
        what,
        fields: [
          ...Object.entries(user).map(([key, entry]) => [`user.${key}`, String(entry)] as const),
          ...Object.entries(times).flatMap(([key, time]) =>
            time === undefined ? [] : [[key, time.toISOString(), timeRemark(time.getTime(), now)] as const],
          ),
        ],
        findings: [...form, right(`Talkyard takes it, with ${name}.`)],
      };
    } catch (error) {
      const { code, detail } = refusalIn(error);
      refused = wrong(`Talkyard refuses it (${code}): ${detail}`);
    }
  }
  return { what, fields: [], findings: [...form, refused] };
}
