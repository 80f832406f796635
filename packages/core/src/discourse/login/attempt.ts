import { createHash } from 'node:crypto';

import { type Refusal, refusal } from '../../errors.js';
import { cookieName, readCookie, setCookie } from '../../http/cookies.js';
import type { ReplyHeader } from '../../http/reply.js';
import { readHeader, type SsoRequest } from '../../http/request.js';
import type { SiteAddress } from '../../http/site-address.js';
import type { Sealer } from '../../session/sealer.js';

/** How long a person may take to sign in at the forum, in seconds. */
export const attemptLife = 600;
/** For so many seconds more a late answer is told from one that was never asked for. */
const remembrance = 300;
/** Most attempts of one browser at a time; a further one takes the place of the oldest. */
const attemptLimit = 5;

/**
 * Why the person is sent to the forum:
 * - `login`: they asked for it;
 * - `probe`: to see, without any page, whether they are signed in there (`prompt=none`);
 * - `link`: to connect their forum account with the account they are signed in to here;
 * - `logoutCheck`: the forum sent them here after a log-out; to see whether they are really out.
 */
export type AttemptPurpose = 'login' | 'probe' | 'link' | 'logoutCheck';

/** One try to sign in, from leaving for the forum to coming back. Lives in a sealed cookie of this browser. */
export interface Attempt {
  readonly nonce: string;
  readonly purpose: AttemptPurpose;
  /** Safe path of this site. */
  readonly returnPath: string;
  /** A second factor is asked for and insisted on. */
  readonly requireTwoFactor: boolean;
  /** With `link`: the site user who started it. */
  readonly linkUserId?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface AttemptCookies {
  /** The headers that put an attempt into this browser. */
  store(request: SsoRequest, attempt: Attempt): Promise<readonly ReplyHeader[]>;
  /**
   * Finds the attempt that an answer belongs to.
   * @returns the attempt, or a refusal `ERR_LOGIN_ATTEMPT_MISSING` or `ERR_LOGIN_ATTEMPT_EXPIRED`
   */
  find(request: SsoRequest, nonce: string): Promise<Attempt | Refusal>;
  /** The header that removes an attempt from this browser. */
  clear(nonce: string): ReplyHeader;
}

/** @param owner the connector's name */
export function createAttemptCookies(
  address: SiteAddress,
  owner: string,
  sealer: Sealer,
  now: () => Date,
): AttemptCookies {
  const prefix = `${cookieName(address, 'attempt', owner)}-`;
  const nameOf = (nonce: string): string =>
    prefix + createHash('sha256').update(nonce).digest('hex').slice(0, 8);

  return {
    async store(request, attempt) {
      const end = new Date(attempt.expiresAt + remembrance * 1_000);
      const sealed = await sealer.seal({ ...attempt }, end);
      const surplus = await oldest(request, attemptLimit - 1);
      return [
        ...surplus.map((name) => setCookie(address, name, '', 0)),
        setCookie(address, nameOf(attempt.nonce), sealed, attemptLife + remembrance),
      ];
    },
    async find(request, nonce) {
      const cookie = readCookie(request, nameOf(nonce));
      const attempt = cookie === undefined ? null : readAttempt(await sealer.open(cookie, now()));
      if (attempt === null || attempt.nonce !== nonce) {
        return refusal(
          'ERR_LOGIN_ATTEMPT_MISSING',
          'The answer belongs to no login that this browser began: it comes from another browser, is an old one, or cookies are off.',
        );
      }
      return attempt.expiresAt > now().getTime()
        ? attempt
        : refusal(
            'ERR_LOGIN_ATTEMPT_EXPIRED',
            `The answer came more than ${attemptLife} seconds after the login began.`,
          );
    },
    clear: (nonce) => setCookie(address, nameOf(nonce), '', 0),
  };

  /** Names of the attempt cookies beyond the `keep` newest; what cannot be opened counts as oldest. */
  async function oldest(request: SsoRequest, keep: number): Promise<readonly string[]> {
    const found: { name: string; expiresAt: number }[] = [];
    for (const part of (readHeader(request.headers, 'cookie') ?? '').split(';')) {
      const [name = '', value = ''] = part.trim().split('=');
      if (!name.startsWith(prefix)) continue;
      const attempt = readAttempt(await sealer.open(value, now()));
      found.push({ name, expiresAt: attempt?.expiresAt ?? 0 });
      if (found.length > 4 * attemptLimit) break;
    }
    return found
      .sort((a, b) => b.expiresAt - a.expiresAt)
      .slice(keep)
      .map(({ name }) => name);
  }
}

function readAttempt(claims: Readonly<Record<string, unknown>> | null): Attempt | null {
  if (claims === null) return null;
  const { nonce, purpose, returnPath, requireTwoFactor, linkUserId, expiresAt } = claims;
  if (typeof nonce !== 'string' || typeof returnPath !== 'string' || typeof expiresAt !== 'number')
    return null;
  if (!isPurpose(purpose) || typeof requireTwoFactor !== 'boolean') return null;
  return {
    nonce,
    purpose,
    returnPath,
    requireTwoFactor,
    ...(typeof linkUserId === 'string' ? { linkUserId } : {}),
    expiresAt,
  };
}

function isPurpose(value: unknown): value is AttemptPurpose {
  return value === 'login' || value === 'probe' || value === 'link' || value === 'logoutCheck';
}
