import type { KeyObject } from 'node:crypto';

import { isRefusal, type Refusal, refusal, refusalForThrown } from '../errors.js';
import type { SecretOption } from '../secrets.js';
import type { SiteUser } from '../site-user.js';
import { withinDeadline } from './deadline.js';
import type { FruumReply, FruumUserReply } from './fields.js';
import { isMd5Hash, matchesMd5Hash } from './md5-hash.js';
import { hashLifeLimit, isUsableId, readUserHashSecrets, verifyUserHash } from './user-hash.js';
import { readFruumUser, replyForUser } from './user-reply.js';

/** How long the look-up may take when nothing else is said, in seconds. */
export const defaultDeadline = 3;

/** Clocks of a site's machines may differ by this much, in seconds. */
const clockSkew = 60;

export interface AnswerAuthRequestOptions {
  /** The secret that the page's hashes are signed with; during a change several, the current one first. */
  readonly secret: SecretOption;
  /** Fruum's id of the forum. */
  readonly forumId: string;
  /** Reads the account afresh; null when there is none. Called after the hash has verified, once per request. */
  readonly findUser: (siteUserId: string) => Promise<SiteUser | null>;
  /** The clock's time. Default: now. */
  readonly now?: Date | undefined;
  /** How long `findUser` may take, in seconds. Default 3. */
  readonly deadline?: number | undefined;
  /** When the person last signed out of the site; null when that is not known. Older hashes are then dead. */
  readonly signedOutAt?: ((siteUserId: string) => Promise<Date | null>) | undefined;
  /** With `signedOutAt`: the life the page's hashes are made with, in seconds. Default: 24 hours, the longest. */
  readonly hashLife?: number | undefined;
}

/** {@link AnswerAuthRequestOptions}, checked, with what only the connector uses. */
export interface AuthRules {
  readonly keys: readonly KeyObject[];
  readonly forumId: string;
  readonly findUser: (siteUserId: string) => Promise<SiteUser | null>;
  readonly now: Date;
  readonly deadline: number;
  readonly signedOutAt?: ((siteUserId: string) => Promise<Date | null>) | undefined;
  readonly hashLife: number;
  /** Asked once it is certain who calls; false refuses. */
  readonly admit?: ((siteUserId: string) => boolean) | undefined;
  /** Until when MD5 hashes of old pages are taken. */
  readonly md5Until?: Date | undefined;
}

/** An auth request that may be answered with a user. */
export interface AuthAnswer {
  readonly reply: FruumUserReply;
  readonly userId: string;
  /** Which of the keys verified: 0 is the current one; undefined for an MD5 hash. */
  readonly keyPosition: number | undefined;
}

/**
 * Answers what Fruum posts to the auth URL: the value that the page put into `fruumSettings.user`, unchanged, from
 * anybody who opened a socket. Order: shape of the payload, MAC, expiry, then the account.
 *
 * Never throws and never keeps Fruum waiting beyond the deadline. Anything doubtful, be it a bad payload, a failing
 * `findUser` or unusable options, is answered with `{}`: the visitor is anonymous.
 *
 * @param payload the parsed JSON body, unchecked
 */
export async function answerAuthRequest(
  payload: unknown,
  {
    secret,
    forumId,
    findUser,
    now = new Date(),
    deadline = defaultDeadline,
    signedOutAt,
    hashLife = hashLifeLimit,
  }: AnswerAuthRequestOptions,
): Promise<FruumReply> {
  const ring = readUserHashSecrets(secret, now);
  if (isRefusal(ring)) return {};
  const keys = ring.keysAt(now);
  const rules: AuthRules = { keys, forumId, findUser, now, deadline, signedOutAt, hashLife };
  const answer = await decideAuthRequest(payload, rules);
  return isRefusal(answer) ? {} : answer.reply;
}

