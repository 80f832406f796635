import { fileURLToPath } from 'node:url';

import { loginRequest } from './login-servers/forum.js';
import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';
import { many, startServerProcess } from './server-process.js';

/**
 * Requests of one turn, and how many of them at a time. Short turns and many of them: what else the machine does then
 * falls on both alike.
 */
const requests = 250;
const atATime = 16;
const rounds = 9;

/** Pairs of servers, one after the other: two processes of one and the same server differ by up to a tenth. */
const pairs = 4;

/** Requests before the first turn, so that both servers are compiled: V8 comes to some functions after thousands. */
const warmUp = 10_000;

/** Ours may cost as much as a hand-written route of the same framework, or a little more where that is next to nothing. */
const frameworks: readonly { readonly name: string; readonly atLeast: number }[] = [
  { name: 'Express', atLeast: 1 },
  { name: 'Koa', atLeast: 1 },
  { name: 'Nest on Express', atLeast: 1 },
  { name: 'Nest on Fastify', atLeast: 0.95 },
  { name: 'web handler on Hono', atLeast: 0.95 },
];

/** A login of a forum answered over HTTP: what it costs the server, in processor time. */
export const frameworkLogin: RowGroup = {
  name: 'framework login',
  async rows() {
    const rows = [];
    for (const { name, atLeast } of frameworks) {
      const costs = new Map<string, number[]>();
      for (let pair = 0; pair < pairs; pair++) {
        const servers = [await start(name, 'ours'), await start(name, 'byHand')];
        for (const [candidate, turns] of await takeTurns(servers, rounds)) {
          costs.set(candidate, [...(costs.get(candidate) ?? []), ...turns]);
        }
        for (const { stop } of servers) stop();
      }
      rows.push(
        compare(`${name}: Discourse login answered`, costs, {
          subject: `${name} ours`,
          floor: `${name} byHand`,
          target: { atLeast },
        }),
      );
    }
    return rows;
  },
};

async function start(framework: string, kind: 'ours' | 'byHand'): Promise<Candidate & { stop(): void }> {
  const script = fileURLToPath(new URL('./login-servers/child.js', import.meta.url));
  const server = await startServerProcess(script, [framework, kind], atATime);
  const path = loginRequest();
  const logIn = async (): Promise<void> => {
    const { status, headers } = await server.open(path);
    const right =
      status === 302 && headers.location?.startsWith('https://forum.example.com/session/sso_login?') === true;
    if (!right) throw new Error(`The login was answered with ${status}.`);
  };
  await many(warmUp, atATime, logIn);
  return {
    name: `${framework} ${kind}`,
    turn: async () => {
      const before = await server.processorTime();
      await many(requests, atATime, logIn);
      return (((await server.processorTime()) - before) * 1_000) / requests;
    },
    stop: () => server.stop(),
  };
}
