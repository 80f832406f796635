/** 15 hex digits: whom it is about. */
export type UserDigest = string;
/** 12 hex digits, the first at most 7: what was sent. */
export type ContentDigest = string;

/** What is known of a row's person, in the order of the rows. */
export type Visited = 'new' | 'changed' | 'unchanged' | 'repeated';

const shards = 4_096;
/** 32-bit words of one entry: 32 bits of the person; 16 more, the mark "seen" and 15 of the content; 32 of the content. */
const words = 3;
const seenBit = 0x8000;

/**
 * Who was sent with what content: twelve bytes a person, so that a million fit into twelve megabytes. Entries lie in
 * 4,096 short lists, picked by the first 12 bits of the digest, each searched from its beginning.
 */
export class SentTable {
  readonly #lists: Uint32Array[] = Array.from({ length: shards }, () => new Uint32Array(0));
  readonly #lengths = new Uint32Array(shards);
  #size = 0;

  /** How many people it knows. */
  get size(): number {
    return this.#size;
  }

  /** Notes what a person was sent. */
  set(user: UserDigest, content: ContentDigest): void {
    const { list, at } = this.#entry(user);
    const [high, low] = contentWords(content);
    list[at + 1] = ((list[at + 1] ?? 0) & ~0x7fff) | high;
    list[at + 2] = low;
  }

  /** Meets a person in the file: marks them as seen, and tells what is known. */
  visit(user: UserDigest, content: ContentDigest): Visited {
    const before = this.#size;
    const { list, at } = this.#entry(user);
    const middle = list[at + 1] ?? 0;
    if ((middle & seenBit) !== 0) return 'repeated';
    list[at + 1] = middle | seenBit;
    if (this.#size > before) return 'new';
    const [high, low] = contentWords(content);
    return (middle & 0x7fff) === high && list[at + 2] === low ? 'unchanged' : 'changed';
  }

  /** All that was sent, in no particular order. */
  *entries(): Generator<readonly [UserDigest, ContentDigest]> {
    for (const [shard, list] of this.#lists.entries()) {
      const end = (this.#lengths[shard] ?? 0) * words;
      for (let at = 0; at < end; at += words) {
        const [first = 0, middle = 0, last = 0] = list.subarray(at, at + words);
        const user = hex(shard, 3) + hex(first, 8) + hex(middle >>> 16, 4);
        yield [user, hex(middle & 0x7fff, 4) + hex(last, 8)];
      }
    }
  }

  /** The person's entry, made if there is none: with a content that nothing has. */
  #entry(user: UserDigest): { readonly list: Uint32Array; readonly at: number } {
    const shard = Number.parseInt(user.slice(0, 3), 16);
    const first = Number.parseInt(user.slice(3, 11), 16);
    const second = Number.parseInt(user.slice(11, 15), 16);
    const list = this.#lists[shard] ?? new Uint32Array(0);
    const end = (this.#lengths[shard] ?? 0) * words;
    for (let at = 0; at < end; at += words) {
      if (list[at] === first && (list[at + 1] ?? 0) >>> 16 === second) return { list, at };
    }
    const grown = end < list.length ? list : this.#grow(shard, list);
    grown[end] = first;
    grown[end + 1] = second << 16;
    this.#lengths[shard] = end / words + 1;
    this.#size++;
    return { list: grown, at: end };
  }

  #grow(shard: number, list: Uint32Array): Uint32Array {
    const entries = list.length / words;
    const grown = new Uint32Array((entries + Math.max(8, entries >> 3)) * words);
    grown.set(list);
    this.#lists[shard] = grown;
    return grown;
  }
}

function contentWords(content: ContentDigest): readonly [high: number, low: number] {
  return [Number.parseInt(content.slice(0, 4), 16), Number.parseInt(content.slice(4), 16)];
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
