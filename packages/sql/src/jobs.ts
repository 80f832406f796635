import type { Jobs, WaitingJob } from '@forum-sso/core';
import { sql } from 'kysely';

import { keyPart } from './arguments.js';
import { numberOf, reading, type SqlContext, textOf, writing } from './statement.js';

/** Jobs and paces in tables. The clock of the database says what is due, so processes need not agree about the time. */
export function jobs(context: SqlContext): Jobs {
  return { ...waitingJobs(context), ...deadJobs(context), ...paces(context) };
}

type WaitingPart = 'add' | 'peek' | 'read' | 'complete' | 'postpone' | 'bury' | 'counts';

function waitingJobs(context: SqlContext): Pick<Jobs, WaitingPart> {
  const { dialect, tables } = context;
  const { now } = dialect;
  const add = writing<'id' | 'connector' | 'body'>(
    context,
    (value) => sql`
      insert into ${tables.jobs} as held (id, connector, body, generation, attempts, added_at, due_at)
      values (${value('id')}, ${value('connector')}, ${value('body')}, 1, 0, ${now}, ${now})
      on conflict (id) do update set
        body = excluded.body,
        generation = held.generation + 1,
        attempts = case when held.dead_at is null then held.attempts else 0 end,
        added_at = case when held.dead_at is null then held.added_at else excluded.added_at end,
        due_at = case when held.dead_at is null then held.due_at else excluded.due_at end,
        dead_at = null, code = null, detail = null`,
  );
  const due = reading<'connector' | 'limit'>(
    context,
    (value) => sql`
      select id, body, attempts, generation from ${tables.jobs}
      where connector = ${value('connector')} and dead_at is null and due_at <= ${now}
      order by due_at, seq limit cast(${value('limit')} as bigint)`,
  );
  const next = reading<'connector'>(
    context,
    (value) => sql`
      select due_at - ${now} as pause from ${tables.jobs}
      where connector = ${value('connector')} and dead_at is null and due_at > ${now}
      order by due_at limit 1`,
  );
  const read = reading<'id'>(
    context,
    (value) => sql`
      select id, body, attempts, generation from ${tables.jobs}
      where id = ${value('id')} and dead_at is null and due_at <= ${now}`,
  );
  const remove = writing<'id' | 'generation'>(
    context,
    (value) => sql`
      delete from ${tables.jobs}
      where id = ${value('id')} and dead_at is null and generation <= cast(${value('generation')} as bigint)
      returning 1 as removed`,
  );
  const beginAnew = writing<'id'>(
    context,
    (value) => sql`
      update ${tables.jobs} set attempts = 0, added_at = ${now}, due_at = ${now}
      where id = ${value('id')} and dead_at is null`,
  );
  const postpone = writing<'id' | 'delay' | 'attempts'>(
    context,
    (value) => sql`
      update ${tables.jobs} set
        attempts = attempts + cast(${value('attempts')} as bigint),
        due_at = ${now} + cast(${value('delay')} as bigint)
      where id = ${value('id')} and dead_at is null`,
  );
  const bury = writing<'id' | 'generation' | 'code' | 'detail'>(
    context,
    (value) => sql`
      update ${tables.jobs} set
        attempts = attempts + 1, dead_at = ${now}, code = ${value('code')}, detail = ${value('detail')}
      where id = ${value('id')} and dead_at is null and generation <= cast(${value('generation')} as bigint)
      returning 1 as buried`,
  );
  const count = reading<never>(
    context,
    () => sql`
      select connector,
        sum(case when dead_at is null then 1 else 0 end) as waiting,
        sum(case when dead_at is null then 0 else 1 end) as dead,
        max(case when dead_at is null then ${now} - added_at else -1 end) as oldest
      from ${tables.jobs} group by connector`,
  );

  return {
    async add({ id, connector, body }) {
      await add({ id: keyPart(id), connector: keyPart(connector), body });
    },
    async peek(connector, limit) {
      const rows = await due({ connector: keyPart(connector), limit });
      const [later] = rows.length < limit ? await next({ connector }) : [];
      return {
        jobs: rows.map(waitingJobOf),
        nextInMilliseconds: later === undefined ? null : Math.max(1, numberOf(later, 'pause')),
      };
    },
    async read(id) {
      const [row] = await read({ id: keyPart(id) });
      return row === undefined ? null : waitingJobOf(row);
    },
    async complete(id, generation) {
      if ((await remove({ id: keyPart(id), generation })).length === 1) return true;
      await beginAnew({ id });
      return false;
    },
    async postpone(id, delayMilliseconds, counts) {
      await postpone({ id: keyPart(id), delay: whole(delayMilliseconds), attempts: counts ? 1 : 0 });
    },
    async bury(id, generation, { code, detail }) {
      if ((await bury({ id: keyPart(id), generation, code, detail })).length === 1) return true;
      await beginAnew({ id });
      return false;
    },
    async counts() {
      const rows = await count({});
      return rows.map((row) => {
        const waiting = numberOf(row, 'waiting');
        return {
          connector: textOf(row, 'connector'),
          waiting,
          dead: numberOf(row, 'dead'),
          oldestMilliseconds: waiting === 0 ? null : Math.max(0, numberOf(row, 'oldest')),
        };
      });
    },
  };
}

