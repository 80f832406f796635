/**
 * What is used of a client of the `redis` package: one made by `createClient`, `createClientPool`, `createCluster` or
 * `createSentinel`. Version 4 and later have it.
 */
export interface NodeRedisClient {
  set(key: string, value: string, options: { readonly PX: number; readonly NX?: true }): Promise<unknown>;
  get(key: string): Promise<unknown>;
  exists(key: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Clusters have none. */
  info?(section: string): Promise<unknown>;
}

/** What is used of a client of the `ioredis` package: `Redis` or `Cluster`. Version 5 and later have it. */
export interface IoRedisClient {
  set(key: string, value: string, px: 'PX', milliseconds: number): Promise<unknown>;
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<unknown>;
  get(key: string): Promise<unknown>;
  exists(key: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  info?(section: string): Promise<unknown>;
  /** Only ioredis has it; tells the two apart. */
  defineCommand: unknown;
}

/** A connected client of either package, with the site's own settings. It stays the site's: nothing here closes it. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** The few commands that the store is made of, whatever the client. Replies are as they came. */
export interface RedisCommands {
  set(key: string, value: string, milliseconds: number): Promise<unknown>;
  setIfAbsent(key: string, value: string, milliseconds: number): Promise<unknown>;
  get(key: string): Promise<unknown>;
  exists(key: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  /** Runs a Lua script, which Redis does in one piece. */
  run(script: string, key: string, values: readonly string[]): Promise<unknown>;
}

/** The commands of a client; null when the value is no client of either package. */
export function commandsOf(client: RedisClient): RedisCommands | null {
  if (!hasCommands(client)) return null;
  if ('defineCommand' in client) {
    return {
      set: (key, value, milliseconds) => client.set(key, value, 'PX', milliseconds),
      setIfAbsent: (key, value, milliseconds) => client.set(key, value, 'PX', milliseconds, 'NX'),
      get: (key) => client.get(key),
      exists: (key) => client.exists(key),
      delete: (key) => client.del(key),
      run: (script, key, values) => client.eval(script, 1, key, ...values),
    };
  }
  return {
    set: (key, value, milliseconds) => client.set(key, value, { PX: milliseconds }),
    setIfAbsent: (key, value, milliseconds) => client.set(key, value, { PX: milliseconds, NX: true }),
    get: (key) => client.get(key),
    exists: (key) => client.exists(key),
    delete: (key) => client.del(key),
    run: (script, key, values) => client.eval(script, { keys: [key], arguments: [...values] }),
  };
}

function hasCommands(client: unknown): boolean {
  if (typeof client !== 'object' || client === null) return false;
  return ['set', 'get', 'exists', 'del', 'eval'].every(
    (name) => typeof Reflect.get(client, name) === 'function',
  );
}
