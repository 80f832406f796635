import { execFile } from 'node:child_process';
import { accessSync, chownSync, constants, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { findProgram, freePort, type ProcessOwner, probe, startServer } from './child-server.js';
import { reportMissing, type Service, startInFolder } from './service.js';

const run = promisify(execFile);

/** A PostgreSQL client's question whether the server speaks TLS; every version answers with one letter. */
const sslRequest = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/**
 * A PostgreSQL for tests: `DATABASE_URL`, else the one on 127.0.0.1:5432 (user `postgres`, database `test`), else an own
 * one. It may be used by others at the same time: keep to an own schema, never stop it. Null, with a line on the
 * console, when there is none.
 */
export async function findPostgres(): Promise<Service | null> {
  const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
  if (await postgresAnswers(url)) return { url, owned: false, stop: async () => {} };
  return startPostgres();
}

/**
 * An own PostgreSQL on a free port, empty; null, with a line on the console, when `postgres` and its `initdb` are not
 * on the path. Started by root, it runs as `postgres` or `nobody`, for it refuses to run as root.
 */
export async function startPostgres(): Promise<Service | null> {
  const program = findProgram('postgres');
  const initdb = program === null ? null : programBeside(program, 'initdb');
  if (program === null || initdb === null) {
    reportMissing(
      'PostgreSQL',
      'none answers at DATABASE_URL or 127.0.0.1:5432, and postgres with initdb is not on the path.',
    );
    return null;
  }
  return startInFolder('postgres', async (folder) => {
    const owner = await serverOwner();
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    await run(
      initdb,
      ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      {
        ...owner,
        cwd: folder,
      },
    );
    const port = await freePort();
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const server = await startServer(
      program,
      ['-D', folder, '-h', '127.0.0.1', '-p', String(port), '-k', folder],
      () => postgresAnswers(url),
      owner,
    );
    return { url, server };
  });
}

async function postgresAnswers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const answer = await probe(hostname, port === '' ? 5_432 : Number(port), sslRequest);
  return answer === 'S' || answer === 'N';
}

/** Distributions keep `initdb` beside the real `postgres`, which a link on the path may point to. */
function programBeside(program: string, name: string): string | null {
  const path = join(dirname(realpathSync(program)), name);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return findProgram(name);
  }
}

async function serverOwner(): Promise<ProcessOwner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find(([account]) => account === name);
    if (account !== undefined) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no account "postgres" or "nobody".');
}
