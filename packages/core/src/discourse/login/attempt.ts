import { hash } from 'node:crypto';

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
/** Characters that their cookies may have together: servers and proxies refuse requests with too long a header. */
const attemptRoom = 3_600;

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
  /** With `link`: digest of the id of the site user who started it; see {@link userDigest}. */
  readonly linkUser?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What stands for a site user in an attempt: as long for a long id as for a short one. */
export function userDigest(siteUserId: string): string {
  return hash('sha256', siteUserId, 'base64url');
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
  const nameOf = (nonce: string): string => prefix + hash('sha256', nonce).slice(0, 8);

  return {
    async store(request, attempt) {
      const end = new Date(attempt.expiresAt + remembrance * 1_000);
      const name = nameOf(attempt.nonce);
      const sealed = await sealer.seal({ ...attempt }, end);
      const surplus = await oldest(request, attemptRoom - name.length - sealed.length);
      return [
        ...surplus.map((old) => setCookie(address, old, '', 0)),
        setCookie(address, name, sealed, attemptLife + remembrance),
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

  /**
   * Names of the attempt cookies that have to go for a further one: all but the newest, as far as their number and
   * `room` allow. What cannot be opened counts as oldest.
   */
  async function oldest(request: SsoRequest, room: number): Promise<readonly string[]> {
    const found: { name: string; length: number; expiresAt: number }[] = [];
    for (const part of (readHeader(request.headers, 'cookie') ?? '').split(';')) {
      const [name = '', value = ''] = part.trim().split('=');
      // Another connector's name may begin with this one's.
      if (!name.startsWith(prefix) || !/^[0-9a-f]{8}$/.test(name.slice(prefix.length))) continue;
      const attempt = readAttempt(await sealer.open(value, now()));
      found.push({ name, length: name.length + value.length, expiresAt: attempt?.expiresAt ?? 0 });
      if (found.length > 4 * attemptLimit) break;
    }
    let left = room;
    return found
      .sort((a, b) => b.expiresAt - a.expiresAt)
      .filter(({ length, expiresAt }, index) => {
        left -= length;
        return index >= attemptLimit - 1 || left < 0 || expiresAt === 0;
      })
      .map(({ name }) => name);
  }
}

function readAttempt(claims: Readonly<Record<string, unknown>> | null): Attempt | null {
  if (claims === null) return null;
  const { nonce, purpose, returnPath, requireTwoFactor, linkUser, expiresAt } = claims;
  if (typeof nonce !== 'string' || typeof returnPath !== 'string' || typeof expiresAt !== 'number')
    return null;
  if (!isPurpose(purpose) || typeof requireTwoFactor !== 'boolean') return null;
  return {
    nonce,
    purpose,
    returnPath,
    requireTwoFactor,
    ...(typeof linkUser === 'string' ? { linkUser } : {}),
    expiresAt,
  };
}

function isPurpose(value: unknown): value is AttemptPurpose {
  return value === 'login' || value === 'probe' || value === 'link' || value === 'logoutCheck';
}
