import type { People, Standing } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart } from './arguments.js';
import { numberOf, reading, type SqlContext, textOf, textOrNull, writing } from './statement.js';
import { createSweep } from './sweep.js';

/** Milliseconds that versions are kept: longer than any push is under way. */
const versionLife = 3_600_000;

/** Standings and versions in tables. */
export function people(context: SqlContext): People {
  return { ...standings(context), ...versions(context) };
}

function standings(context: SqlContext): Pick<People, 'standing' | 'suspend' | 'remove' | 'restore'> {
  const { dialect, tables } = context;
  const { now } = dialect;
  const find = reading<'siteUserId'>(
    context,
    (value) => sql`
      select state, reason, coalesce(ends_at, -1) as ends from ${tables.standings}
      where site_user_id = ${value('siteUserId')} and (ends_at is null or ends_at > ${now})`,
  );
  const suspend = writing<'siteUserId' | 'reason' | 'endsAt'>(
    context,
    (value) => sql`
      insert into ${tables.standings} as held (site_user_id, state, reason, ends_at, changed_at)
      values (
        ${value('siteUserId')}, 'suspended', ${value('reason')}, cast(${value('endsAt')} as bigint), ${now}
      )
      on conflict (site_user_id) do update set
        state = excluded.state, reason = excluded.reason, ends_at = excluded.ends_at,
        changed_at = excluded.changed_at
      where held.state <> 'removed'
      returning 1 as suspended`,
  );
  const remove = writing<'siteUserId'>(
    context,
    (value) => sql`
      insert into ${tables.standings} as held (site_user_id, state, reason, ends_at, changed_at)
      values (${value('siteUserId')}, 'removed', null, null, ${now})
      on conflict (site_user_id) do update set
        state = excluded.state, reason = null, ends_at = null, changed_at = excluded.changed_at
      where held.state <> 'removed'`,
  );
  const restore = writing<'siteUserId'>(
    context,
    (value) => sql`
      delete from ${tables.standings} where site_user_id = ${value('siteUserId')} returning 1 as restored`,
  );
  return {
    async standing(siteUserId) {
      const [row] = await find({ siteUserId: keyPart(siteUserId) });
      return row === undefined ? null : standingOf(row);
    },
    async suspend(siteUserId, { reason, until }) {
      const rows = await suspend({
        siteUserId: keyPart(siteUserId),
        reason,
        endsAt: until === null ? null : until.getTime(),
      });
      return rows.length === 1;
    },
    async remove(siteUserId) {
      await remove({ siteUserId: keyPart(siteUserId) });
    },
    restore: async (siteUserId) => (await restore({ siteUserId: keyPart(siteUserId) })).length === 1,
  };
}

function versions(context: SqlContext): Pick<People, 'nextVersion' | 'takeVersion'> {
  const { dialect, tables } = context;
  const { now } = dialect;
  const sweep = createSweep(context, 'versions');
  // From the clock rather than from 1, so that a number that was swept away is not given again.
  const draw = writing<'key' | 'life'>(
    context,
    (value) => sql`
      insert into ${tables.versions} as held (key, version, expires_at)
      values (${value('key')}, ${now}, ${now} + cast(${value('life')} as bigint))
      on conflict (key) do update set
        version = case when held.version >= excluded.version then held.version + 1 else excluded.version end,
        expires_at = excluded.expires_at
      returning version`,
  );
  const take = writing<'key' | 'version' | 'life'>(
    context,
    (value) => sql`
      insert into ${tables.versions} as held (key, version, expires_at)
      values (
        ${value('key')}, cast(${value('version')} as bigint), ${now} + cast(${value('life')} as bigint)
      )
      on conflict (key) do update set version = excluded.version, expires_at = excluded.expires_at
      where held.version <= excluded.version or held.expires_at <= ${now}
      returning 1 as taken`,
  );
  return {
    async nextVersion(siteUserId) {
      const [row] = await draw({ key: keyPart(`drawn:${siteUserId}`), life: versionLife });
      sweep();
      return numberOf(row, 'version');
    },
    async takeVersion(connector, siteUserId, version) {
      const key = keyPart(`sent:${connector}:${siteUserId}`);
      return (await take({ key, version, life: versionLife })).length === 1;
    },
  };
}

function standingOf(row: unknown): Standing {
  if (textOf(row, 'state') === 'removed') return { state: 'removed' };
  const ends = numberOf(row, 'ends');
  return {
    state: 'suspended',
    reason: textOrNull(row, 'reason'),
    until: ends === -1 ? null : new Date(ends),
  };
}
