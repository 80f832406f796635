import { readFileSync } from 'node:fs';

import { ForumSsoError } from '../errors.js';

/**
 * The environment variables of Forum SSO, and what each is called on the other side: the names of different secrets
 * of one forum are easily mixed up. Each may also be given as `<name>_FILE`, the path of a file that holds it.
 */
export const environmentTable = {
  FORUM_SSO_BASE_URL: {
    kind: 'text',
    meaning: 'where Forum SSO is mounted, e.g. https://site.example.com/sso',
  },
  FORUM_SSO_KEYS: { kind: 'list', meaning: "the site's own keys, newest first" },
  DISCOURSE_URL: { kind: 'text', meaning: "Discourse: the forum's base URL" },
  DISCOURSE_CONNECT_SECRET: {
    kind: 'list',
    meaning: 'Discourse: the setting "discourse connect secret" (the site logs people in to the forum)',
  },
  DISCOURSE_ADMIN_API_KEY: { kind: 'text', meaning: "Discourse: an admin's API key, which the site uses" },
  DISCOURSE_ADMIN_API_USER: { kind: 'text', meaning: 'Discourse: the user name that the API key acts as' },
  DISCOURSE_LOGIN_SECRET: {
    kind: 'list',
    meaning:
      'Discourse: the secret of one line of "discourse connect provider secrets" (people log in to the site with the forum)',
  },
  DISCOURSE_WEBHOOK_SECRET: { kind: 'list', meaning: 'Discourse: the secret of the webhook' },
  DISCOURSE_CONNECT_PROVIDER_SECRETS: {
    kind: 'list',
    meaning: "the clients' secrets as domain|secret lines (the site stands in for a Discourse forum)",
  },
  DISCOURSE_API_KEY: {
    kind: 'text',
    meaning: 'the key with which clients call the site (the site stands in for a Discourse forum)',
  },
  WEBHOOK_TARGETS: { kind: 'list', meaning: 'clients that get webhooks from the site, as url|secret lines' },
  TALKYARD_URL: { kind: 'text', meaning: "Talkyard: the server's origin" },
  TALKYARD_API_SECRET: { kind: 'text', meaning: 'Talkyard: an API secret from the admin area' },
  TALKYARD_PASETO_SECRET: { kind: 'text', meaning: 'Talkyard: the PASETO v2.local shared secret, "hex:…"' },
  CORAL_URL: { kind: 'text', meaning: "Coral: the server's base URL" },
  CORAL_SSO_SECRET: { kind: 'text', meaning: 'Coral: the signing secret of the single sign-on integration' },
  CORAL_SSO_KID: { kind: 'text', meaning: "Coral: that signing secret's id" },
  CORAL_ACCESS_TOKEN: { kind: 'text', meaning: "Coral: an admin's access token, which the site uses" },
  CORAL_WEBHOOK_SECRET: { kind: 'list', meaning: "Coral: the webhook endpoint's signing secret" },
  FRUUM_URL: { kind: 'text', meaning: "Fruum: the server's address" },
  FRUUM_FORUM_ID: { kind: 'text', meaning: "Fruum: the forum's id" },
  FRUUM_SECRET: { kind: 'list', meaning: 'the secret for the hash on the page; known to the site alone' },
  FRUUM_CALLER: {
    kind: 'text',
    meaning: 'the name and password in the auth URL given to Fruum, "name:password"',
  },
  REDIS_URL: { kind: 'text', meaning: 'Redis for shared one-time values and the queue' },
  DATABASE_URL: { kind: 'text', meaning: 'database for what must last' },
} as const satisfies Record<string, { kind: 'text' | 'list'; meaning: string }>;

export type EnvironmentName = keyof typeof environmentTable;

/** The variables that are set: lists as arrays, all else as text. Empty ones count as not set. */
export type Environment = {
  readonly [Name in EnvironmentName]?: (typeof environmentTable)[Name]['kind'] extends 'list'
    ? readonly [string, ...string[]]
    : string;
};

/**
 * Reads our variables from an environment such as `process.env`. A list is split at line ends if there are any, else
 * at commas, so that a value with a comma can be given by following it with a line end (in a file: an empty line).
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` with all problems: a file that cannot be read, a name given both ways
 */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Environment {
  const problems: string[] = [];
  const values: Record<string, string | readonly string[]> = {};
  for (const [name, { kind, meaning }] of Object.entries(environmentTable)) {
    const text = readVariable(environment, name, meaning, problems);
    if (text === undefined) continue;
    if (kind === 'text') {
      values[name] = text.trim();
      continue;
    }
    const entries = text
      .split(/[\r\n]/.test(text) ? /[\r\n]+/ : ',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    if (entries.length > 0) values[name] = entries;
  }
  if (problems.length > 0) {
    const list = problems.map((problem) => `\n  - ${problem}`).join('');
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `The environment cannot be used:${list}`, { problems });
  }
  return values;
}

/** One sentence about a variable, for error messages: its name and what it is on the other side. */
export function describeVariable(name: EnvironmentName): string {
  return `${name} (${environmentTable[name].meaning})`;
}

function readVariable(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  meaning: string,
  problems: string[],
): string | undefined {
  const direct = environment[name];
  const file = environment[`${name}_FILE`];
  const hasDirect = direct !== undefined && direct.trim() !== '';
  if (file === undefined || file.trim() === '') return hasDirect ? direct : undefined;
  if (hasDirect) {
    problems.push(`${name} and ${name}_FILE are both set (${meaning}): remove one.`);
    return undefined;
  }
  try {
    const text = readFileSync(file.trim(), 'utf8');
    if (text.trim() === '') {
      problems.push(`${name}_FILE names an empty file (${meaning}).`);
      return undefined;
    }
    // Editors end a file with a line end; it is not part of the value.
    return text.replace(/\r?\n$/, '');
  } catch {
    problems.push(`${name}_FILE names a file that cannot be read (${meaning}).`);
    return undefined;
  }
}
