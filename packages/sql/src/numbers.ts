import type { Numbers } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart } from './arguments.js';
import { numberOf, reading, type SqlContext, textOf, writing } from './statement.js';

/** Numbers in a table from which nothing is ever deleted; the database counts. */
export function numbers(context: SqlContext): Numbers {
  const { tables } = context;
  const find = reading<'siteUserId'>(
    context,
    (value) => sql`select number from ${tables.numbers} where site_user_id = ${value('siteUserId')}`,
  );
  const insert = writing<'siteUserId'>(
    context,
    (value) => sql`
      insert into ${tables.numbers} (site_user_id) values (${value('siteUserId')})
      on conflict (site_user_id) do nothing
      returning number`,
  );
  const findOwner = reading<'number'>(
    context,
    (value) =>
      sql`select site_user_id from ${tables.numbers} where number = cast(${value('number')} as bigint)`,
  );
  return {
    async numberOf(siteUserId) {
      const values = { siteUserId: keyPart(siteUserId) };
      // An insert in vain would use up a number, so it is not tried first. Another process may be quicker in between.
      const [row] = await firstOf([find, insert, find], values);
      return numberOf(row, 'number');
    },
    async siteUserOf(number) {
      if (!Number.isSafeInteger(number) || number < 1) return null;
      const [row] = await findOwner({ number });
      return row === undefined ? null : textOf(row, 'site_user_id');
    },
  };
}

/** The rows of the first statement that gives any. */
async function firstOf<Values>(
  statements: readonly ((values: Values) => Promise<readonly unknown[]>)[],
  values: Values,
): Promise<readonly unknown[]> {
  for (const each of statements) {
    const rows = await each(values);
    if (rows.length > 0) return rows;
  }
  return [];
}
