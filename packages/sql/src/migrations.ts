import { type RawBuilder, sql } from 'kysely';

import type { SqlContext } from './statement.js';

/** A change of the tables. Once released, it is never edited again: what comes later is a further one. */
export interface Migration {
  readonly name: string;
  statements(context: SqlContext): readonly RawBuilder<unknown>[];
}

/** All changes in their order. Times are milliseconds since 1970. */
export const migrations: readonly Migration[] = [
  {
    name: '0001_tables',
    statements: ({ tables, dialect: { exactText, countingKey } }) => [
      sql`create table ${tables.oneTimeValues} (
        key ${exactText} not null primary key,
        expires_at bigint not null
      )`,
      sql`create index ${tables.index('one_time_values_by_end')} on ${tables.oneTimeValues} (expires_at)`,
      sql`create table ${tables.epochs} (
        user_id ${exactText} not null primary key,
        epoch ${exactText} not null,
        expires_at bigint not null
      )`,
      sql`create index ${tables.index('epochs_by_end')} on ${tables.epochs} (expires_at)`,
      sql`create table ${tables.endedSessions} (
        sid ${exactText} not null primary key,
        expires_at bigint not null
      )`,
      sql`create index ${tables.index('ended_sessions_by_end')} on ${tables.endedSessions} (expires_at)`,
      sql`create table ${tables.links} (
        connector ${exactText} not null,
        community_user_id ${exactText} not null,
        site_user_id ${exactText},
        changed_at bigint not null,
        primary key (connector, community_user_id),
        unique (connector, site_user_id)
      )`,
      sql`create table ${tables.profiles} (
        connector ${exactText} not null,
        community_user_id ${exactText} not null,
        json ${exactText} not null,
        version ${exactText} not null,
        stored_at bigint not null,
        primary key (connector, community_user_id)
      )`,
      sql`create table ${tables.locks} (
        key ${exactText} not null primary key,
        owner ${exactText} not null,
        expires_at bigint not null
      )`,
      sql`create index ${tables.index('locks_by_end')} on ${tables.locks} (expires_at)`,
      sql`create table ${tables.numbers} (
        number ${countingKey},
        site_user_id ${exactText} not null unique
      )`,
      sql`create table ${tables.jobs} (
        seq ${countingKey},
        id ${exactText} not null unique,
        connector ${exactText} not null,
        body ${exactText} not null,
        generation bigint not null,
        attempts bigint not null,
        added_at bigint not null,
        due_at bigint not null,
        dead_at bigint,
        code ${exactText},
        detail ${exactText}
      )`,
      sql`create index ${tables.index('jobs_by_time')} on ${tables.jobs} (connector, due_at, seq) where dead_at is null`,
      sql`create index ${tables.index('jobs_by_death')} on ${tables.jobs} (dead_at) where dead_at is not null`,
      sql`create table ${tables.paces} (
        connector ${exactText} not null primary key,
        next_at bigint not null
      )`,
      sql`create table ${tables.standings} (
        site_user_id ${exactText} not null primary key,
        state ${exactText} not null,
        reason ${exactText},
        ends_at bigint,
        changed_at bigint not null
      )`,
      sql`create table ${tables.versions} (
        key ${exactText} not null primary key,
        version bigint not null,
        expires_at bigint not null
      )`,
      sql`create index ${tables.index('versions_by_end')} on ${tables.versions} (expires_at)`,
    ],
  },
];
