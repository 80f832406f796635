/** 15 hex digits: whom it is about. */
export type UserDigest = string;
/** 12 hex digits, the first at most 7: what was sent. */
export type ContentDigest = string;

/** What is known of a row's person, in the order of the rows. */
export type Visited = 'new' | 'changed' | 'unchanged' | 'repeated';

/** One for each beginning of 4 digits that a person's digest can have. */
const lists = 65_536;
/**
 * 32-bit words of an entry: 32 bits of the person; 12 more, 3 without use, the marks "taken" and "seen", 15 bits of the
 * content; 32 more. Its place is free while the second one is 0.
 */
const entryWords = 3;
const takenBit = 0x10000;
const seenBit = 0x8000;
const highBits = 0x7fff;

const blockEntries = 4;
/** Words of a block: its entries, and the number of the block before it in its list. 0: it is the first. */
const blockWords = blockEntries * entryWords + 1;
/** Blocks in a slab, which takes less than half a megabyte. */
const slabBlocks = 8_192;

/** Where an entry begins. */
interface Place {
  readonly slab: Uint32Array;
  readonly at: number;
}

/**
 * Who was sent with what content: thirteen bytes a person and one of waste, so that a million fit into fourteen megabytes.
 *
 * The people of a list lie in a chain of small blocks, which lie in slabs. Nothing is ever copied: lists that grow by
 * copying leave more behind for the garbage collector than they hold.
 */
export class SentTable {
  readonly #slabs: Uint32Array[] = [];
  /** The newest block of each list, the only one that may have a free place. Numbers begin at 1; 0: there is none. */
  readonly #newest = new Uint32Array(lists);
  #blocks = 0;
  #size = 0;

  /** How many people it knows. */
  get size(): number {
    return this.#size;
  }

  /** Notes what a person was sent. */
  set(user: UserDigest, content: ContentDigest): void {
    const { slab, at } = this.#entry(user);
    const [high, low] = contentWords(content);
    slab[at + 1] = ((slab[at + 1] ?? 0) & ~highBits) | high;
    slab[at + 2] = low;
  }

  /** Meets a person in the file: marks them as seen, and tells what is known. */
  visit(user: UserDigest, content: ContentDigest): Visited {
    const before = this.#size;
    const { slab, at } = this.#entry(user);
    const middle = slab[at + 1] ?? 0;
    if ((middle & seenBit) !== 0) return 'repeated';
    slab[at + 1] = middle | seenBit;
    if (this.#size > before) return 'new';
    const [high, low] = contentWords(content);
    return (middle & highBits) === high && slab[at + 2] === low ? 'unchanged' : 'changed';
  }

  /** All that was sent, in no particular order. */
  *entries(): Generator<readonly [UserDigest, ContentDigest]> {
    for (const [list, newest] of this.#newest.entries()) {
      for (let block = newest; block !== 0; block = this.#before(block)) {
        const { slab, at: start } = this.#place(block);
        for (let entry = 0; entry < blockEntries; entry++) {
          const at = start + entry * entryWords;
          const [first = 0, middle = 0, last = 0] = slab.subarray(at, at + entryWords);
          if (middle === 0) break;
          const user = hex(list, 4) + hex(first, 8) + hex(middle >>> 20, 3);
          yield [user, hex(middle & highBits, 4) + hex(last, 8)];
        }
      }
    }
  }

  /** The person's entry, made if there is none: with a content that nothing has. */
  #entry(user: UserDigest): Place {
    const list = Number.parseInt(user.slice(0, 4), 16);
    const first = Number.parseInt(user.slice(4, 12), 16);
    const second = Number.parseInt(user.slice(12, 15), 16);
    let free: Place | undefined;
    for (let block = this.#newest[list] ?? 0; block !== 0; block = this.#before(block)) {
      const { slab, at: start } = this.#place(block);
      for (let entry = 0; entry < blockEntries; entry++) {
        const at = start + entry * entryWords;
        const middle = slab[at + 1] ?? 0;
        if (middle === 0) {
          free = { slab, at };
          break;
        }
        if (slab[at] === first && middle >>> 20 === second) return { slab, at };
      }
    }
    const made = free ?? this.#addBlock(list);
    made.slab[made.at] = first;
    made.slab[made.at + 1] = (second << 20) | takenBit;
    this.#size++;
    return made;
  }

  /** Gives a list a new block. @returns its first place */
  #addBlock(list: number): Place {
    if (this.#blocks % slabBlocks === 0) this.#slabs.push(new Uint32Array(slabBlocks * blockWords));
    const block = ++this.#blocks;
    const place = this.#place(block);
    place.slab[place.at + blockWords - 1] = this.#newest[list] ?? 0;
    this.#newest[list] = block;
    return place;
  }

  #before(block: number): number {
    const { slab, at } = this.#place(block);
    return slab[at + blockWords - 1] ?? 0;
  }

  #place(block: number): Place {
    const slab = this.#slabs[Math.floor((block - 1) / slabBlocks)];
    if (slab === undefined) throw new Error(`There is no block ${block}.`);
    return { slab, at: ((block - 1) % slabBlocks) * blockWords };
  }
}

function contentWords(content: ContentDigest): readonly [high: number, low: number] {
  return [Number.parseInt(content.slice(0, 4), 16), Number.parseInt(content.slice(4), 16)];
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
