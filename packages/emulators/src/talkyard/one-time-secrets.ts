import { randomBytes } from 'node:crypto';

import { TalkyardError } from './talkyard-error.js';

/** How long Talkyard remembers that a secret was there: 3 h 20 min. */
const memorySeconds = 12_000;
const limit = 10_000;

interface Issued {
  readonly memberId: number;
  readonly at: number;
  used: boolean;
}

/** One-time login secrets: each works once, and not for long. */
export class OneTimeSecrets {
  readonly #issued = new Map<string, Issued>();
  readonly #lifeSeconds: number;
  readonly #now: () => Date;

  constructor(lifeSeconds: number, now: () => Date) {
    this.#lifeSeconds = lifeSeconds;
    this.#now = now;
  }

  issue(memberId: number): string {
    const now = this.#now().getTime();
    for (const [secret, { at }] of this.#issued) {
      if (this.#issued.size < limit && now - at <= memorySeconds * 1_000) break;
      this.#issued.delete(secret);
    }
    const secret = BigInt(`0x${randomBytes(16).toString('hex')}`).toString(36);
    this.#issued.set(secret, { memberId, at: now, used: false });
    return secret;
  }

  /** Uses a secret up, whatever becomes of the request afterwards. */
  redeem(secret: string): number {
    const issued = this.#issued.get(secret);
    const age = issued === undefined ? 0 : this.#now().getTime() - issued.at;
    if (issued === undefined || age > memorySeconds * 1_000) {
      throw new TalkyardError(403, 'TyELGISECR_ENONE_', 'There is no such one time secret');
    }
    if (issued.used)
      throw new TalkyardError(403, 'TyELGISECR_EMANY_', 'The one time secret was used already');
    issued.used = true;
    if (age > this.#lifeSeconds * 1_000) {
      throw new TalkyardError(403, 'TyELGISECR_EEXP_', 'The one time secret has expired');
    }
    return issued.memberId;
  }
}
