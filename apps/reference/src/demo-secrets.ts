import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets of this copy of the demo, made when first asked for. */
export interface DemoSecrets {
  /**
   * The secret of that name: 32 random bytes in hex, kept in a file that only its owner may read.
   * @param name becomes the file's name
   */
  read(name: string): string;
}

/**
 * Keeps the demo's secrets in a folder of their own, so that none is the same in two copies and none is committed.
 * @param folder created when it is missing
 */
export function demoSecrets(folder: string): DemoSecrets {
  return {
    read(name) {
      const path = join(folder, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const secret = readSecret(path) ?? createSecret(path);
      chmodSync(path, 0o600);
      return secret;
    },
  };
}

function readSecret(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Written aside and linked into place: two demos that start at once end up with the same whole secret. */
function createSecret(path: string): string {
  const secret = randomBytes(32).toString('hex');
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
    return secret;
  } catch {
    const other = readSecret(path);
    if (other === undefined) {
      throw new Error(
        `The file ${path} holds no usable secret. Remove it, and a new one is made at the next start.`,
      );
    }
    return other;
  } finally {
    unlinkSync(draft);
  }
}
