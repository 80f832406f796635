import { setTimeout as sleep } from 'node:timers/promises';

import { assertOneWinnerEach, claimAll, findPostgres } from '@forum-sso/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import Database from 'libsql';

import { type OpenSqlStore, postgresStore, sqliteStore } from '../src/index.js';
import { makeFolder, makeSchema, type TestFolder, type TestSchema } from './databases.js';

const postgres = await findPostgres();
const kinds = postgres === null ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const);

afterAll(() => postgres?.stop());

describe.each(kinds)('the store on %s', (kind) => {
  let schema: TestSchema | undefined;
  let folder: TestFolder | undefined;
  let path = '';
  let store: OpenSqlStore;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    if (kind === 'postgres') schema = await makeSchema(postgres?.url ?? '');
    else folder = await makeFolder();
  });

  beforeEach(async () => {
    path = folder?.file() ?? '';
    if (schema !== undefined) {
      await schema.client.query(`drop schema ${schema.name} cascade; create schema ${schema.name}`);
    }
    store = await open();
  });

  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
    await folder?.remove();
    await schema?.drop();
  });

  async function open(): Promise<OpenSqlStore> {
    const opened =
      schema === undefined
        ? await sqliteStore({ path })
        : await postgresStore({ url: postgres?.url ?? '', schema: schema.name });
    closing.push(opened.close);
    return opened;
  }

  /** Asks the database directly. */
  async function query(text: string): Promise<unknown[]> {
    if (schema !== undefined) {
      await schema.client.query(`set search_path to ${schema.name}`);
      return (await schema.client.query(text)).rows;
    }
    const database = new Database(path, { timeout: 5_000 });
    try {
      const statement = database.prepare(text);
      if (statement.reader) return statement.all();
      statement.run();
      return [];
    } finally {
      database.close();
    }
  }

  async function countRows(table: string): Promise<number> {
    const [row] = await query(`select count(*) as number from ${table}`);
    return Number(typeof row === 'object' && row !== null && 'number' in row ? row.number : Number.NaN);
  }

  /** Rows that were over long ago. */
  async function fillWithOld(number: number): Promise<void> {
    await query(
      `insert into forum_sso_one_time_values (key, expires_at)
       with recursive old(n) as (select 0 union all select n + 1 from old where n < ${number - 1})
       select 'old-' || n, 1000 + n from old`,
    );
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 5_000; !(await condition()); await sleep(20)) {
      if (Date.now() > end) throw new Error('It never happened.');
    }
  }

  test('what was written is there for the next start', async () => {
    await store.oneTime.claim('nonce', 60);
    await store.links.link('forum', '1', 'anna');
    await store.close();
    const again = await open();
    expect(await again.oneTime.claim('nonce', 60)).toBe(false);
    expect(await again.links.findBySiteUser('forum', 'anna')).toBe('1');
    store = again;
  });

  test('lives are counted by the clock of the database, not of the process', async () => {
    expect(await store.oneTime.claim('a', 60)).toBe(true);
    await store.revocations.join('user', 'e1', 60);
    for (const now of ['2099-01-01T00:00:00Z', '1999-01-01T00:00:00Z']) {
      const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.parse(now));
      expect(await store.oneTime.claim('a', 60)).toBe(false);
      expect(await store.revocations.isLive('user', 'e1', 'sid')).toBe(true);
      clock.mockRestore();
    }
    const [row] = await query('select expires_at as life from forum_sso_one_time_values');
    const end = typeof row === 'object' && row !== null && 'life' in row ? Number(row.life) : 0;
    expect(Math.abs(end - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  test('what cannot be stored exactly is refused', async () => {
    const { oneTime, revocations, locks, links, profiles } = store;
    for (const life of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER]) {
      await expect(oneTime.claim('life', life)).rejects.toThrow(RangeError);
      await expect(revocations.join('life', 'e1', life)).rejects.toThrow(RangeError);
      await expect(revocations.endOne('life', life)).rejects.toThrow(RangeError);
      await expect(locks.acquire('life', 'one', life)).rejects.toThrow(RangeError);
    }
    for (const text of ['x'.repeat(513), 'half \ud83d', '\udc00']) {
      for (const call of [
        () => oneTime.claim(text, 60),
        () => revocations.join(text, 'e1', 60),
        () => revocations.join('user', text, 60),
        () => revocations.isLive(text, 'e1', 'sid'),
        () => revocations.isLive('user', 'e1', text),
        () => revocations.endOne(text, 60),
        () => revocations.endAll(text),
        () => locks.acquire(text, 'one', 60),
        () => locks.acquire('lock', text, 60),
        () => locks.release(text, 'one'),
        () => links.link(text, '1', 'anna'),
        () => links.link('forum', text, 'anna'),
        () => links.link('forum', '1', text),
        () => links.findByCommunityUser('forum', text),
        () => links.findBySiteUser('forum', text),
        () => links.unlink('forum', text),
        () => links.retire('forum', text),
        () => links.isRetired('forum', text),
        () => profiles.write('forum', text, { json: '1', version: '1' }),
        () => profiles.write('forum', '1', { json: '1', version: text }),
        () => profiles.read('forum', text),
        () => profiles.remove('forum', text),
      ]) {
        await expect(call()).rejects.toThrow(RangeError);
      }
    }
    const json = JSON.stringify('é'.repeat(32_768));
    await expect(profiles.write('forum', '1', { json, version: '1' })).rejects.toThrow(RangeError);
    for (const table of ['one_time_values', 'epochs', 'ended_sessions', 'links', 'profiles', 'locks']) {
      expect(await countRows(`forum_sso_${table}`)).toBe(0);
    }
  });

  test('rows that are over are swept away by the way, 500 at a time, and no others', async () => {
    await fillWithOld(1_300);
    for (const [calls, left] of [800, 300, 0].entries()) {
      expect(await store.oneTime.claim(`live-${calls}`, 60)).toBe(true);
      await until(async () => (await countRows('forum_sso_one_time_values')) === left + calls + 1);
    }
    for (let i = 0; i < 3; i++) expect(await store.oneTime.claim(`live-${i}`, 60)).toBe(false);
    // Nothing more to do: the next sweep is a minute away.
    await fillWithOld(10);
    await store.oneTime.claim('live-3', 60);
    await sleep(100);
    expect(await countRows('forum_sso_one_time_values')).toBe(14);
  });

  test('epochs, ended sessions and locks are swept, too', async () => {
    for (const [table, columns, values] of [
      ['epochs', 'user_id, epoch, expires_at', "'u', 'e', 1"],
      ['ended_sessions', 'sid, expires_at', "'s', 1"],
      ['locks', 'key, owner, expires_at', "'k', 'o', 1"],
    ]) {
      await query(`insert into forum_sso_${table} (${columns}) values (${values})`);
    }
    await store.revocations.join('other', 'e1', 60);
    await store.revocations.endOne('other', 60);
    await store.locks.acquire('other', 'one', 60);
    for (const table of ['epochs', 'ended_sessions', 'locks']) {
      await until(async () => (await countRows(`forum_sso_${table}`)) === 1);
    }
  });

  test('a mark that is taken over while a sweep passes by is not swept away', async () => {
    await fillWithOld(3_000);
    const keys = Array.from({ length: 3_000 }, (_, i) => `old-${i}`);
    const stores = await Promise.all(Array.from({ length: 4 }, open));
    const taken = await Promise.all(stores.map(({ oneTime }) => claimAll(oneTime, keys, 600)));
    assertOneWinnerEach(keys, taken);
    await sleep(100);
    expect(await claimAll(store.oneTime, keys, 60)).toEqual([]);
  }, 60_000);

  test('a store that is closed in the middle of a sweep leaves no error behind', async () => {
    await fillWithOld(2_000);
    const closed = await open();
    const claim = closed.oneTime.claim('last', 60);
    await claim;
    await closed.close();
    await sleep(50);
    await expect(closed.oneTime.claim('later', 60)).rejects.toThrow();
  });
});
