import { createHash, timingSafeEqual } from 'node:crypto';

import type { ConnectorSetup, Delivery, SuspendOptions } from '../connector.js';
import { type ErrorCode, isForumSsoError, isRefusal, type Refusal, refusal, refusalFrom } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import type { CoralUser } from './api/answers.js';
import { callCoral } from './api/call.js';
import type { CoralApi, CoralUserRef } from './api/coral-api.js';
import { viewerQuery } from './api/operations.js';
import { type CoralUserClaims, coralUserClaims } from './claims.js';
import type { CoralSettings } from './options.js';

/** Seconds to wait before another try, for what may pass by itself. */
const retryAfter: Partial<Readonly<Record<ErrorCode, number>>> = {
  ERR_CORAL_UNREACHABLE: 0,
  ERR_CORAL_TIMEOUT: 0,
  ERR_CORAL_RATE_LIMITED: 10,
  ERR_CORAL_FAULT: 0,
};

const unsearched =
  "Coral has no account under the person's id; one that was joined with an older account could not be searched for, since the site no longer knows the address: look for it in Coral's list of users.";

/** Milliseconds for a whole exchange with Coral. */
const timeoutMs = 10_000;

/** The longest time that Coral's API takes for a suspension, in seconds. */
const longestSuspension = 2_147_483_647;

/** What the connector does at Coral for a person. */
export class CoralDeliveries {
  readonly #settings: CoralSettings;
  readonly #setup: ConnectorSetup;
  readonly #api: CoralApi;

  constructor(settings: CoralSettings, setup: ConnectorSetup, api: CoralApi) {
    this.#settings = settings;
    this.#setup = setup;
    this.#api = api;
  }

