/**
 * One server in a process of its own, so that its processor time is its own: `child.js <framework> <ours|byHand>`.
 * Tells its port, and at every message what it has cost so far.
 */
import { randomBytes } from 'node:crypto';

import { expressServers } from './express.js';
import { honoServers } from './hono.js';
import { koaServers } from './koa.js';
import type { LoginServers } from './login-servers.js';
import { nestOnExpress, nestOnFastify } from './nest.js';

const frameworks: Readonly<Record<string, LoginServers>> = {
  Express: expressServers,
  Koa: koaServers,
  'Nest on Express': nestOnExpress,
  'Nest on Fastify': nestOnFastify,
  'web handler on Hono': honoServers,
};

const [framework = '', kind] = process.argv.slice(2);
const servers = frameworks[framework];
if (servers === undefined) throw new Error(`There are no servers for ${framework}.`);
const server = await (kind === 'ours' ? servers.ours(randomBytes(32).toString('base64')) : servers.byHand());
// A connection that waits for its next turn is not to be closed.
server.keepAliveTimeout = 0;
const address = server.address();
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit());
process.send?.(typeof address === 'object' ? address?.port : undefined);
