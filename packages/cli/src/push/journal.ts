import {
  closeSync,
  fchmodSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { errorCodeOf } from '../error-code.js';
import { UsageError } from '../usage-error.js';
import { Digests, type JournalKey } from './digests.js';
import { openPrivateFile } from './private-file.js';
import { type ContentDigest, SentTable, type UserDigest } from './sent-table.js';
import { writeWhole } from './write-whole.js';

/** What a journal belongs to. */
export interface JournalTarget {
  readonly kind: string;
  readonly connector: string;
  readonly address: string;
  /** The site's keys for this journal, newest first. Never empty. */
  readonly keys: readonly [JournalKey, ...JournalKey[]];
}

/** A journal as it was found. */
export interface JournalContent {
  readonly digests: Digests;
  readonly table: SentTable;
  /** Lines that could not be read; whoever they were about is sent again. */
  readonly damagedLines: number;
  /** Bytes up to the end of the last whole line. */
  readonly wholeBytes: number;
  readonly lines: number;
}

const title = 'forum-sso-push-journal 1';
const headLine = /^forum-sso-push-journal 1 ([\da-f]{16}) ([\da-f]{32})$/;
const entryLine = /^[\da-f]{15} [0-7][\da-f]{11}$/;
const syncData = promisify(fdatasync);

/** Milliseconds between two writes to the disk proper. */
const syncInterval = 1_000;

/**
 * Reads a journal. The last line may be cut off, as after a crash; it does not count.
 * @returns null when there is no such file
 * @throws UsageError when it is no journal, or belongs to another community or other keys
 */
export function readJournal(path: string, target: JournalTarget): JournalContent | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw new UsageError(`The journal ${path} cannot be read (${errorCodeOf(error)}).`);
  }
  try {
    return readLines(fd, path, target);
  } finally {
    closeSync(fd);
  }
}

function readLines(fd: number, path: string, target: JournalTarget): JournalContent {
  const chunk = Buffer.alloc(1 << 20);
  const table = new SentTable();
  let digests: Digests | undefined;
  let rest = '';
  let lines = 0;
  let damagedLines = 0;
  let wholeBytes = 0;
  for (let length = readSync(fd, chunk); length > 0; length = readSync(fd, chunk)) {
    const parts = (rest + chunk.toString('latin1', 0, length)).split('\n');
    rest = parts.pop() ?? '';
    // What has no line end for so long is no journal.
    if (rest.length > 1_000) throw notOurs(path);
    for (const line of parts) {
      wholeBytes += line.length + 1;
      if (digests === undefined) {
        digests = readHead(line, path, target);
        continue;
      }
      lines++;
      if (entryLine.test(line)) table.set(line.slice(0, 15), line.slice(16));
      else damagedLines++;
    }
  }
  if (digests === undefined && rest === '' && wholeBytes === 0) digests = new Digests(target.keys[0]);
  // Killed while the very first line was written: nothing was sent yet.
  if (digests === undefined && title.startsWith(rest.slice(0, title.length)))
    digests = new Digests(target.keys[0]);
  if (digests === undefined) throw notOurs(path);
  return { digests, table, damagedLines, wholeBytes, lines };
}

function readHead(line: string, path: string, { kind, connector, address, keys }: JournalTarget): Digests {
  const [, keyId, digest] = headLine.exec(line) ?? [];
  if (keyId === undefined) throw notOurs(path);
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) {
    throw new UsageError(
      `The journal ${path} was made with a key that is not among FORUM_SSO_KEYS (or at another site): give the old key after the new one, or begin anew with --fresh.`,
    );
  }
  const digests = new Digests(key);
  if (digests.target(kind, connector, address) !== digest) {
    throw new UsageError(
      `The journal ${path} belongs to another community than the connector "${connector}" is for now: name the right one by --journal, or begin anew with --fresh.`,
    );
  }
  return digests;
}

function notOurs(path: string): UsageError {
  return new UsageError(`${path} is not a journal of "forum-sso push": name another file by --journal.`);
}

/**
 * The journal of a push: who was sent with what content, as keyed digests, one line a person, appended as soon as the
 * community has confirmed. Holds no personal data; readable by its owner alone.
 *
 * Each line is handed to the operating system before the next person is sent, so killing this process loses none. To the
 * disk itself they go once a second and at the end: a power cut costs the lines of the last second, whose people are
 * then sent once more.
 */
export class Journal {
  readonly digests: Digests;
  readonly table: SentTable;
  readonly path: string;
  readonly #fd: number;
  readonly #lock: string;
  #syncing = false;
  #unsynced = false;
  #lastSync = Date.now();

  private constructor(path: string, fd: number, lock: string, digests: Digests, table: SentTable) {
    this.path = path;
    this.#fd = fd;
    this.#lock = lock;
    this.digests = digests;
    this.table = table;
  }

