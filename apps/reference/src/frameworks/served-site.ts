import type { RequestListener } from 'node:http';

/** The site, served by a framework. */
export interface ServedSite {
  /** For a server of Node's own. */
  readonly listener: RequestListener;
  /** Lets the framework end what it has under way. */
  close(): Promise<void>;
}
