import type { OneTimeValues } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart, millisecondsOf } from './arguments.js';
import { type SqlContext, writing } from './statement.js';
import { createSweep } from './sweep.js';

/** One-time values in a table. A mark that is over may be taken over, in the same statement. */
export function oneTimeValues(context: SqlContext): OneTimeValues {
  const { dialect, tables } = context;
  const sweep = createSweep(context, 'oneTimeValues');
  const claim = writing<'key' | 'life'>(
    context,
    (value) => sql`
      insert into ${tables.oneTimeValues} as held (key, expires_at)
      values (${value('key')}, ${dialect.now} + cast(${value('life')} as bigint))
      on conflict (key) do update set expires_at = excluded.expires_at
      where held.expires_at <= ${dialect.now}
      returning 1 as taken`,
  );
  return {
    async claim(key, lifeSeconds) {
      const taken = await claim({ key: keyPart(key), life: millisecondsOf(lifeSeconds) });
      sweep();
      return taken.length === 1;
    },
  };
}
