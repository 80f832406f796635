import type { Profiles } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart } from './arguments.js';
import { numberOf, reading, type SqlContext, textOf, writing } from './statement.js';

/** Bytes of JSON that a profile may have. */
const profileLimit = 65_536;

/** Profiles in a table; the later version wins within the statement that writes. */
export function profiles(context: SqlContext): Profiles {
  const { dialect, tables } = context;
  const read = reading<'connector' | 'communityUserId'>(
    context,
    (value) => sql`
      select json, version, stored_at from ${tables.profiles}
      where connector = ${value('connector')} and community_user_id = ${value('communityUserId')}`,
  );
  const write = writing<'connector' | 'communityUserId' | 'json' | 'version' | 'force'>(
    context,
    (value) => sql`
      insert into ${tables.profiles} as held (connector, community_user_id, json, version, stored_at)
      values (
        ${value('connector')}, ${value('communityUserId')}, ${value('json')}, ${value('version')}, ${dialect.now}
      )
      on conflict (connector, community_user_id) do update set
        json = excluded.json, version = excluded.version, stored_at = excluded.stored_at
      where held.version < excluded.version or cast(${value('force')} as integer) = 1
      returning 1 as stored`,
  );
  const remove = writing<'connector' | 'communityUserId'>(
    context,
    (value) => sql`
      delete from ${tables.profiles}
      where connector = ${value('connector')} and community_user_id = ${value('communityUserId')}`,
  );
  return {
    async read(connector, communityUserId) {
      const [row] = await read({ connector: keyPart(connector), communityUserId: keyPart(communityUserId) });
      if (row === undefined) return null;
      return {
        json: textOf(row, 'json'),
        version: textOf(row, 'version'),
        storedAt: new Date(numberOf(row, 'stored_at')),
      };
    },
    async write(connector, communityUserId, { json, version }, force = false) {
      if (Buffer.byteLength(json) > profileLimit) {
        throw new RangeError(`A profile has at most ${profileLimit} bytes of JSON.`);
      }
      const stored = await write({
        connector: keyPart(connector),
        communityUserId: keyPart(communityUserId),
        json,
        version: keyPart(version),
        force: force ? 1 : 0,
      });
      return stored.length === 1;
    },
    async remove(connector, communityUserId) {
      await remove({ connector: keyPart(connector), communityUserId: keyPart(communityUserId) });
    },
  };
}
