import { type ForumSsoStore, isForumSsoError } from '@forum-sso/core';

import { UsageError } from '../usage-error.js';

/** A store that was opened for this run. */
export interface OpenStore {
  readonly store: ForumSsoStore;
  close(): Promise<void>;
}

/**
 * Opens the site's database, to know who was removed or suspended. Its tables are left as they are.
 * @param url `postgres://…`, or the path of an SQLite file, with or without `sqlite:` or `file:` in front
 * @throws UsageError
 */
export async function openStore(url: string): Promise<OpenStore> {
  const { postgresStore, sqliteStore } = await loadSql();
  try {
    if (/^postgres(?:ql)?:/.test(url)) {
      const store = await postgresStore({ url, migrate: false });
      return { store, close: () => store.close() };
    }
    const path = /^(?:sqlite:|file:)?(?:\/\/)?(.+)$/.exec(url)?.[1] ?? url;
    const store = await sqliteStore({ path, migrate: false });
    return { store, close: () => store.close() };
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    throw new UsageError(`DATABASE_URL cannot be used: ${error.detail}`);
  }
}

async function loadSql() {
  try {
    return await import('@forum-sso/sql');
  } catch {
    throw new UsageError(
      'DATABASE_URL is set, and the package that reads it is not there: npm install @forum-sso/sql. (It is asked who was removed, so that nobody comes back by a push; unset DATABASE_URL to go without.)',
    );
  }
}
