import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Environment, Numbers } from '@forum-sso/core';
import { postgresStore, sqliteStore } from '@forum-sso/sql';

/** The numbers of the site's people, in a database. */
export interface OpenNumbers {
  readonly numbers: Numbers;
  close(): Promise<void>;
}

/**
 * Opens what must outlive the demo, in `DATABASE_URL` or else in a file: the numbers by which other programs know its
 * people. Given out anew after a restart, they would make one person another.
 *
 * @param folder for the file; created when it is missing
 * @throws ForumSsoError `ERR_OPTIONS_INVALID`, `ERR_STORE_UNAVAILABLE`
 */
export async function openNumbers({ DATABASE_URL }: Environment, folder: string): Promise<OpenNumbers> {
  if (DATABASE_URL !== undefined) return postgresStore({ url: DATABASE_URL });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return sqliteStore({ path: join(folder, 'numbers.db') });
}