function deadJobs(context: SqlContext): Pick<Jobs, 'dead' | 'revive' | 'discard'> {
  const { dialect, tables } = context;
  const { now } = dialect;
  const list = reading<'limit'>(
    context,
    (value) => sql`
      select id, connector, body, attempts, code, detail, dead_at from ${tables.jobs}
      where dead_at is not null order by dead_at desc, seq desc limit cast(${value('limit')} as bigint)`,
  );
  const revive = writing<'id'>(
    context,
    (value) => sql`
      update ${tables.jobs} set
        attempts = 0, added_at = ${now}, due_at = ${now}, dead_at = null, code = null, detail = null
      where id = ${value('id')} and dead_at is not null
      returning 1 as revived`,
  );
  const discard = writing<'id'>(
    context,
    (value) => sql`
      delete from ${tables.jobs} where id = ${value('id')} and dead_at is not null returning 1 as discarded`,
  );
  return {
    async dead(limit) {
      const rows = await list({ limit });
      return rows.map((row) => ({
        id: textOf(row, 'id'),
        connector: textOf(row, 'connector'),
        body: textOf(row, 'body'),
        attempts: numberOf(row, 'attempts'),
        code: textOf(row, 'code'),
        detail: textOf(row, 'detail'),
        diedAt: new Date(numberOf(row, 'dead_at')),
      }));
    },
    revive: async (id) => (await revive({ id: keyPart(id) })).length === 1,
    discard: async (id) => (await discard({ id: keyPart(id) })).length === 1,
  };
}

function paces(context: SqlContext): Pick<Jobs, 'takeSlot' | 'hold'> {
  const { dialect, tables } = context;
  const { now } = dialect;
  const take = writing<'connector' | 'slot' | 'late'>(
    context,
    (value) => sql`
      insert into ${tables.paces} as held (connector, next_at)
      values (${value('connector')}, ${now} + cast(${value('slot')} as bigint))
      on conflict (connector) do update set next_at = cast(${value('slot')} as bigint) + case
        when held.next_at > ${now} - cast(${value('late')} as bigint) then held.next_at
        else ${now} - cast(${value('late')} as bigint) end
      where held.next_at <= ${now}
      returning 1 as taken`,
  );
  const left = reading<'connector'>(
    context,
    (value) =>
      sql`select next_at - ${now} as pause from ${tables.paces} where connector = ${value('connector')}`,
  );
  const hold = writing<'connector' | 'pause'>(
    context,
    (value) => sql`
      insert into ${tables.paces} as held (connector, next_at)
      values (${value('connector')}, ${now} + cast(${value('pause')} as bigint))
      on conflict (connector) do update set next_at = excluded.next_at where held.next_at < excluded.next_at`,
  );
  return {
    async takeSlot(connector, milliseconds, late) {
      const taken = await take({
        connector: keyPart(connector),
        slot: whole(milliseconds),
        late: whole(late),
      });
      if (taken.length === 1) return 0;
      const [row] = await left({ connector });
      return row === undefined ? 1 : Math.max(1, numberOf(row, 'pause'));
    },
    async hold(connector, milliseconds) {
      await hold({ connector: keyPart(connector), pause: whole(milliseconds) });
    },
  };
}

function waitingJobOf(row: unknown): WaitingJob {
  return {
    id: textOf(row, 'id'),
    body: textOf(row, 'body'),
    attempts: numberOf(row, 'attempts'),
    generation: numberOf(row, 'generation'),
  };
}

/** @throws RangeError when it is no number of milliseconds, 0 or more */
function whole(milliseconds: number): number {
  const up = Math.ceil(milliseconds);
  if (!Number.isSafeInteger(up) || up < 0)
    throw new RangeError('A time is a number of milliseconds, 0 or more.');
  return up;
}
