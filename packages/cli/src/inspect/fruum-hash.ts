import { type Finding, type Inspection, odd, right, wrong } from './finding.js';
import { type KnownSecret, knownSecrets } from './known-secrets.js';
import { refusalIn } from './refusal-in.js';
import { timeRemark } from './time-remark.js';

/** True for `1.<seconds>.<43 characters>`. */
export function looksLikeFruumHash(text: string): boolean {
  return /^1\.\d{1,12}\.[\w-]{43}$/.test(text);
}

/** Longest life that is accepted, in seconds. */
const longestLife = 86_400;

/** Judges a hash of a Fruum page. */
export async function inspectFruumHash(
  hash: string,
  userId: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
  given: readonly KnownSecret[],
  now: Date,
): Promise<Inspection> {
  const expiry = Number(hash.split('.')[1]);
  const left = expiry - now.getTime() / 1_000;
  const times: readonly Finding[] =
    left <= 0
      ? [wrong('It is over: the page was open longer than it lives.')]
      : left > longestLife
        ? [wrong('It expires more than 24 hours from now, and is not accepted.')]
        : [];
  return {
    what: 'A hash of a page with a Fruum forum',
    fields: [['expires', String(expiry), timeRemark(expiry * 1_000, now)]],
    findings: [...(await judge(hash, expiry, userId, variables, given)), ...times],
  };
}

async function judge(
  hash: string,
  expiry: number,
  userId: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
  given: readonly KnownSecret[],
): Promise<readonly Finding[]> {
  const secrets = [...given, ...knownSecrets(variables, 'FRUUM_SECRET')];
  const forumId = variables.FRUUM_FORUM_ID;
  if (secrets.length === 0 || userId === undefined || forumId === undefined) {
    return [
      odd(
        'It was not checked: that takes --user <id>, and FRUUM_SECRET (or --secret-file) and FRUUM_FORUM_ID in the environment.',
      ),
    ];
  }
  const { signUserHash } = await import('@forum-sso/core/fruum');
  for (const { name, value } of secrets) {
    try {
      if (signUserHash(userId, { secret: value, forumId, expiresAt: new Date(expiry * 1_000) }) === hash) {
        return [right(`It is this user's for this forum, made with ${name}.`)];
      }
    } catch (error) {
      const { detail } = refusalIn(error);
      return [wrong(`${name} cannot be used: ${detail}`)];
    }
  }
  return [wrong('It was not made for this user and this forum with a secret that is known here.')];
}