/** Like {@link answerAuthRequest}, with the reason of a refusal. Never throws. */
export async function decideAuthRequest(payload: unknown, rules: AuthRules): Promise<AuthAnswer | Refusal> {
  try {
    const claim = readPayload(payload);
    if (isRefusal(claim)) return claim;
    if (rules.md5Until !== undefined && rules.now < rules.md5Until && isMd5Hash(claim.hash)) {
      return await withinDeadline(rules.deadline, () => answerMd5(claim, rules), slowSite);
    }
    const verified = verifyUserHash(claim.id, claim.hash, rules);
    if (isRefusal(verified)) return verified;
    if (rules.admit?.(claim.id) === false) return tooMany;
    const user = await findLiveUser(
      claim.id,
      rules,
      (signedOut) => issuedAt(verified.expiry, rules) > signedOut,
    );
    if (isRefusal(user)) return user;
    return { reply: replyForUser(user), userId: user.id, keyPosition: verified.keyPosition };
  } catch (cause) {
    return refusalForThrown(
      cause,
      'ERR_SITE_CALLBACK_FAILED',
      "The site's callback failed while a Fruum user was looked up.",
    );
  }
}

interface Claim {
  readonly id: string;
  readonly hash: string;
}

/** Strict on purpose: comparing loosely here has let arrays pass for hashes in other languages. */
function readPayload(payload: unknown): Claim | Refusal {
  if (!isPlainObject(payload) || !Object.hasOwn(payload, 'id') || !Object.hasOwn(payload, 'hash')) {
    return refusal('ERR_FRUUM_PAYLOAD_MALFORMED', 'The payload is not an object with "id" and "hash".');
  }
  const { id, hash } = payload;
  if (!isUsableId(id) || typeof hash !== 'string' || hash.length > 128) {
    return refusal('ERR_FRUUM_PAYLOAD_MALFORMED', 'The payload\'s "id" and "hash" are not short texts.');
  }
  return { id, hash };
}

function isPlainObject(value: unknown): value is { readonly id?: unknown; readonly hash?: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * When a hash was made, in seconds since 1970. One that ends farther ahead than our hashes live was not made with the
 * life we know; it may be as old as any that is accepted at all.
 */
function issuedAt(expiry: number, { hashLife, now }: AuthRules): number {
  const issued = expiry - hashLife;
  return issued <= now.getTime() / 1_000 + clockSkew ? issued : expiry - hashLifeLimit;
}

/** Reads account and sign-out time at the same time, both within the deadline. */
async function findLiveUser(
  userId: string,
  { findUser, signedOutAt, deadline }: AuthRules,
  isYoungerThan: (signedOutSeconds: number) => boolean,
): Promise<SiteUser | Refusal> {
  const found = await withinDeadline(
    deadline,
    () => Promise.all([findUser(userId), signedOutAt === undefined ? null : signedOutAt(userId)]),
    slowSite,
  );
  if (isRefusal(found)) return found;
  const [account, signedOut] = found;
  if (signedOut && !isYoungerThan(signedOut.getTime() / 1_000)) return signedOutSince;
  return readFruumUser(account, userId);
}

/**
 * An old page's hash: any sign-out that we know of ends it, and nobody becomes an administrator by it. Anybody can make one
 * for any id, so the store is asked only about people of whose address it was made.
 */
async function answerMd5(
  claim: Claim,
  { findUser, admit, signedOutAt }: AuthRules,
): Promise<AuthAnswer | Refusal> {
  const user = readFruumUser(await findUser(claim.id), claim.id);
  if (isRefusal(user)) return user;
  if (!matchesMd5Hash(user.email, claim.hash)) {
    return refusal('ERR_FRUUM_HASH_INVALID', "The MD5 hash is not that of the account's e-mail address.");
  }
  if (admit?.(claim.id) === false) return tooMany;
  if (signedOutAt !== undefined && (await signedOutAt(claim.id)) !== null) return signedOutSince;
  return { reply: { ...replyForUser(user), admin: false }, userId: user.id, keyPosition: undefined };
}

const signedOutSince = refusal(
  'ERR_FRUUM_SIGNED_OUT',
  'The hash was made before the person signed out of the site.',
);

const slowSite = refusal(
  'ERR_SITE_CALLBACK_FAILED',
  'The site did not find the account within the deadline: make findUser faster, or give it more time (deadline).',
);

const tooMany = refusal('ERR_RATE_LIMITED', 'One person connects to Fruum too often (rateLimit).');
