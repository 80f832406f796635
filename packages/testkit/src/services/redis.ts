import { findProgram, freePort, probe, startServer } from './child-server.js';
import { reportMissing, type Service, startInFolder } from './service.js';

/**
 * A Redis for tests: `REDIS_URL`, else the one on 127.0.0.1:6379, else an own one. It may be used by others at the same
 * time: keep to an own key prefix, never flush or stop it. Null, with a line on the console, when there is none.
 */
export async function findRedis(): Promise<Service | null> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  if (await redisAnswers(url)) return { url, owned: false, stop: async () => {} };
  return startRedis();
}

/**
 * An own Redis on a free port, without persistence; null, with a line on the console, when `redis-server` is not on
 * the path.
 *
 * @param settings more settings on its command line, e.g. `['--maxmemory-policy', 'allkeys-lru']`
 */
export async function startRedis(settings: readonly string[] = []): Promise<Service | null> {
  const program = findProgram('redis-server');
  if (program === null) {
    reportMissing(
      'Redis',
      'none answers at REDIS_URL or 127.0.0.1:6379, and redis-server is not on the path.',
    );
    return null;
  }
  return startInFolder('redis', async (folder) => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
    const server = await startServer(
      program,
      [...place, '--save', '', '--appendonly', 'no', ...settings],
      () => redisAnswers(url),
    );
    return { url, server };
  });
}

async function redisAnswers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const answer = await probe(hostname, port === '' ? 6_379 : Number(port), Buffer.from('PING\r\n'));
  // A server that wants a password is a server too.
  return answer !== null && /^(\+PONG|-NOAUTH)/.test(answer);
}
