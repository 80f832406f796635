import { type FoundMessage, undoOnce } from './find-message.js';
import { type Finding, type Inspection, odd, wrong } from './finding.js';
import { type KnownSecret, knownSecrets } from './known-secrets.js';
import { type MessageKind, readPayload } from './payload.js';
import { judgeSignature } from './signature.js';

const titles: Readonly<Record<MessageKind, string>> = {
  loginRequest: "A forum's login request (DiscourseConnect; the site logs people in)",
  loginAnswer: "A login's answer to a forum (DiscourseConnect; the site logs people in)",
  push: 'A push of a user to a forum (sync_sso)',
  providerRequest: "A client's login request to a forum (DiscourseConnect; the forum logs people in)",
  providerAnswer: "A forum's answer to a client (DiscourseConnect; the forum logs people in)",
};

/** Which variable holds the secret of which kind of message; the likeliest first. */
const connectNames = ['DISCOURSE_CONNECT_SECRET'] as const;
const providerNames = ['DISCOURSE_LOGIN_SECRET', 'DISCOURSE_CONNECT_PROVIDER_SECRETS'] as const;
const namesOf: Readonly<Record<MessageKind, readonly string[]>> = {
  loginRequest: connectNames,
  loginAnswer: connectNames,
  push: connectNames,
  providerRequest: providerNames,
  providerAnswer: providerNames,
};

export interface MessageOptions {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** From `--secret-file`. */
  readonly secrets: readonly KnownSecret[];
}

/** Takes a message apart and tells what is wrong with it. */
export function inspectMessage(message: FoundMessage, options: MessageOptions): Inspection {
  const { address, bare } = message;
  const findings: Finding[] = [];
  for (const name of message.repeated) {
    findings.push(wrong(`"${name}" stands more than once: receivers refuse that.`));
  }
  if (message.brokenEscape) {
    findings.push(wrong('The address holds a "%" without two hex digits after it: receivers refuse that.'));
  }
  const sso = tidySso(message, findings);
  const bytes = Buffer.from(sso.replace(/=.*$/s, ''), 'base64');
  const payload = readPayload(bytes, (values) => kindOf(address, values));
  const { kind } = payload;
  if (payload.fields.length === 0) findings.push(wrong('"sso" holds nothing.'));
  if (sso.length > 2_000 && !bare && kind !== 'push') {
    findings.push(
      odd(`"sso" has ${sso.length} characters: proxies in front of a forum may refuse so long an address.`),
    );
  }
  findings.push(signatureFinding(message, sso, kind, options));
  return {
    what: kind === null ? 'A DiscourseConnect message' : titles[kind],
    fields: [...(address === null ? [] : [['(address)', address] as const]), ...payload.fields],
    findings: [...findings, ...payload.findings],
  };
}

/** `sso` as the receiving server sees it, or would if it had been sent rightly; what was wrong is told. */
function tidySso({ sso: given, bare }: FoundMessage, findings: Finding[]): string {
  let sso = bare ? given : undoOnce(given);
  if (/%[\da-f]{2}/i.test(sso)) {
    findings.push(
      bare
        ? odd('The base64 is percent-encoded, as it stands in an address.')
        : wrong(
            '"sso" was percent-encoded twice: the receiver undoes one of them, and what is left is not base64.',
          ),
    );
    while (/%[\da-f]{2}/i.test(sso)) sso = undoOnce(sso);
  }
  if (sso.includes(' ')) {
    findings.push(wrong('"sso" holds blanks where the base64 had "+": it was not percent-encoded.'));
    sso = sso.replaceAll(' ', '+');
  }
  if (/[-_]/.test(sso)) {
    findings.push(wrong('"sso" is base64url ("-", "_"): it must be standard base64.'));
    sso = sso.replaceAll('-', '+').replaceAll('_', '/');
  }
  if (/[\r\n]/.test(sso)) {
    findings.push(odd('The base64 has line ends: they are allowed, if the signature covers them.'));
  }
  if (!/^[A-Za-z0-9+/=\r\n]*$/.test(sso)) findings.push(wrong('"sso" holds characters that are not base64.'));
  if (/=[^=\s]/.test(sso)) findings.push(wrong('What follows the first "=" of the base64 is lost.'));
  return sso;
}

function signatureFinding(
  { sig, bare }: FoundMessage,
  sso: string,
  kind: MessageKind | null,
  { variables, secrets }: MessageOptions,
): Finding {
  if (sig === null || sig === '') {
    return bare
      ? odd('The signature was not checked: give it by --sig.')
      : wrong('There is no signature: a message has "sso" and "sig".');
  }
  const fromEnvironment = [...connectNames, ...providerNames].flatMap((name) =>
    knownSecrets(variables, name).map((secret) => ({
      ...secret,
      variable: name,
      ...providerLine(name, secret),
    })),
  );
  const candidates: readonly (KnownSecret & { readonly variable?: string })[] = [
    ...secrets,
    ...fromEnvironment,
  ];
  if (candidates.length === 0) {
    return odd(
      `The signature was not checked: give the secret by ${(kind === null ? connectNames : namesOf[kind]).join(' or ')} in the environment, or by --secret-file.`,
    );
  }
  const { finding, secret } = judgeSignature(sso, undoOnce(sig), candidates);
  const used = candidates.find((candidate) => candidate === secret)?.variable;
  if (finding.level === 'right' && used !== undefined && kind !== null && !namesOf[kind].includes(used)) {
    return odd(
      `${finding.text} But this kind of message belongs to ${namesOf[kind].join(' or ')}: the two secrets were mixed up, or are the same.`,
    );
  }
  return finding;
}

/** `domain|secret` lines: the secret is what follows the first bar. */
function providerLine(variable: string, { name, value }: KnownSecret): Partial<KnownSecret> {
  if (variable !== 'DISCOURSE_CONNECT_PROVIDER_SECRETS' || !value.includes('|')) return {};
  const bar = value.indexOf('|');
  return { name: `${name} (${value.slice(0, bar)})`, value: value.slice(bar + 1) };
}

function kindOf(address: string | null, values: ReadonlyMap<string, string>): MessageKind | null {
  const path = address ?? '';
  if (path.endsWith('/session/sso_login')) return 'loginAnswer';
  if (path.endsWith('/session/sso_provider')) return 'providerRequest';
  if (/\/admin\/users\/sync_sso(?:\.json)?$/.test(path)) return 'push';
  const [nonce, id, failed] = [
    values.has('nonce'),
    values.has('external_id'),
    values.get('failed') === 'true',
  ];
  const back = values.get('return_sso_url') ?? '';
  if (back.endsWith('/session/sso_login') && !id) return 'loginRequest';
  if (back !== '' && (id || failed)) return 'providerAnswer';
  if (back !== '') return 'providerRequest';
  if (id) return nonce ? 'loginAnswer' : 'push';
  return null;
}
