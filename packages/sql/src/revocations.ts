import type { Revocations } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart, millisecondsOf } from './arguments.js';
import { reading, type SqlContext, textOf, writing } from './statement.js';
import { createSweep } from './sweep.js';

/** Epochs and ended sessions, a table each. */
export function revocations(context: SqlContext): Revocations {
  const { dialect, tables } = context;
  const { now } = dialect;
  const sweepEpochs = createSweep(context, 'epochs');
  const sweepSessions = createSweep(context, 'endedSessions');
  const join = writing<'userId' | 'fresh' | 'life'>(
    context,
    (value) => sql`
      insert into ${tables.epochs} as held (user_id, epoch, expires_at)
      values (${value('userId')}, ${value('fresh')}, ${now} + cast(${value('life')} as bigint))
      on conflict (user_id) do update set
        epoch = case when held.expires_at <= ${now} then excluded.epoch else held.epoch end,
        expires_at = excluded.expires_at
      returning epoch`,
  );
  const isLive = reading<'userId' | 'epoch' | 'sid'>(
    context,
    (value) => sql`
      select 1 as live from ${tables.epochs}
      where user_id = ${value('userId')} and epoch = ${value('epoch')} and expires_at > ${now}
        and not exists (
          select 1 from ${tables.endedSessions} where sid = ${value('sid')} and expires_at > ${now}
        )`,
  );
  const endOne = writing<'sid' | 'life'>(
    context,
    (value) => sql`
      insert into ${tables.endedSessions} (sid, expires_at)
      values (${value('sid')}, ${now} + cast(${value('life')} as bigint))
      on conflict (sid) do update set expires_at = excluded.expires_at`,
  );
  const endAll = writing<'userId'>(
    context,
    (value) => sql`delete from ${tables.epochs} where user_id = ${value('userId')}`,
  );
  return {
    async join(userId, fresh, lifeSeconds) {
      const [row] = await join({
        userId: keyPart(userId),
        fresh: keyPart(fresh),
        life: millisecondsOf(lifeSeconds),
      });
      sweepEpochs();
      return textOf(row, 'epoch');
    },
    async isLive(userId, epoch, sid) {
      const live = await isLive({ userId: keyPart(userId), epoch, sid: keyPart(sid) });
      return live.length === 1;
    },
    async endOne(sid, lifeSeconds) {
      await endOne({ sid: keyPart(sid), life: millisecondsOf(lifeSeconds) });
      sweepSessions();
    },
    async endAll(userId) {
      await endAll({ userId: keyPart(userId) });
    },
  };
}
