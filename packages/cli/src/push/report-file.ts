import { closeSync } from 'node:fs';

import { errorCodeOf } from '../error-code.js';
import { plainJson } from '../terminal/plain.js';
import { UsageError } from '../usage-error.js';
import { openPrivateFile } from './private-file.js';
import type { PushReport } from './report.js';
import { writeWhole } from './write-whole.js';

/** Where the final report goes. Opened before anything is sent: after hours of work it would be too late to find it shut. */
export class ReportFile {
  readonly #fd: number | null;

  /**
   * @param path a file that is written anew, readable by its owner alone; `-`: standard output; left out: nowhere
   * @throws UsageError
   */
  constructor(path: string | undefined) {
    try {
      this.#fd = path === undefined ? null : path === '-' ? process.stdout.fd : openPrivateFile(path);
    } catch (error) {
      throw new UsageError(`--report ${path} cannot be written (${errorCodeOf(error)}).`);
    }
  }

  /** @returns the system's code when it cannot be written; null: it was */
  write(report: PushReport): string | null {
    if (this.#fd === null) return null;
    const text = `${plainJson(report, 2)}\n`;
    try {
      if (this.#fd === process.stdout.fd) process.stdout.write(text);
      else writeWhole(this.#fd, text);
      return null;
    } catch (error) {
      return errorCodeOf(error);
    }
  }

  close(): void {
    if (this.#fd !== null && this.#fd !== process.stdout.fd) closeSync(this.#fd);
  }
}