  /**
   * Brings details over: first as a login of the person, with a token that we send ourselves, which is the only
   * way for badges and page; then, over the API, what that did not change, since Coral takes one change a
   * second. What is absent stays as it is.
   */
  push(user: SiteUser): Promise<Delivery> {
    return attempt(async () => {
      if (user.suspended === true) return done('A suspended person is not brought to Coral: use suspend.');
      const claims = coralUserClaims(user, this.#settings.mapping);
      if (isRefusal(claims)) return failed(claims);
      const before = await this.#api.findBySiteUserId(user.id, { email: user.email });
      if (before === null && !this.#settings.provision) {
        return done(
          'Coral does not know the person yet: the account is made when they first open a page with comments.',
        );
      }
      const refused = await this.#logInAs(user);
      if (refused !== null) return failed(refused);
      const after =
        before === null
          ? await this.#api.findBySiteUserId(user.id, { email: user.email })
          : await this.#api.user(before.id);
      if (after === null) {
        return failed(
          refusal(
            'ERR_CORAL_USER_NOT_FOUND',
            'Coral made no account for the person: switch on Allow Registration under Configure > Authentication > Single Sign On.',
          ),
        );
      }
      return done(...(await this.#settle(after, claims)));
    });
  }

  /** Bans, or suspends when there is an end to it. Coral sends the reason to the person by e-mail. */
  suspend(siteUserId: string, { reason = '', until }: SuspendOptions): Promise<Delivery> {
    return attempt(async () => {
      const account = await this.#find(siteUserId);
      if (account === null) return done('Coral does not know the person.');
      const ref: CoralUserRef = { coralId: account.id };
      if (until === undefined) {
        if (account.banned) return done('The person was banned already.');
        await this.#api.banUser(ref, { message: reason });
        return done();
      }
      const seconds = Math.ceil((until.getTime() - this.#setup.now().getTime()) / 1_000);
      if (!(seconds > 0)) return done('The end of the suspension has passed: nothing was changed.');
      // Coral has no way to change the end of a suspension.
      if (account.suspendedUntil !== undefined) await this.#api.removeUserSuspension(ref);
      await this.#api.suspendUser(ref, { seconds: Math.min(seconds, longestSuspension), message: reason });
      return done();
    });
  }

  /** Ends bans and suspensions. */
  restore(siteUserId: string): Promise<Delivery> {
    return attempt(async () => {
      const account = await this.#find(siteUserId);
      if (account === null) return done('Coral does not know the person.');
      const ref: CoralUserRef = { coralId: account.id };
      if (account.suspendedUntil !== undefined) await this.#api.removeUserSuspension(ref);
      if (account.banned) await this.#api.removeUserBan(ref);
      return done();
    });
  }

  /** Deletes the account with its comments. */
  remove(siteUserId: string): Promise<Delivery> {
    return attempt(async () => {
      const account = await this.#find(siteUserId);
      if (account === null) {
        const note = 'Coral does not know the person, or has deleted the account before.';
        return (await this.#addressOf(siteUserId)) === undefined
          ? { done: true, notes: [note], byHand: [unsearched] }
          : done(note);
      }
      await this.#api.deleteUserAccount({ coralId: account.id });
      return done('This id can never sign in to Coral again: whoever comes back needs a new one.');
    });
  }

  /**
   * Holds our key against those that Coral lists: a wrong ID shows in no login until the first change of keys.
   */
  check(): Promise<Delivery> {
    return attempt(async () => {
      const { enabled, allowRegistration, signingSecrets } = await this.#api.ssoSettings();
      if (!enabled) {
        return failed(refusal('ERR_CORAL_SSO_DISABLED', 'Single sign-on is switched off in Coral.'));
      }
      const { secret, kid } = this.#settings;
      const now = this.#setup.now().getTime();
      const active = signingSecrets.filter(
        ({ inactiveAt }) => inactiveAt === undefined || inactiveAt.getTime() > now,
      );
      const ours = active.find((entry) => isSame(entry.secret, secret));
      if (ours === undefined) {
        return failed(
          refusal(
            'ERR_CORAL_SIGNING_SECRET_UNKNOWN',
            'Our key (secret, CORAL_SSO_SECRET) is not among those that are active in Coral.',
          ),
        );
      }
      if (kid !== undefined && ours.kid !== kid) {
        return failed(
          refusal(
            'ERR_CORAL_SIGNING_SECRET_UNKNOWN',
            `Our key has the ID ${ours.kid} in Coral, and kid (CORAL_SSO_KID) is another one.`,
          ),
        );
      }
      return done(
        ...(allowRegistration
          ? []
          : ['Allow Registration is off in Coral: people who are new there stay anonymous.']),
        ...(ours.inactiveAt === undefined
          ? []
          : [`Our key ends at ${ours.inactiveAt.toISOString()}: take over the newer one.`]),
      );
    });
  }

  async #find(siteUserId: string): Promise<CoralUser | null> {
    return this.#api.findBySiteUserId(siteUserId, { email: await this.#addressOf(siteUserId) });
  }

  /** It finds an account that was joined with an older one; undefined when the site no longer knows the person. */
  async #addressOf(siteUserId: string): Promise<string | undefined> {
    return (await this.#setup.findUser?.(siteUserId))?.email;
  }

  /** Sends a token of the person to Coral, which treats it as their login. */
  async #logInAs(user: SiteUser): Promise<Refusal | null> {
    const { sign, origin } = this.#settings;
    const token = await sign(user, { now: this.#setup.now() });
    if (isRefusal(token)) return token;
    const answer = await callCoral(
      { origin, fetch: this.#setup.fetch, timeoutMs },
      { query: viewerQuery },
      token,
    );
    if (isRefusal(answer)) return answer;
    // Only administrators may ask anything, but everybody is logged in before that is found out.
    if ('data' in answer || answer.fault.code === 'RAW_QUERY_NOT_AUTHORIZED') return null;
    return answer.fault.code === 'TOKEN_INVALID'
      ? refusal(
          'ERR_CORAL_CREDENTIALS_REFUSED',
          `Coral does not accept our tokens: compare secret and kid. ${answer.refusal.detail}`,
        )
      : answer.refusal;
  }

  /** @returns what could not be brought over */
  async #settle(account: CoralUser, claims: CoralUserClaims): Promise<readonly string[]> {
    const ref: CoralUserRef = { coralId: account.id };
    if (account.username !== claims.username) await this.#api.updateUserUsername(ref, claims.username);
    if (account.email !== claims.email.toLowerCase()) await this.#api.updateUserEmail(ref, claims.email);
    if (claims.avatar !== undefined && account.avatar !== claims.avatar) {
      await this.#api.updateUserAvatar(ref, claims.avatar);
    }
    const { badges } = claims;
    const badgesDiffer = badges !== undefined && JSON.stringify(badges) !== JSON.stringify(account.badges);
    return badgesDiffer
      ? ['The badges come over with the next login: Coral took no change of them now.']
      : [];
  }
}

async function attempt(act: () => Promise<Delivery>): Promise<Delivery> {
  try {
    return await act();
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return failed(refusalFrom(error));
  }
}

function done(...notes: readonly string[]): Delivery {
  return notes.length === 0 ? { done: true } : { done: true, notes };
}

function failed(refused: Refusal): Delivery {
  const seconds = retryAfter[refused.refused];
  const slowDown = refused.refused === 'ERR_CORAL_RATE_LIMITED';
  return {
    done: false,
    refusal: refused,
    ...(seconds === undefined ? {} : { retryAfter: seconds }),
    ...(slowDown ? { slowDown } : {}),
  };
}

function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
