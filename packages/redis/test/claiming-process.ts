/**
 * One of several processes that race for the same keys. Arguments: URL, kind of client, prefix, number of connections.
 * Says "ready" when it is connected; told the name of a heat, it claims all keys of that and tells which it took.
 */
import { claimAll, keysOfHeat } from '../../testkit/src/claim-race.js';
import { redisStore } from '../src/index.js';
import { clients } from './clients.js';

const [url = '', kind = '', prefix = '', connections = '1'] = process.argv.slice(2);
const connect = kind === 'ioredis' ? clients.ioredis : clients.redis;
const open = await Promise.all(Array.from({ length: Number(connections) }, () => connect(url)));

process.on('message', async (heat) => {
  const keys = keysOfHeat(String(heat));
  const taken = await Promise.all(
    open.map(({ client }) => claimAll(redisStore({ client, prefix }).oneTime, keys, 60)),
  );
  process.send?.(taken);
});
process.send?.('ready');
