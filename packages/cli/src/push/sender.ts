import type { ErrorCode, SiteUser } from '@forum-sso/core';

import type { Target } from '../site/target.js';
import { type BackoffPolicy, backoffAfter } from './backoff.js';
import { isHopeless } from './hopeless.js';
import type { Pacer, Time } from './pacer.js';

/** What became of one person. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly notes: readonly string[] }
  /** Nothing was sent: the site has removed or suspended the person. */
  | { readonly kind: 'kept-back'; readonly state: 'removed' | 'suspended' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly detail: string }
  /** The run is over before it was this person's turn, or before another attempt. */
  | { readonly kind: 'cut-off' };

/** Why the whole run has to stop. */
export interface StopReason {
  readonly code: ErrorCode;
  readonly detail: string;
}

export interface SenderParts {
  readonly target: Target;
  readonly pacer: Pacer;
  readonly backoff: BackoffPolicy;
  readonly time: Time;
  readonly random: () => number;
  /** Given when nothing new is to begin. */
  readonly signal: AbortSignal;
  /** Called when going on is of no use. */
  readonly stop: (reason: StopReason) => void;
}

/** After so many requests to slow down with no success between, the limit is not one that waiting helps against. */
const patience = 50;

/** Seconds to wait when the community asks for it and does not say how long. */
const defaultPause = 60;

/** Sends one person after the other to a community, each until it is done or of no use. */
export class Sender {
  readonly #parts: SenderParts;
  /** How many in a row were given up because the community did not answer. */
  #silent = 0;
  #slowed = 0;
  readonly counts = { calls: 0, retries: 0, slowDowns: 0 };

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  async send(user: SiteUser): Promise<SendOutcome> {
    const { target, pacer, backoff, time, random, signal } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      const turn = pacer.turn();
      if (turn !== undefined) await turn;
      if (signal.aborted) return { kind: 'cut-off' };
      const state = target.standing === undefined ? null : await this.#standing(target.standing, user.id);
      // Before every call: whoever was removed meanwhile must not come back.
      if (state !== null) return state;

      this.counts.calls++;
      const delivery = await target.push(user);
      if (delivery.done) {
        this.#silent = 0;
        this.#slowed = 0;
        return { kind: 'sent', notes: delivery.notes ?? [] };
      }
      const { refused: code, detail } = delivery.refusal;
      if (delivery.slowDown === true) {
        this.counts.slowDowns++;
        if (++this.#slowed > patience) return this.#stop(code, detail);
        // A little later than asked for, so that not everybody arrives at the very moment.
        pacer.hold((delivery.retryAfter ?? defaultPause) * 1_000 + random() * 250);
        attempt--;
        continue;
      }
      if (delivery.retryAfter === undefined) {
        return isHopeless(code) ? this.#stop(code, detail) : { kind: 'failed', code, detail };
      }
      if (attempt >= backoff.attempts) return this.#giveUp(code, detail);
      this.counts.retries++;
      await time.sleep(backoffAfter(attempt, backoff, random()), signal);
    }
  }

  /** Null: nothing is against it. */
  async #standing(
    standing: NonNullable<Target['standing']>,
    siteUserId: string,
  ): Promise<SendOutcome | null> {
    const known = await standing(siteUserId);
    if (known === null) return null;
    if (known === 'removed' || known === 'suspended') return { kind: 'kept-back', state: known };
    return this.#stop(known.refused, known.detail);
  }

  #giveUp(code: ErrorCode, detail: string): SendOutcome {
    this.#silent++;
    if (this.#silent >= 3) {
      return this.#stop(
        code,
        `${detail} It was tried ${this.#parts.backoff.attempts} times for each of the last three people.`,
      );
    }
    return { kind: 'failed', code, detail };
  }

  #stop(code: ErrorCode, detail: string): SendOutcome {
    this.#parts.stop({ code, detail });
    return { kind: 'failed', code, detail };
  }
}
