import type { Locks } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart, millisecondsOf } from './arguments.js';
import { type SqlContext, writing } from './statement.js';
import { createSweep } from './sweep.js';

/** Locks in a table; they hold nothing in the database itself and outlive the connection that took them. */
export function locks(context: SqlContext): Locks {
  const { dialect, tables } = context;
  const sweep = createSweep(context, 'locks');
  const acquire = writing<'key' | 'owner' | 'life'>(
    context,
    (value) => sql`
      insert into ${tables.locks} as held (key, owner, expires_at)
      values (${value('key')}, ${value('owner')}, ${dialect.now} + cast(${value('life')} as bigint))
      on conflict (key) do update set owner = excluded.owner, expires_at = excluded.expires_at
      where held.expires_at <= ${dialect.now} or held.owner = excluded.owner
      returning 1 as taken`,
  );
  const release = writing<'key' | 'owner'>(
    context,
    (value) => sql`delete from ${tables.locks} where key = ${value('key')} and owner = ${value('owner')}`,
  );
  return {
    async acquire(key, owner, lifeSeconds) {
      const taken = await acquire({
        key: keyPart(key),
        owner: keyPart(owner),
        life: millisecondsOf(lifeSeconds),
      });
      sweep();
      return taken.length === 1;
    },
    async release(key, owner) {
      await release({ key: keyPart(key), owner: keyPart(owner) });
    },
  };
}
