import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingHttpHeaders } from 'node:http';

/** A server in a process of its own, so that its processor time is its own. */
export interface ServerProcess {
  /** Opens a path of it as a browser does; over connections that stay open, a few at a time. */
  open(path: string, headers?: Readonly<Record<string, string>>): Promise<ServerReply>;
  /** Microseconds of processor time that the process has cost so far. */
  processorTime(): Promise<number>;
  stop(): void;
}

export interface ServerReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Starts one.
 * @param script a file that sends the server's port first, and `process.cpuUsage()` for every message
 * @param atATime connections at a time
 */
export async function startServerProcess(
  script: string,
  args: readonly string[],
  atATime: number,
): Promise<ServerProcess> {
  const child = fork(script, [...args], { env: { ...process.env, NODE_ENV: 'production' } });
  const [port]: unknown[] = await once(child, 'message');
  const agent = new Agent({ keepAlive: true, maxSockets: atATime });
  return {
    open: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: Number(port), path, agent };
        get({ ...options, headers: { 'Sec-Fetch-Dest': 'document', ...headers } }, (response) => {
          response.resume().on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers });
          });
        }).on('error', reject);
      }),
    processorTime: () => processorTime(child),
    stop: () => {
      agent.destroy();
      child.kill();
    },
  };
}

async function processorTime(child: ChildProcess): Promise<number> {
  child.send('cost');
  const [usage]: unknown[] = await once(child, 'message');
  if (typeof usage !== 'object' || usage === null || !('user' in usage) || !('system' in usage)) {
    throw new Error('The server did not tell its cost.');
  }
  return Number(usage.user) + Number(usage.system);
}

/** Does a number of jobs, a few at a time. */
export async function many(
  number: number,
  atATime: number,
  job: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < number) await job(next++);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
