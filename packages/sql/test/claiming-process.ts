/**
 * One of several processes that start on an empty database and race for the same keys. Arguments: kind, place, schema,
 * number of connections. Each connection makes the tables first, then it says "ready"; told the name of a heat, it claims
 * all keys of that and tells which it took.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { OneTimeValues } from '@forum-sso/core';

import { claimAll, keysOfHeat } from '../../testkit/src/claim-race.js';
import { postgresStore, sqliteStore } from '../src/index.js';

const [kind = '', place = '', schema = '', connections = '1'] = process.argv.slice(2);

/** On a machine under load SQLite may refuse a claim, since others write: then it is tried again, as a person would. */
function patient({ claim }: OneTimeValues): OneTimeValues {
  return {
    async claim(key, lifeSeconds) {
      for (;;) {
        try {
          return await claim(key, lifeSeconds);
        } catch (error) {
          if (kind !== 'sqlite' || !String(error).includes('database is locked')) throw error;
          await sleep(10);
        }
      }
    },
  };
}

process.once('message', async () => {
  const stores = await Promise.all(
    Array.from({ length: Number(connections) }, () =>
      kind === 'sqlite' ? sqliteStore({ path: place }) : postgresStore({ url: place, schema }),
    ),
  );
  process.on('message', async (heat) => {
    const keys = keysOfHeat(String(heat));
    process.send?.(await Promise.all(stores.map(({ oneTime }) => claimAll(patient(oneTime), keys, 60))));
  });
  process.send?.('ready');
});
process.send?.('loaded');
