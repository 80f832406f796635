import { closeSync } from 'node:fs';

import { errorCodeOf } from '../error-code.js';
import { plainJson } from '../terminal/plain.js';
import { UsageError } from '../usage-error.js';
import { openPrivateFile } from './private-file.js';
import { writeWhole } from './write-whole.js';

/** One thing that is wrong with one row. Holds the person's id where it is known, and no other value of the row. */
export interface Fault {
  readonly line: number;
  readonly id?: string;
  /** The column of the file. */
  readonly column?: string;
  /** Of a person whom the community did not take. */
  readonly code?: string;
  readonly fault: string;
}

/** How many are kept to be shown at the end. */
const shownLimit = 20;

/** All that was wrong with rows: every one goes into a file if there is one, the first ones are kept to be shown. */
export class FaultLog {
  readonly #fd: number | null;
  readonly #first: Fault[] = [];
  #buffer = '';
  #total = 0;
  #failure: string | null = null;

  /**
   * @param path a file that is written anew, readable by its owner alone; left out: no file
   * @throws UsageError
   */
  constructor(path?: string) {
    try {
      this.#fd = path === undefined ? null : openPrivateFile(path);
    } catch {
      throw new UsageError(`--errors ${path} cannot be written.`);
    }
  }

  get total(): number {
    return this.#total;
  }

  /** The first ones. */
  get first(): readonly Fault[] {
    return this.#first;
  }

  /** The system's code when the file could not be written to its end; null: it was. */
  get failure(): string | null {
    return this.#failure;
  }

  add(fault: Fault): void {
    this.#total++;
    if (this.#first.length < shownLimit) this.#first.push(fault);
    if (this.#fd === null) return;
    this.#buffer += `${plainJson(fault)}\n`;
    if (this.#buffer.length > 65_536) this.#flush();
  }

  close(): void {
    if (this.#fd === null) return;
    this.#flush();
    closeSync(this.#fd);
  }

  /** A list that cannot be written is no reason to send nobody any more. */
  #flush(): void {
    try {
      if (this.#fd !== null && this.#failure === null && this.#buffer !== '')
        writeWhole(this.#fd, this.#buffer);
    } catch (error) {
      this.#failure = errorCodeOf(error);
    }
    this.#buffer = '';
  }
}
