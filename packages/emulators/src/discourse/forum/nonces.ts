import { randomBytes } from 'node:crypto';

/** Nonces of one browser session. */
export type SessionNonces = Map<string, StoredNonce>;

export interface StoredNonce {
  readonly returnPath: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface NonceOptions {
  readonly now: () => Date;
  /** How long a nonce lives, in seconds. Default 1 800, as in Discourse since March 2024; before it was 600. */
  readonly lifetimeSeconds?: number;
  /** Is a nonce bound to its browser session? Asked each time: it is a setting. */
  readonly boundToSession: () => boolean;
}

const usedSeconds = 86_400;
const perSession = 50;
const siteWide = 10_000;

/**
 * The nonces of login requests: valid for a time, in the browser session that they were made in, and once. What was
 * used is remembered for a day, only to tell the reason of a refusal.
 */
export class Nonces {
  readonly #options: Required<NonceOptions>;
  readonly #site: SessionNonces = new Map();
  readonly #used = new Map<string, number>();

  constructor(options: NonceOptions) {
    this.#options = { lifetimeSeconds: 1_800, ...options };
  }

  /** A fresh nonce (32 hex characters) that leads to `returnPath`. */
  register(session: SessionNonces, returnPath: string): string {
    const nonce = randomBytes(16).toString('hex');
    const store = this.#store(session);
    store.set(nonce, { returnPath, expires: this.#time() + this.#options.lifetimeSeconds * 1_000 });
    this.#prune(store, store === this.#site ? siteWide : perSession);
    return nonce;
  }

  /** The return path of a nonce that is valid here and now, else undefined. An empty path makes a nonce invalid. */
  find(session: SessionNonces, nonce: unknown): string | undefined {
    const stored = typeof nonce === 'string' ? this.#store(session).get(nonce) : undefined;
    if (stored === undefined || stored.expires <= this.#time() || stored.returnPath.trim() === '')
      return undefined;
    return stored.returnPath;
  }

  /** Takes the nonce away for good. */
  consume(session: SessionNonces, nonce: string): void {
    this.#store(session).delete(nonce);
    this.#used.set(nonce, this.#time() + usedSeconds * 1_000);
    for (const [old, until] of this.#used) {
      if (until > this.#time() && this.#used.size <= siteWide) break;
      this.#used.delete(old);
    }
  }

  /** Why {@link find} found nothing, as far as it can be told. */
  refusalReason(nonce: unknown): 'used' | 'unknown-or-other-browser' {
    const until = typeof nonce === 'string' ? this.#used.get(nonce) : undefined;
    return until !== undefined && until > this.#time() ? 'used' : 'unknown-or-other-browser';
  }

  #store(session: SessionNonces): SessionNonces {
    return this.#options.boundToSession() ? session : this.#site;
  }

  #time(): number {
    return this.#options.now().getTime();
  }

  #prune(store: SessionNonces, limit: number): void {
    for (const [nonce, { expires }] of store) {
      if (expires > this.#time() && store.size <= limit) break;
      store.delete(nonce);
    }
  }
}
