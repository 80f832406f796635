import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';

import { loginRequest } from './login-servers/forum.js';
import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';

/** Requests of one turn, and how many of them at a time. */
const requests = 1_500;
const atATime = 16;

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
      const children = [start(name, 'ours'), start(name, 'byHand')];
      const candidates = await Promise.all(children.map(({ ready }) => ready));
      const costs = await takeTurns(candidates, 11);
      for (const { child } of children) child.kill();
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

function start(
  framework: string,
  kind: 'ours' | 'byHand',
): { child: ChildProcess; ready: Promise<Candidate> } {
  const script = fileURLToPath(new URL('./login-servers/child.js', import.meta.url));
  const child = fork(script, [framework, kind], { env: { ...process.env, NODE_ENV: 'production' } });
  const ready = once(child, 'message').then(([port]: unknown[]): Candidate => {
    const agent = new Agent({ keepAlive: true, maxSockets: atATime });
    return {
      name: `${framework} ${kind}`,
      turn: async () => {
        const before = await processorTime(child);
        await load(agent, Number(port));
        return (((await processorTime(child)) - before) * 1_000) / requests;
      },
    };
  });
  return { child, ready };
}

/** Microseconds that the process has cost so far. */
async function processorTime(child: ChildProcess): Promise<number> {
  child.send('cost');
  const [usage]: unknown[] = await once(child, 'message');
  if (typeof usage !== 'object' || usage === null || !('user' in usage) || !('system' in usage)) {
    throw new Error('The server did not tell its cost.');
  }
  return Number(usage.user) + Number(usage.system);
}

async function load(agent: Agent, port: number): Promise<void> {
  const path = loginRequest();
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const headers = { 'Sec-Fetch-Dest': 'document' };
        get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
          const location = response.headers.location ?? '';
          response.resume().on('end', () => {
            const right =
              response.statusCode === 302 &&
              location.startsWith('https://forum.example.com/session/sso_login?');
            if (right) resolve();
            else reject(new Error(`The login was answered with ${response.statusCode}.`));
          });
        }).on('error', reject);
      });
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
