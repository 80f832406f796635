import { createHash } from 'node:crypto';

/**
 * Sees to it that no two purposes share a secret: with one secret, an answer in one direction would verify as a
 * message in the other. Keeps digests only.
 */
export class SecretRegister {
  readonly #uses = new Map<string, Set<string>>();

  /** @param label option or setting that holds the secret, e.g. `secret (Discourse: "discourse connect secret")` */
  add(connector: string, label: string, value: string): void {
    const digest = createHash('sha256').update(value).digest('hex');
    const uses = this.#uses.get(digest) ?? new Set<string>();
    uses.add(`${connector}: ${label}`);
    this.#uses.set(digest, uses);
  }

  /** One sentence for each secret with more than one use. */
  problems(): readonly string[] {
    return [...this.#uses.values()]
      .filter((uses) => uses.size > 1)
      .map((uses) => `The same secret serves ${[...uses].join(' and ')}: give each a secret of its own.`);
  }
}
