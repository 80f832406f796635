import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { type Finding, right, wrong } from './finding.js';
import type { KnownSecret } from './known-secrets.js';

/** A secret or a text in another shape, and what that shape would mean. Null: as it should be. */
type Variant<T> = readonly [value: T, fault: string | null];

/** A way to make a signature. */
type Method = readonly [make: (key: string | Buffer, text: string | Buffer) => string, fault: string | null];

const hmac =
  (algorithm: string, encoding: 'hex' | 'base64') =>
  (key: string | Buffer, text: string | Buffer): string =>
    createHmac(algorithm, key).update(text).digest(encoding);

const methods: readonly Method[] = [
  [hmac('sha256', 'hex'), null],
  [
    (key, text) => hmac('sha256', 'hex')(key, text).toUpperCase(),
    'it is in capital letters: hex digits a to f must be small',
  ],
  [hmac('sha256', 'base64'), 'it is in base64: it must be hex digits'],
  [hmac('sha1', 'hex'), 'it was made with SHA-1: it must be HMAC-SHA256'],
  [hmac('sha512', 'hex'), 'it was made with SHA-512: it must be HMAC-SHA256'],
  [hmac('md5', 'hex'), 'it was made with MD5: it must be HMAC-SHA256'],
  [
    (key, text) => createHash('sha256').update(key).update(text).digest('hex'),
    'it is a plain hash of secret and text: it must be an HMAC',
  ],
  [
    (key, text) => createHash('sha256').update(text).update(key).digest('hex'),
    'it is a plain hash of text and secret: it must be an HMAC',
  ],
  [
    (key, text) => createHmac('sha256', text).update(key).digest('hex'),
    'key and text were swapped: the secret is the key of the HMAC',
  ],
];

/** What was judged, and with which secret it was made, when one was found. */
export interface SignatureJudgement {
  readonly finding: Finding;
  readonly secret: KnownSecret | null;
}

/**
 * Finds out whether a signature is right, and if not, what was done differently from what should have been done.
 * @param sso the text that must have been signed
 * @param secrets those that it may have been made with
 */
export function judgeSignature(
  sso: string,
  sig: string,
  secrets: readonly KnownSecret[],
): SignatureJudgement {
  for (const secret of secrets) {
    if (isSame(hmac('sha256', 'hex')(secret.value, sso), sig)) {
      return { finding: right(`The signature is right, made with ${secret.name}.`), secret };
    }
  }
  for (const secret of secrets) {
    const fault = findFault(sso, sig, secret);
    if (fault !== null) return { finding: wrong(`The signature is not right. ${fault}`), secret };
  }
  if (sig !== sig.trim()) {
    const bare = judgeSignature(sso, sig.trim(), secrets);
    if (bare.finding.level === 'right') {
      return {
        finding: wrong('The signature has blanks or line ends around it; without them it is right.'),
        secret: null,
      };
    }
  }
  const shape = shapeOf(sig);
  const tried = `It was not made with ${secrets.map(({ name }) => name).join(', nor with ')}, nor by any of the usual mistakes: compare the secrets of both sides, character by character.`;
  return { finding: wrong(`The signature is not right. ${shape ?? tried}`), secret: null };
}

/** What may stand in the place of a signature, by its look alone. */
function shapeOf(sig: string): string | null {
  if (/^[\da-f]{64}$/i.test(sig)) return null;
  if (/^[\da-f]+$/i.test(sig)) {
    return `It has ${sig.length} hex digits, and a signature has 64: it was cut off, or made with another hash.`;
  }
  return 'It does not consist of 64 hex digits.';
}

function findFault(sso: string, sig: string, secret: KnownSecret): string | null {
  for (const [key, keyFault] of keyVariants(secret)) {
    for (const [text, textFault] of textVariants(sso)) {
      for (const [make, methodFault] of methods) {
        const faults = [textFault, keyFault, methodFault].filter((fault) => fault !== null);
        if (isSame(make(key, text), sig)) {
          return `With ${secret.name}: ${faults.length === 0 ? 'it is right' : faults.join('; and ')}.`;
        }
      }
    }
  }
  return null;
}

function textVariants(sso: string): readonly Variant<string | Buffer>[] {
  const payload = Buffer.from(sso, 'base64');
  const bare = sso.replace(/=+$/, '');
  const oneLine = sso.replace(/[\r\n]/g, '');
  return [
    [sso, null],
    [payload, 'it covers the decoded payload: it must cover the base64 text'],
    [
      decoded(payload.toString('utf8')),
      'it covers the payload with its escapes undone: it must cover the base64 text',
    ],
    [
      encodeURIComponent(sso),
      'it covers the percent-encoded base64: it must cover the base64 before it is encoded for the address',
    ],
    [encodeURIComponent(encodeURIComponent(sso)), 'it covers base64 that was percent-encoded twice'],
    [bare, 'it covers the base64 without its padding ("=" at the end)'],
    [`${sso}\n`, 'it covers the base64 with a line end after it'],
    [wrapped(oneLine, 60), 'it covers base64 in lines of 60 characters, and what was sent has no line ends'],
    [wrapped(oneLine, 76), 'it covers base64 in lines of 76 characters, and what was sent has no line ends'],
    [oneLine, 'it covers the base64 without its line ends, which were sent'],
    [sso.replaceAll('+', ' '), 'it covers base64 whose "+" had become blanks'],
    [sso.replaceAll('+', '-').replaceAll('/', '_'), 'it covers base64url: it must be standard base64'],
    [`sso=${encodeURIComponent(sso)}`, 'it covers the parameter with its name'],
  ];
}

const blanksLost =
  'the secret begins or ends with blanks, which Forum SSO leaves out when it reads the environment: choose another one';
const splitLost =
  'the secret holds a comma or line end, at which Forum SSO splits it into several; put an empty line after it in a file';

function keyVariants({ value, uncut = value }: KnownSecret): readonly Variant<string | Buffer>[] {
  const afterBar = value.slice(value.indexOf('|') + 1);
  const beforeHash = value.split('#')[0]?.trimEnd() ?? '';
  return [
    [value, null],
    [uncut, uncut.trim() === value ? blanksLost : splitLost],
    [`${value}\n`, 'the other side has a line end after the secret, most likely from a file'],
    [`${value}\r\n`, 'the other side has a line end (CR LF) after the secret, most likely from a file'],
    [`${value} `, 'the other side has a blank after the secret'],
    [` ${value}`, 'the other side has a blank before the secret'],
    [`"${value}"`, 'the other side has quotes around the secret'],
    [`'${value}'`, 'the other side has quotes around the secret'],
    [
      value.replace(/^(["'])(.*)\1$/, '$2'),
      'the secret stands in quotes here, and the other side has it without',
    ],
    [value.trim(), 'the secret has blanks at its ends here, and the other side has it without'],
    [afterBar, 'here stands a whole line "domain|secret": the secret is what follows the "|"'],
    [
      beforeHash,
      'the other side has the secret only up to its "#", as a .env file cuts it: put quotes around it there',
    ],
    [
      Buffer.from(value, 'hex'),
      'the other side decodes the secret from hex: it must be used as the text that it is',
    ],
    [
      Buffer.from(value, 'base64'),
      'the other side decodes the secret from base64: it must be used as the text that it is',
    ],
    ['', 'the other side has an empty secret'],
  ];
}

function wrapped(text: string, width: number): string {
  return text.replace(new RegExp(`.{1,${width}}`, 'g'), '$&\n');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function isSame(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}
