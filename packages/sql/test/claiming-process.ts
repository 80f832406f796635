/**
 * One of several processes that start on an empty database and race for the same keys. Arguments: kind, place, schema,
 * number of connections. Each connection makes the tables first, then it says "ready"; told how many keys there are, it
 * claims them all and tells which it took.
 */
import { claimAll } from '../../testkit/src/claim-race.js';
import { postgresStore, sqliteStore } from '../src/index.js';

const [kind = '', place = '', schema = '', connections = '1'] = process.argv.slice(2);

process.once('message', async () => {
  const stores = await Promise.all(
    Array.from({ length: Number(connections) }, () =>
      kind === 'sqlite' ? sqliteStore({ path: place }) : postgresStore({ url: place, schema }),
    ),
  );
  process.on('message', async (message) => {
    const keys = Array.from({ length: Number(message) }, (_, i) => `nonce-${i}`);
    process.send?.(await Promise.all(stores.map(({ oneTime }) => claimAll(oneTime, keys, 60))));
  });
  process.send?.('ready');
});
process.send?.('loaded');
