import { randomBytes as nodeRandomBytes } from 'node:crypto';

import { ForumSsoError } from '../errors.js';
import { cookieLimit, cookieName, readCookie, setCookie } from '../http/cookies.js';
import type { ReplyHeader } from '../http/reply.js';
import type { SsoRequest } from '../http/request.js';
import type { SiteAddress } from '../http/site-address.js';
import { readSiteUser } from '../read-site-user.js';
import type { SiteUser } from '../site-user.js';
import type { Revocations } from '../store/store.js';
import type { Sealer } from './sealer.js';
import type { SiteSession } from './site-session.js';

/** How long the built-in session lives. */
export interface SessionLife {
  /** Seconds without a visit after which it is over; renewed by visits. */
  readonly rollingSeconds: number;
  /** Seconds after the login at which it is over, whatever happens. */
  readonly absoluteSeconds: number;
}

export interface SealedSessionParts {
  readonly address: SiteAddress;
  readonly sealer: Sealer;
  readonly revocations: Revocations;
  readonly life: SessionLife;
  readonly now: () => Date;
  readonly randomBytes?: (size: number) => Uint8Array;
  /** When given, the cookie holds the id alone and the person is read afresh each time. */
  readonly findUser?: ((siteUserId: string) => Promise<SiteUser | null>) | undefined;
}

/** The built-in session of one request. What it has to tell the browser is collected in `headers`. */
export interface SealedSession extends SiteSession {
  /** `Set-Cookie` headers for the answer to this request; grows with `signIn`, `signOut` and renewal. */
  readonly headers: readonly ReplyHeader[];
}

interface SessionClaims {
  readonly userId: string;
  readonly sid: string;
  readonly epoch: string;
  /** Seconds since 1970 of the login. */
  readonly since: number;
  /** Seconds since 1970 of the last renewal. */
  readonly renewed: number;
  /** The person, when the site has no `findUser`. */
  readonly user?: unknown;
}

/**
 * The built-in session: all in one sealed cookie, with an entry in the store only to end it. A cookie that is broken,
 * foreign, expired or ended is simply no session.
 *
 * @returns a function that gives the session of one request
 */
export function createSealedSession(parts: SealedSessionParts): (request: SsoRequest) => SealedSession {
  const { address, sealer, revocations, life, now, findUser } = parts;
  const newRandom = parts.randomBytes ?? nodeRandomBytes;
  const name = cookieName(address, 'session');

  async function sessionCookie(claims: SessionClaims): Promise<ReplyHeader> {
    const seconds = Math.floor(now().getTime() / 1_000);
    const end = Math.min(seconds + life.rollingSeconds, claims.since + life.absoluteSeconds);
    const header = setCookie(
      address,
      name,
      await sealer.seal({ ...claims }, new Date(end * 1_000)),
      end - seconds,
    );
    const size = Buffer.byteLength(header[1]);
    if (size > cookieLimit) {
      throw new ForumSsoError(
        'ERR_SESSION_TOO_LARGE',
        `The session cookie would have ${size} bytes with its attributes, and browsers keep ${cookieLimit}: give createForumSso a findUser, so that the cookie holds the id alone.`,
      );
    }
    return header;
  }

  return (request) => {
    const headers: ReplyHeader[] = [];
    let opened: Promise<SessionClaims | null> | undefined;

    async function open(): Promise<SessionClaims | null> {
      const cookie = readCookie(request, name);
      const claims = cookie === undefined ? null : readClaims(await sealer.open(cookie, now()));
      if (claims === null) return null;
      if (claims.since + life.absoluteSeconds <= now().getTime() / 1_000) return null;
      return (await revocations.isLive(claims.userId, claims.epoch, claims.sid)) ? claims : null;
    }
    const current = (): Promise<SessionClaims | null> => {
      opened ??= open();
      return opened;
    };
    /** One `Set-Cookie` an answer: a later one replaces an earlier one. */
    const answerWith = (header: ReplyHeader): void => {
      headers.splice(0, headers.length, header);
    };
    async function end(): Promise<void> {
      const claims = await current();
      if (claims !== null) await revocations.endOne(claims.sid, life.absoluteSeconds);
      opened = Promise.resolve(null);
    }

    return {
      headers,
      async currentUser() {
        const claims = await current();
        if (claims === null) return null;
        const user = findUser === undefined ? storedUser(claims.user) : await findUser(claims.userId);
        // What looks people up in a map gives undefined.
        if (user === null || user === undefined) return null;
        const seconds = Math.floor(now().getTime() / 1_000);
        // Renewed at most ten times in its rolling life: not every page needs to set a cookie.
        if (headers.length === 0 && seconds - claims.renewed >= life.rollingSeconds / 10) {
          answerWith(await sessionCookie({ ...claims, renewed: seconds }));
        }
        return user;
      },
      async signIn(user) {
        await end();
        const seconds = Math.floor(now().getTime() / 1_000);
        const random = Buffer.from(newRandom(32));
        const freshEpoch = random.toString('base64url', 16);
        const claims: SessionClaims = {
          userId: user.id,
          sid: random.toString('base64url', 0, 16),
          epoch: await revocations.join(user.id, freshEpoch, life.absoluteSeconds),
          since: seconds,
          renewed: seconds,
          ...(findUser === undefined ? { user } : {}),
        };
        answerWith(await sessionCookie(claims));
        opened = Promise.resolve(claims);
      },
      async signOut() {
        const hadCookie = readCookie(request, name) !== undefined || headers.length > 0;
        // First: a store that is out of order must not keep the browser from forgetting the session.
        if (hadCookie) answerWith(setCookie(address, name, '', 0));
        await end();
      },
    };
  };
}

function readClaims(claims: Readonly<Record<string, unknown>> | null): SessionClaims | null {
  if (claims === null) return null;
  const { userId, sid, epoch, since, renewed, user } = claims;
  if (typeof userId !== 'string' || typeof sid !== 'string' || typeof epoch !== 'string') return null;
  if (typeof since !== 'number' || typeof renewed !== 'number') return null;
  return { userId, sid, epoch, since, renewed, user };
}

function storedUser(value: unknown): SiteUser | null {
  const user = readSiteUser(value);
  return 'refused' in user ? null : user;
}