  /**
   * Opens a journal to write to it.
   * @param mode `new`: there must be none; `resume`: go on with the one there is, if any; `fresh`: drop the one there is
   * @throws UsageError
   */
  static open(
    path: string,
    target: JournalTarget,
    mode: 'new' | 'resume' | 'fresh',
  ): { readonly journal: Journal; readonly resumed: number; readonly damagedLines: number } {
    const lock = takeLock(path);
    try {
      const found = mode === 'fresh' ? null : readJournal(path, target);
      if (found !== null && mode === 'new') {
        throw new UsageError(
          `There is a journal already (${path}): --resume sends only who is not in it or has changed, --fresh sends everybody.`,
        );
      }
      if (found === null || found.wholeBytes === 0) {
        const digests = new Digests(target.keys[0]);
        const fd = openPrivateFile(path);
        writeWhole(fd, headOf(digests, target));
        fsyncSync(fd);
        syncFolder(path);
        return {
          journal: new Journal(path, fd, lock, digests, new SentTable()),
          resumed: 0,
          damagedLines: 0,
        };
      }
      const { digests, table, damagedLines } = found;
      if (found.lines > 3 * table.size + 10_000) compact(path, found, target);
      else repair(path, found.wholeBytes);
      const journal = new Journal(path, openSync(path, 'a', 0o600), lock, digests, table);
      return { journal, resumed: table.size, damagedLines };
    } catch (error) {
      rmSync(lock, { force: true });
      if (error instanceof UsageError) throw error;
      throw new UsageError(`The journal ${path} cannot be written (${errorCodeOf(error)}).`);
    }
  }

  /** Notes that a person was sent. @throws the system's error when that cannot be written */
  sent(user: UserDigest, content: ContentDigest): void {
    writeWhole(this.#fd, `${user} ${content}\n`);
    this.table.set(user, content);
    this.#unsynced = true;
    const now = Date.now();
    if (!this.#syncing && now - this.#lastSync >= syncInterval) {
      this.#syncing = true;
      this.#unsynced = false;
      this.#lastSync = now;
      // Failing, it is tried again with the next line and, for good, at the end.
      void syncData(this.#fd)
        .catch(() => {
          this.#unsynced = true;
        })
        .finally(() => {
          this.#syncing = false;
        });
    }
  }

  /** Brings everything to the disk and gives the journal free. */
  close(): void {
    try {
      if (this.#unsynced || this.#syncing) fsyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
      rmSync(this.#lock, { force: true });
    }
  }
}

function headOf(digests: Digests, { kind, connector, address }: JournalTarget): string {
  return `${title} ${digests.keyId} ${digests.target(kind, connector, address)}\n`;
}

/** Cuts off a last line without its end, which would swallow the next one. */
function repair(path: string, wholeBytes: number): void {
  const fd = openSync(path, 'r+');
  try {
    fchmodSync(fd, 0o600);
    ftruncateSync(fd, wholeBytes);
  } finally {
    closeSync(fd);
  }
}

/** Writes a journal anew with one line a person, beside the old one, and puts it in its place. */
function compact(path: string, { digests, table }: JournalContent, target: JournalTarget): void {
  const copy = `${path}.new`;
  rmSync(copy, { force: true });
  const fd = openSync(copy, 'wx', 0o600);
  let text = headOf(digests, target);
  for (const [user, content] of table.entries()) {
    text += `${user} ${content}\n`;
    if (text.length > 1 << 20) {
      writeWhole(fd, text);
      text = '';
    }
  }
  writeWhole(fd, text);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(copy, path);
  syncFolder(path);
}

/** So that the file's name outlives a power cut, too. Some systems do not open folders; there it is left out. */
function syncFolder(path: string): void {
  try {
    const fd = openSync(dirname(path), 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // What it guards against is a power cut in the first second of a run.
  }
}

/** Two runs with one journal would send everybody twice. */
function takeLock(path: string): string {
  const lock = `${path}.lock`;
  for (let tries = 0; tries < 2; tries++) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return lock;
    } catch (error) {
      if (errorCodeOf(error) !== 'EEXIST') {
        throw new UsageError(`The journal ${path} cannot be written (${errorCodeOf(error)}).`);
      }
      const pid = lockHolder(lock);
      if (pid !== null && pid !== process.pid && isRunning(pid)) {
        throw new UsageError(
          `Another run (process ${pid}) uses the journal ${path}: wait for its end, or, if there is none, remove ${lock}.`,
        );
      }
      rmSync(lock, { force: true });
    }
  }
  throw new UsageError(`Another run uses the journal ${path}.`);
}

function lockHolder(lock: string): number | null {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCodeOf(error) === 'EPERM';
  }
}
