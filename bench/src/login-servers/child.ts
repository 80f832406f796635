/**
 * One server in a process of its own, so that its processor time is its own: `child.js <framework> <ours|byHand>`.
 * Tells its port, and at every message what it has cost so far.
 */
import { randomBytes } from 'node:crypto';

import { expressServers } from './express.js';
import type { LoginServers } from './login-servers.js';

const frameworks: Readonly<Record<string, LoginServers>> = { Express: expressServers };

const [framework = '', kind] = process.argv.slice(2);
const servers = frameworks[framework];
if (servers === undefined) throw new Error(`There are no servers for ${framework}.`);
const server = await (kind === 'ours' ? servers.ours(randomBytes(32).toString('base64')) : servers.byHand());
const address = server.address();
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit());
process.send?.(typeof address === 'object' ? address?.port : undefined);
