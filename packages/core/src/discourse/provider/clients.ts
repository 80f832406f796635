import type { SecretOption, SecretRing } from '../../secrets.js';
import type { ReturnRule } from './return-urls.js';

/** A site or program that logs people in with us, as it would with a Discourse forum. */
export interface ProviderClient {
  /**
   * The host of the addresses it returns to. Discourse's rules: the whole host without regard to case; a `*` in front
   * stands for anything, so `*.example.com` is every host below `example.com`, and not that one itself.
   */
  readonly domain: string;
  /** The secret that this client has; several while it is being changed, the newest first. */
  readonly secret: SecretOption;
  /**
   * The addresses it may return to: scheme, host, port and path must be equal, the query is free; with `/*` at the end,
   * every path below. Give them where a client signs addresses that visitors choose, as WordPress does. Left out: every
   * https address of the host.
   */
  readonly returnUrls?: readonly string[];
  /**
   * A key of its own for calls of the API, of the same form as the shared `apiKey`. A client that is the authority and
   * has one brings people with this one alone.
   */
  readonly apiKey?: string;
}

/** A whole host, or one with a `*` in front; an IPv6 address stands in brackets. */
export const domainPattern = /^\*?(?:[^\s/:@*|\\[\]]*|\[[0-9a-f:.]+\])$/i;

/** A client ready for use. */
export interface ReadyClient {
  readonly domain: string;
  readonly secrets: SecretRing;
  readonly mayReturnTo: ReturnRule;
}

/** Finds the clients of a host, the most particular domain first. */
export type ClientTable = (host: string) => readonly ReadyClient[];

/** True for a pattern that more hosts match than those below one domain: `*`, `*example.com`. */
export function isBroad(domain: string): boolean {
  return domain.startsWith('*') && !/^\*\.[^*\s]*[^.*\s]\.[^.*\s]+$/.test(domain);
}

/** Whether a host matches a domain, as Discourse decides it. */
export function matchesDomain(domain: string, host: string): boolean {
  const [pattern, name] = [domain.toLowerCase(), host.toLowerCase()];
  if (!pattern.startsWith('*')) return pattern === name;
  const ending = pattern.slice(1);
  return name.length >= ending.length && name.endsWith(ending) && !/\s/.test(name);
}

/**
 * Puts the clients into one table, so that a login's cost does not depend on how many there are: plain hosts and
 * `*.domain` patterns are looked up, only broad ones are tried one by one.
 */
export function createClientTable(clients: readonly ReadyClient[]): ClientTable {
  const plain = new Map<string, ReadyClient[]>();
  const below = new Map<string, ReadyClient[]>();
  const broad: ReadyClient[] = [];
  const put = (map: Map<string, ReadyClient[]>, key: string, client: ReadyClient): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [client]);
    else list.push(client);
  };
  for (const client of clients) {
    const domain = client.domain.toLowerCase();
    if (!domain.startsWith('*')) put(plain, domain, client);
    else if (domain.startsWith('*.')) put(below, domain.slice(1), client);
    else broad.push(client);
  }

  return (host) => {
    const name = host.toLowerCase();
    const found = [...(plain.get(name) ?? [])];
    // ".b.c", ".c" of "a.b.c".
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      found.push(...(below.get(name.slice(dot)) ?? []));
    }
    found.push(...broad.filter(({ domain }) => matchesDomain(domain, name)));
    return found.length < 2 ? found : found.sort(byDomainDescending);
  };
}

/** Discourse tries its lines in descending order of their text, so that those with a "*" come last. */
function byDomainDescending(a: ReadyClient, b: ReadyClient): number {
  return a.domain < b.domain ? 1 : a.domain > b.domain ? -1 : 0;
}

/**
 * Reads `domain|secret` lines, as they stand in Discourse's setting "discourse connect provider secrets". Lines of the
 * same domain become one client with several secrets. Only the first `|` of a line splits.
 * @returns the clients, or what is wrong, by line number
 */
export function readClientLines(
  text: string | readonly string[],
): readonly ProviderClient[] | { readonly problem: string } {
  const lines = typeof text === 'string' ? text.split(/\r?\n/) : text;
  const secrets = new Map<string, string[]>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const bar = line.indexOf('|');
    const domain = bar === -1 ? '' : line.slice(0, bar).trim();
    if (domain === '') return { problem: `line ${index + 1} is not of the form domain|secret.` };
    if (!domainPattern.test(domain)) {
      return {
        problem: `the domain in line ${index + 1} must be a host alone, without scheme, port and path; a * may stand in front.`,
      };
    }
    const list = secrets.get(domain) ?? [];
    list.push(line.slice(bar + 1));
    secrets.set(domain, list);
  }
  return [...secrets].map(([domain, secret]) => ({ domain, secret }));
}
