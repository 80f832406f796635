import { parseArgs } from 'node:util';

import { type ExitCode, exitCodes } from '../exit-codes.js';
import { plain, plainJson } from '../terminal/plain.js';
import { UsageError } from '../usage-error.js';
import { findMessage, looksLikePayload } from './find-message.js';
import type { Inspection } from './finding.js';
import { type KnownSecret, secretsInFile } from './known-secrets.js';

/** Longest text that is looked at, in characters. */
const textLimit = 100_000;

/** What the command knows besides the text. */
export interface InspectOptions {
  readonly sig: string | undefined;
  readonly user: string | undefined;
  readonly secrets: readonly KnownSecret[];
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
}

const inspectUsage = `Usage: forum-sso inspect [options] <address, message, token or hash, or - for standard input>

Takes a DiscourseConnect message, a Coral or Talkyard token or a Fruum hash apart, and tells what is wrong with it.
Secrets are read from the environment (DISCOURSE_CONNECT_SECRET, DISCOURSE_LOGIN_SECRET,
DISCOURSE_CONNECT_PROVIDER_SECRETS, CORAL_SSO_SECRET, TALKYARD_PASETO_SECRET, FRUUM_SECRET, each also as …_FILE) and never
shown. Without one, everything but the signature is looked at.

Options:
  --sig <text>          the signature of a bare payload
  --secret-file <file>  a file with the secret; may be repeated
  --env-file <file>     read variables from a file first
  --user <id>           whom a Fruum hash is for
  --full                show long values in full
  --json                the result as JSON
  -h, --help            this text
`;

/**
 * `forum-sso inspect`.
 * @param args what follows the command's name
 */
export async function inspect(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = readArguments(args);
  if (values.help === true) {
    process.stdout.write(inspectUsage);
    return exitCodes.ok;
  }
  if (values['env-file'] !== undefined) process.loadEnvFile(values['env-file']);
  const [given, ...rest] = positionals;
  if (given === undefined)
    throw new UsageError('Give what is to be inspected, or - to read it from standard input.');
  if (rest.length > 0) throw new UsageError('Put quotes around the text: the shell has cut it into several.');
  const text = clean(given === '-' ? await readStandardInput() : given);
  const inspection = await inspectText(text, {
    sig: values.sig,
    user: values.user,
    secrets: (values['secret-file'] ?? []).flatMap(secretsInFile),
    variables: process.env,
    now: new Date(),
  });
  if (inspection === null) {
    throw new UsageError(
      'This is neither an address or payload of DiscourseConnect, nor a Coral or Talkyard token, nor a Fruum hash.',
    );
  }
  process.stdout.write(
    values.json === true ? `${plainJson(asJson(inspection), 2)}\n` : render(inspection, values.full === true),
  );
  return inspection.findings.some(({ level }) => level === 'wrong') ? exitCodes.attention : exitCodes.ok;
}

/** Recognises a text and takes it apart; null when it is nothing that we know. */
export async function inspectText(text: string, options: InspectOptions): Promise<Inspection | null> {
  const { sig, user, secrets, variables, now } = options;
  if (looksLikePayload(text) && !/(?:^|[?&])sso=/.test(text)) return inspectDecoded(text, options);
  const message = findMessage(text, sig);
  if (message !== null) {
    const { inspectMessage } = await import('./discourse-message.js');
    return inspectMessage(message, { variables, secrets });
  }
  const { looksLikeJwt, inspectCoralToken } = await import('./coral-token.js');
  if (looksLikeJwt(text)) return inspectCoralToken(text, variables, secrets, now);
  const { looksLikePaseto, inspectTalkyardToken } = await import('./talkyard-token.js');
  if (looksLikePaseto(text)) return inspectTalkyardToken(text, variables, secrets, now);
  const { looksLikeFruumHash, inspectFruumHash } = await import('./fruum-hash.js');
  return looksLikeFruumHash(text) ? inspectFruumHash(text, user, variables, secrets, now) : null;
}

/** The payload without its base64, as one finds it in a log. */
async function inspectDecoded(
  text: string,
  { sig, secrets, variables }: InspectOptions,
): Promise<Inspection> {
  const { inspectMessage } = await import('./discourse-message.js');
  const query = /^[a-z][\w+.-]*:\/\//i.test(text) ? text.slice(text.indexOf('?') + 1) : text;
  const sso = Buffer.from(query).toString('base64');
  const inspection = inspectMessage(
    { address: null, sso, sig: sig ?? null, repeated: [], brokenEscape: false, bare: true },
    { variables, secrets },
  );
  return {
    ...inspection,
    what: `${inspection.what}, decoded`,
    findings: [
      { level: 'odd', text: 'This is the decoded payload: what is sent and signed is its base64.' },
      ...inspection.findings,
    ],
  };
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        sig: { type: 'string' },
        'secret-file': { type: 'string', multiple: true },
        'env-file': { type: 'string' },
        user: { type: 'string' },
        full: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}

async function readStandardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > textLimit) break;
  }
  return text;
}

function clean(text: string): string {
  if (text.length > textLimit) throw new UsageError(`The text is longer than ${textLimit} characters.`);
  return text.trim().replace(/^(["'])(.*)\1$/s, '$2');
}

const marks = { right: 'ok   ', odd: 'note ', wrong: 'WRONG' } as const;

function render({ what, fields, findings }: Inspection, full: boolean): string {
  const limit = full ? textLimit : 120;
  const width = Math.min(28, Math.max(0, ...fields.map(([name]) => plain(name, 40).length)));
  const lines = [
    what,
    ...fields.map(([name, value, remark]) => {
      const shown = `  ${plain(name, 40).padEnd(width)}  ${plain(value, limit)}`.trimEnd();
      return remark === undefined ? shown : `${shown}\n  ${''.padEnd(width)}    ^ ${plain(remark, 500)}`;
    }),
    ...findings.map(({ level, text }) => `${marks[level]} ${plain(text, 1_000)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function asJson({ what, fields, findings }: Inspection): unknown {
  return {
    what,
    fields: fields.map(([name, value, remark]) => ({
      name,
      value,
      ...(remark === undefined ? {} : { remark }),
    })),
    findings,
  };
}
