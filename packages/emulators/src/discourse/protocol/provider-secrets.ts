/** One line of the setting `discourse_connect_provider_secrets`. */
export interface ProviderSecret {
  readonly domain: string;
  readonly secret: string;
}

/** Splits a line `domain|secret` at its first `|`: a secret may hold more of them. */
export function readProviderSecret(line: string): ProviderSecret {
  const at = line.indexOf('|');
  return at < 0 ? { domain: line, secret: '' } : { domain: line.slice(0, at), secret: line.slice(at + 1) };
}

/** The whole setting: a line for each site. */
export function readProviderSecrets(lines: string): readonly ProviderSecret[] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readProviderSecret);
}

/**
 * Does a domain of the list stand for this host? The whole host is compared, without regard to case. An asterisk at
 * the start stands for any run of characters that are not white space, none included; elsewhere it is just a
 * character.
 */
export function domainMatches(domain: string, host: string): boolean {
  const pattern = domain.toLowerCase();
  const name = host.toLowerCase();
  if (!pattern.startsWith('*')) return pattern === name;
  const end = pattern.slice(1);
  return name.endsWith(end) && !/\s/.test(name.slice(0, name.length - end.length));
}

/** The lines for a host in the order in which they are tried: by descending text of the domain. */
export function secretsForHost(secrets: readonly ProviderSecret[], host: string): readonly ProviderSecret[] {
  return secrets
    .filter(({ domain }) => domainMatches(domain, host))
    .sort((a, b) => (a.domain < b.domain ? 1 : a.domain > b.domain ? -1 : 0));
}
