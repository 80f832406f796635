import type { Server } from 'node:http';

/** The same job twice in one framework; each starts on a free port of this machine. */
export interface LoginServers {
  /** With our adapter. */
  ours(keys: string): Promise<Server>;
  /** With a route written by hand and the framework's own redirect. */
  byHand(): Promise<Server>;
}
