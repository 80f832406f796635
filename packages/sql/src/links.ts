import type { LinkOutcome, Links } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart } from './arguments.js';
import { reading, type SqlContext, textOf, textOrNull, writing } from './statement.js';

/**
 * Links in one table, in which the database itself keeps each side unique. A retired account is a row without a site
 * user, in the very place where a link would be: so a link and a retirement can never pass each other by.
 */
export function links(context: SqlContext): Links {
  const { dialect, tables } = context;
  const insert = writing<'connector' | 'communityUserId' | 'siteUserId'>(
    context,
    (value) => sql`
      insert into ${tables.links} (connector, community_user_id, site_user_id, changed_at)
      values (${value('connector')}, ${value('communityUserId')}, ${value('siteUserId')}, ${dialect.now})
      on conflict do nothing
      returning 1 as linked`,
  );
  const findEither = reading<'connector' | 'communityUserId' | 'siteUserId'>(
    context,
    (value) => sql`
      select community_user_id, site_user_id from ${tables.links}
      where connector = ${value('connector')}
        and (community_user_id = ${value('communityUserId')} or site_user_id = ${value('siteUserId')})`,
  );
  const findByCommunityUser = reading<'connector' | 'communityUserId'>(
    context,
    (value) => sql`
      select site_user_id from ${tables.links}
      where connector = ${value('connector')} and community_user_id = ${value('communityUserId')}`,
  );
  const findBySiteUser = reading<'connector' | 'siteUserId'>(
    context,
    (value) => sql`
      select community_user_id from ${tables.links}
      where connector = ${value('connector')} and site_user_id = ${value('siteUserId')}`,
  );
  const unlink = writing<'connector' | 'communityUserId'>(
    context,
    (value) => sql`
      delete from ${tables.links}
      where connector = ${value('connector')} and community_user_id = ${value('communityUserId')}
        and site_user_id is not null
      returning 1 as removed`,
  );
  const retire = writing<'connector' | 'communityUserId'>(
    context,
    (value) => sql`
      insert into ${tables.links} (connector, community_user_id, site_user_id, changed_at)
      values (${value('connector')}, ${value('communityUserId')}, null, ${dialect.now})
      on conflict (connector, community_user_id) do update set
        site_user_id = null, changed_at = excluded.changed_at`,
  );

  /** Why an insert did nothing; null when the reason is gone by now. */
  async function obstacle(
    connector: string,
    communityUserId: string,
    siteUserId: string,
  ): Promise<LinkOutcome | null> {
    const rows = await findEither({ connector, communityUserId, siteUserId });
    const holder = rows.find((row) => textOf(row, 'community_user_id') === communityUserId);
    if (holder !== undefined) {
      return textOrNull(holder, 'site_user_id') === siteUserId ? 'existed' : 'communityUserTaken';
    }
    return rows.length > 0 ? 'siteUserTaken' : null;
  }

  return {
    async findByCommunityUser(connector, communityUserId) {
      const [row] = await findByCommunityUser({
        connector: keyPart(connector),
        communityUserId: keyPart(communityUserId),
      });
      return row === undefined ? null : textOrNull(row, 'site_user_id');
    },
    async findBySiteUser(connector, siteUserId) {
      const [row] = await findBySiteUser({ connector: keyPart(connector), siteUserId: keyPart(siteUserId) });
      return row === undefined ? null : textOf(row, 'community_user_id');
    },
    async link(connector, communityUserId, siteUserId) {
      for (const part of [connector, communityUserId, siteUserId]) keyPart(part);
      // Another process may unlink between the two steps; then once more.
      for (let attempt = 0; attempt < 10; attempt++) {
        const linked = await insert({ connector, communityUserId, siteUserId });
        if (linked.length === 1) return 'linked';
        const outcome = await obstacle(connector, communityUserId, siteUserId);
        if (outcome !== null) return outcome;
      }
      throw new Error('The accounts could not be linked: others change the same link all the time.');
    },
    async unlink(connector, communityUserId) {
      const removed = await unlink({
        connector: keyPart(connector),
        communityUserId: keyPart(communityUserId),
      });
      return removed.length === 1;
    },
    async retire(connector, communityUserId) {
      await retire({ connector: keyPart(connector), communityUserId: keyPart(communityUserId) });
    },
    async isRetired(connector, communityUserId) {
      const [row] = await findByCommunityUser({
        connector: keyPart(connector),
        communityUserId: keyPart(communityUserId),
      });
      return row !== undefined && textOrNull(row, 'site_user_id') === null;
    },
  };
}
