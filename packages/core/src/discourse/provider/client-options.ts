import type { ConnectorSetup } from '../../connector.js';
import { isRefusal } from '../../errors.js';
import { secretKinds } from '../../secrets.js';
import { isBroad, type ProviderClient, type ReadyClient, readClientLines } from './clients.js';
import type { DiscourseConnectProviderOptions } from './options.js';
import { anyReturnUrl, type ReturnRule, readReturnRule } from './return-urls.js';

const variable = 'DISCOURSE_CONNECT_PROVIDER_SECRETS';

/** All clients of the options, checked; null when a problem was reported. */
export function readClients(
  options: Pick<DiscourseConnectProviderOptions, 'clients' | 'allowBroadWildcard'>,
  setup: ConnectorSetup,
): readonly ReadyClient[] | null {
  const lines = readClientLines(linesOf(options.clients));
  const given =
    'problem' in lines ? [...objectsOf(options.clients)] : [...lines, ...objectsOf(options.clients)];
  if ('problem' in lines) setup.problem(`clients (${variable}): ${lines.problem}`);
  else if (given.length === 0) setup.problem(`clients (${variable}) is empty: nobody could log in.`);

  const shared = sharedSecrets('problem' in lines ? [] : lines);
  if (shared.size > 0) {
    setup.warning(
      'clients: lines of different domains have the same secret. Give each client its own, so that none can speak for another.',
    );
  }
  const ready = given
    .map((client) => readClient(client, options.allowBroadWildcard === true, shared, setup))
    .filter((client) => client !== null);
  return ready.length > 0 && ready.length === given.length ? ready : null;
}

function readClient(
  client: ProviderClient,
  allowBroad: boolean,
  shared: ReadonlySet<unknown>,
  setup: ConnectorSetup,
): ReadyClient | null {
  const { domain, secret } = client;
  if (isBroad(domain) && !allowBroad) {
    setup.problem(
      `clients: "${domain}" matches hosts of strangers as well: name the hosts, or set allowBroadWildcard if all of them share the secret.`,
    );
  }
  // Pasted lines may share a secret; between any other two uses that is an error.
  const isShared = Array.isArray(secret) && secret.some((one) => typeof one === 'string' && shared.has(one));
  const secrets = setup.readSecrets(
    secret,
    isShared ? `clients (${variable})` : `the secret of the client "${domain}" (${variable})`,
    secretKinds.connect,
  );
  const mayReturnTo = readReturnUrls(client, setup);
  return secrets === null ? null : { domain, secrets, mayReturnTo };
}

function linesOf(clients: DiscourseConnectProviderOptions['clients']): readonly string[] {
  const texts = typeof clients === 'string' ? [clients] : clients.filter((one) => typeof one === 'string');
  return texts.flatMap((text) => text.split(/\r?\n/));
}

function objectsOf(clients: DiscourseConnectProviderOptions['clients']): readonly ProviderClient[] {
  return typeof clients === 'string' ? [] : clients.filter((one) => typeof one !== 'string');
}

/** Secrets that stand in lines of more than one domain. */
function sharedSecrets(lines: readonly ProviderClient[]): ReadonlySet<unknown> {
  const seen = new Set<unknown>();
  const shared = new Set<unknown>();
  for (const { secret } of lines) {
    for (const one of new Set<unknown>(Array.isArray(secret) ? secret : [secret]))
      (seen.has(one) ? shared : seen).add(one);
  }
  return shared;
}

function readReturnUrls({ domain, returnUrls }: ProviderClient, setup: ConnectorSetup): ReturnRule {
  if (returnUrls === undefined) return anyReturnUrl;
  const rules: ReturnRule[] = [];
  for (const text of returnUrls) {
    const rule = readReturnRule(text, `returnUrls of the client "${domain}"`);
    if (isRefusal(rule)) setup.problem(rule.detail);
    else rules.push(rule);
  }
  return (url) => rules.some((allows) => allows(url));
}
