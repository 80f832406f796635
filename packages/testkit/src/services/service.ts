import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ChildServer } from './child-server.js';

/** A database server that tests may use. */
export interface Service {
  /** Where it is, as a client's connection URL. */
  readonly url: string;
  /** True when it was started for this test: it may be filled, configured and stopped at will. */
  readonly owned: boolean;
  /** Stops an owned server and removes its files; does nothing to the machine's own. */
  stop(): Promise<void>;
}

/** Says on the console why tests are left out, so that a green run never hides it. */
export function reportMissing(service: string, reason: string): void {
  console.error(`SKIPPED: every test that needs ${service}: ${reason}`);
}

/**
 * An own server with a folder of its own, which goes with it.
 * @param name what the folder is called after
 * @param start starts it on a free port, with its files in the folder
 */
export async function startInFolder(
  name: string,
  start: (folder: string) => Promise<{ readonly url: string; readonly server: ChildServer }>,
): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), `forum-sso-${name}-`));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const { url, server } = await start(folder);
    const stop = async (): Promise<void> => {
      await server.stop();
      await remove();
    };
    return { url, owned: true, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
