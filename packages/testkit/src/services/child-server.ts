import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server process that belongs to the caller. */
export interface ChildServer {
  /** Asks it to end, then insists. */
  stop(): Promise<void>;
}

/** Whose rights the process gets; absent: ours. */
export interface ProcessOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Full path of a program on the path, or null. */
export function findProgram(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** A TCP port of 127.0.0.1 that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The test server has no port.');
  return address.port;
}

/**
 * Starts a server and waits until it answers.
 *
 * @param answers asked again and again; true when the server is ready
 * @throws Error with the end of the server's own output when it ends early or takes more than 30 seconds
 */
export async function startServer(
  program: string,
  args: readonly string[],
  answers: () => Promise<boolean>,
  owner?: ProcessOwner,
): Promise<ChildServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...owner });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-2_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => keep(Buffer.from(error.message)));
  const endWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', endWithUs);

  const stop = async (): Promise<void> => {
    process.removeListener('exit', endWithUs);
    await endProcess(child);
  };
  const deadline = Date.now() + 30_000;
  while (!(await answers())) {
    if (hasEnded(child) || Date.now() > deadline) {
      await stop();
      throw new Error(`${program} did not start:\n${output}`);
    }
    await sleep(50);
  }
  return { stop };
}

/**
 * Sends bytes to a TCP server and gives the first bytes of its answer, as text of single bytes; null when there is no
 * server or no answer within a second.
 */
export async function probe(host: string, port: number, bytes: Uint8Array): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: string | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(null));
    socket.once('connect', () => socket.write(bytes));
    socket.once('data', (chunk) => end(chunk.toString('latin1')));
    socket.once('error', () => end(null));
    socket.once('close', () => end(null));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  // PostgreSQL reads it as "end the sessions, then stop"; Redis as a plain request to stop.
  child.kill('SIGINT');
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(late);
}
