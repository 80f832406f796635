import { createHmac } from 'node:crypto';

import { isRecord, parseJson } from '../json.js';
import { type Finding, type InspectedField, type Inspection, odd, right, wrong } from './finding.js';
import { type KnownSecret, knownSecrets } from './known-secrets.js';
import { refusalIn } from './refusal-in.js';
import { timeRemark } from './time-remark.js';

/** True for three parts in base64url with JSON in the first. */
export function looksLikeJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) && isRecord(json(text.split('.')[0] ?? ''));
}

/** Takes a Coral access token apart and judges it by Coral's rules. */
export async function inspectCoralToken(
  token: string,
  variables: Readonly<Record<string, string | undefined>>,
  given: readonly KnownSecret[],
  now: Date,
): Promise<Inspection> {
  const [head = '', body = ''] = token.split('.');
  const [header, payload] = [json(head), json(body)];
  const secrets = [...given, ...knownSecrets(variables, 'CORAL_SSO_SECRET')];
  const kid = variables.CORAL_SSO_KID;
  const headerFields = isRecord(header) ? Object.entries(header) : [];
  const payloadFields = isRecord(payload) ? Object.entries(payload) : [];
  return {
    what: 'A Coral access token (JWT)',
    fields: [
      ...headerFields.map(([name, value]) => [`(header) ${name}`, textOf(value)] as const),
      ...payloadFields.flatMap(([name, value]) => claimFields(name, value, now)),
    ],
    findings: [
      ...(secrets.length === 0
        ? [
            odd(
              'The signature was not checked: give the key by CORAL_SSO_SECRET in the environment, or by --secret-file.',
            ),
          ]
        : [await judge(token, secrets, kid, now)]),
      ...kidFindings(isRecord(header) ? header.kid : undefined, kid),
    ],
  };
}

async function judge(
  token: string,
  secrets: readonly KnownSecret[],
  kid: string | undefined,
  now: Date,
): Promise<Finding> {
  const { verifyAccessToken } = await import('@forum-sso/core/coral');
  let last: Finding | null = null;
  for (const { name, value } of secrets) {
    try {
      await verifyAccessToken(token, [{ secret: value, ...(kid === undefined ? {} : { kid }) }], { now });
      return right(`Coral takes it: signature, claims and times are right, with ${name}.`);
    } catch (error) {
      const { code, detail } = refusalIn(error);
      const fault = code === 'ERR_CORAL_TOKEN_SIGNATURE_INVALID' ? keyFault(token, value) : null;
      last = wrong(
        `Coral refuses it (${code}): ${detail}${fault === null ? '' : ` With ${name}: ${fault}.`}`,
      );
      // Any other refusal comes after the key, or has nothing to do with it.
      if (code !== 'ERR_CORAL_TOKEN_SIGNATURE_INVALID') return last;
    }
  }
  return last ?? odd('There is no key.');
}

function keyFault(token: string, secret: string): string | null {
  const signed = token.slice(0, token.lastIndexOf('.'));
  const signature = token.slice(token.lastIndexOf('.') + 1);
  const bare = secret.replace(/^ssosec_/, '');
  const variants: readonly (readonly [string | Buffer, string])[] = [
    [bare, 'it was signed with the key without "ssosec_", which is part of it'],
    [Buffer.from(bare, 'hex'), 'it was signed with the key decoded from hex: the text itself is the key'],
    [
      Buffer.from(secret, 'base64'),
      'it was signed with the key decoded from base64: the text itself is the key',
    ],
    [`${secret}\n`, 'it was signed with a line end after the key'],
    [secret.trim(), 'the key has blanks at its ends here'],
    ['', 'it was signed with an empty key'],
  ];
  const found = variants.find(
    ([key]) => createHmac('sha256', key).update(signed).digest('base64url') === signature,
  );
  return found?.[1] ?? null;
}

function kidFindings(inToken: unknown, known: string | undefined): readonly Finding[] {
  if (inToken === undefined) return [odd('Its header has no "kid": Coral tries all its keys in turn.')];
  if (known === undefined || known === '' || inToken === known) return [];
  return [wrong('Its "kid" is not CORAL_SSO_KID: Coral refuses it as soon as it has several keys.')];
}

function claimFields(name: string, value: unknown, now: Date): readonly InspectedField[] {
  if (name === 'user' && isRecord(value)) {
    return Object.entries(value).map(([key, entry]) => [`user.${key}`, textOf(entry)] as const);
  }
  if ((name === 'exp' || name === 'iat' || name === 'nbf') && typeof value === 'number') {
    return [[name, String(value), timeRemark(value * 1_000, now)]];
  }
  return [[name, textOf(value)]];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function json(part: string): unknown {
  return parseJson(Buffer.from(part, 'base64url').toString('utf8'));
}
