import { randomBytes } from 'node:crypto';

/** Milliseconds that a nonce lives. */
const life = 600_000;

/** The plugin's table of nonces: each is good once, for ten minutes, in whatever browser it comes back. */
export class BlogNonces {
  readonly #made = new Map<string, number>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  create(): string {
    const nonce = randomBytes(16).toString('hex');
    this.#made.set(nonce, this.#now().getTime());
    return nonce;
  }

  /** True once for a nonce that is not too old. */
  use(nonce: string): boolean {
    const made = this.#made.get(nonce);
    this.#made.delete(nonce);
    return made !== undefined && this.#now().getTime() - made <= life;
  }
}
