import { createHash, timingSafeEqual } from 'node:crypto';

import type { ConnectorSetup } from '../../connector.js';
import { secretKinds, secretProblems, secretWarnings } from '../../secrets.js';
import type { ProviderClient } from './clients.js';
import type { DiscourseConnectProviderOptions } from './options.js';

/** Who called: the domain of a client with a key of its own, or null for whoever has the key that clients share. */
export interface ApiCaller {
  readonly domain: string | null;
}

/** The keys with which clients call. */
export interface ApiKeys {
  /** @returns null for a key that is missing or wrong */
  callerOf(key: string | undefined): ApiCaller | null;
  /** Whether the client has a key of its own; the shared one then does not speak for it. */
  hasOwn(domain: string): boolean;
}

/** Reads the keys of the options. Undefined when there is none, so no API; null when a problem was reported. */
export function readApiKeys(
  { apiKey, clients }: Pick<DiscourseConnectProviderOptions, 'apiKey' | 'clients'>,
  setup: ConnectorSetup,
): ApiKeys | undefined | null {
  const given = [
    ...(apiKey === undefined ? [] : [{ domain: null, key: apiKey, setting: 'apiKey (DISCOURSE_API_KEY)' }]),
    ...ownKeys(clients),
  ];
  if (given.length === 0) return undefined;
  let sound = true;
  for (const { key, setting } of given) {
    const problems = secretProblems(key, secretKinds.inboundApiKey);
    for (const problem of problems) setup.problem(`${setting} ${problem}`);
    for (const warning of secretWarnings(key)) setup.warning(`${setting} ${warning}`);
    setup.useSecret(setting, key);
    sound &&= problems.length === 0;
  }
  return sound ? createApiKeys(given) : null;
}

function ownKeys(clients: DiscourseConnectProviderOptions['clients']) {
  const objects: readonly ProviderClient[] =
    typeof clients === 'string' ? [] : clients.filter((client) => typeof client !== 'string');
  return objects.flatMap(({ domain, apiKey: key }) =>
    key === undefined ? [] : [{ domain, key, setting: `the apiKey of the client "${domain}"` }],
  );
}

function createApiKeys(given: readonly { readonly domain: string | null; readonly key: string }[]): ApiKeys {
  const digests = given.map(({ domain, key }) => ({ domain, digest: digestOf(key) }));
  return {
    callerOf(key) {
      if (key === undefined) return null;
      const digest = digestOf(key);
      let caller: ApiCaller | null = null;
      // All of them, so that the time tells nothing of which one it was.
      for (const known of digests) if (timingSafeEqual(known.digest, digest)) caller = known;
      return caller;
    },
    hasOwn: (domain) => digests.some((known) => known.domain === domain),
  };
}

/** Compared as digests: of equal length, whatever was sent. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
