import { fileURLToPath } from 'node:url';

import { returnPath, startPath, wayBack } from './callback-servers/forum.js';
import { type Candidate, compare, type RowGroup, takeTurns } from './measure.js';
import { many, startServerProcess } from './server-process.js';

/** Logins of one turn, and how many of them at a time. */
const logins = 600;
const atATime = 16;

/** People come back from the forum and get their session: what that costs the server, in processor time. */
export const loginCallback: RowGroup = {
  name: 'login callback',
  async rows() {
    const servers = [await start('ours'), await start('byHand')];
    const costs = await takeTurns(servers, 15);
    for (const { stop } of servers) stop();
    return [
      compare('Express: login callback with session, store in memory', costs, {
        subject: 'ours',
        floor: 'byHand',
        target: { atLeast: 0.95 },
      }),
    ];
  },
};

async function start(kind: 'ours' | 'byHand'): Promise<Candidate & { stop(): void }> {
  const script = fileURLToPath(new URL('./callback-servers/child.js', import.meta.url));
  const server = await startServerProcess(script, [kind], atATime);
  return {
    name: kind,
    turn: async () => {
      const ways: { path: string; cookie: string }[] = [];
      await many(logins, atATime, async (number) => {
        const { headers } = await server.open(`${startPath}?returnTo=${encodeURIComponent(returnPath)}`);
        const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
        ways.push({ path: wayBack(headers.location ?? '', number), cookie });
      });
      const before = await server.processorTime();
      await many(logins, atATime, async (number) => {
        const { path = '', cookie = '' } = ways[number] ?? {};
        const { status, headers } = await server.open(path, { Cookie: cookie });
        const signedIn = headers['set-cookie']?.some((line) => /session=\S{50,}/.test(line)) === true;
        if (status !== 302 || headers.location !== returnPath || !signedIn) {
          throw new Error(`The way back was answered with ${status}.`);
        }
      });
      return (((await server.processorTime()) - before) * 1_000) / logins;
    },
    stop: () => server.stop(),
  };
}
