import type { RedisClient } from './redis-client.js';

/**
 * Asks a Redis whether it drops keys when its memory is full (`INFO memory`, the setting `maxmemory-policy`).
 *
 * @returns what is at stake, as a sentence for the operator; null when it drops nothing, or does not let us look, as
 *   some hosted servers and all clusters do
 * @throws what the client throws when the server cannot be reached
 */
export async function checkRedis(client: RedisClient): Promise<string | null> {
  if (client.info === undefined) return null;
  let info: unknown;
  try {
    info = await client.info('memory');
  } catch (error) {
    if (isForbidden(error)) return null;
    throw error;
  }
  const policy = typeof info === 'string' ? /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1] : undefined;
  if (policy === undefined || policy === 'noeviction') return null;
  return `Redis drops keys when its memory is full (maxmemory-policy ${policy}): a login answer could be used twice, and a session that was signed out could come back. Set maxmemory-policy to noeviction.`;
}

/** An answer of the server, as opposed to a connection that failed. */
function isForbidden(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  return /^(NOPERM|ERR) /.test(String(error.message));
}
