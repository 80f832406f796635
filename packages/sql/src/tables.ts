import { ForumSsoError } from '@forum-sso/core';
import { type RawBuilder, sql } from 'kysely';

/** Where the tables are. */
export interface TablePlace {
  /** PostgreSQL: the schema, which has to exist. Default: the connection's own (`search_path`). */
  readonly schema?: string;
  /** What all tables' names start with; lower-case letters, digits and `_`. Default `forum_sso_`. */
  readonly prefix?: string;
}

/** The tables, ready to be put into a statement. */
export interface Tables {
  /** (key, expires_at): values that were used. */
  readonly oneTimeValues: RawBuilder<unknown>;
  /** (user_id, epoch, expires_at): the epoch of each person. */
  readonly epochs: RawBuilder<unknown>;
  /** (sid, expires_at): sessions that were ended before their time. */
  readonly endedSessions: RawBuilder<unknown>;
  /** (connector, community_user_id, site_user_id, changed_at): links; without a site user it is a retired account. */
  readonly links: RawBuilder<unknown>;
  /** (connector, community_user_id, json, version, stored_at): what communities told about their users. */
  readonly profiles: RawBuilder<unknown>;
  /** (key, owner, expires_at) */
  readonly locks: RawBuilder<unknown>;
  /** (number, site_user_id): numbers of people, given once and for good. */
  readonly numbers: RawBuilder<unknown>;
  /** (seq, id, connector, body, generation, attempts, added_at, due_at, dead_at, code, detail): what is to be pushed. */
  readonly jobs: RawBuilder<unknown>;
  /** (connector, next_at): when the next call of a community may leave. */
  readonly paces: RawBuilder<unknown>;
  /** (site_user_id, state, reason, ends_at, changed_at): who was removed or suspended. */
  readonly standings: RawBuilder<unknown>;
  /** (key, version, expires_at): which state of a person was sent last. */
  readonly versions: RawBuilder<unknown>;
  /** (name, applied_at): which migrations have run. */
  readonly migrations: RawBuilder<unknown>;
  /** The name of an index, which lies in the schema of its table. */
  index(name: string): RawBuilder<unknown>;
  /** Names the place as a whole, for a lock. */
  readonly place: string;
}

/**
 * The tables at a place.
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when schema or prefix cannot be used
 */
export function tablesAt({ schema, prefix = 'forum_sso_' }: TablePlace): Tables {
  const problems = [
    ...(/^[a-z_][a-z0-9_]{0,31}$/.test(prefix)
      ? []
      : ['prefix: must be 1 to 32 lower-case letters, digits or "_", not starting with a digit.']),
    ...(schema === undefined || /^[^\0]{1,63}$/.test(schema)
      ? []
      : ['schema: must be the name of a schema.']),
  ];
  if (problems.length > 0) {
    throw new ForumSsoError('ERR_OPTIONS_INVALID', `The tables' place: ${problems.join(' ')}`, { problems });
  }
  const table = (name: string): RawBuilder<unknown> =>
    schema === undefined ? sql.id(prefix + name) : sql.id(schema, prefix + name);
  return {
    oneTimeValues: table('one_time_values'),
    epochs: table('epochs'),
    endedSessions: table('ended_sessions'),
    links: table('links'),
    profiles: table('profiles'),
    locks: table('locks'),
    numbers: table('numbers'),
    jobs: table('jobs'),
    paces: table('paces'),
    standings: table('standings'),
    versions: table('versions'),
    migrations: table('migrations'),
    index: (name) => sql.id(prefix + name),
    place: JSON.stringify(['forum-sso', schema ?? null, prefix]),
  };
}
