import { createHash } from 'node:crypto';

import type { ConnectorSetup } from '../../connector.js';
import { isRefusal } from '../../errors.js';
import { isLoopback, readPeerUrl } from '../../http/site-address.js';
import { type SecretRing, secretKinds } from '../../secrets.js';
import type { DiscourseConnectProviderOptions, WebhookTarget } from './options.js';

/** A client that gets webhooks. */
export interface ReadyTarget {
  /** Made of its address, so that jobs find it whatever its place in the list. */
  readonly name: string;
  readonly url: string;
  /** Of its address; for the operator. */
  readonly host: string;
  readonly secrets: SecretRing;
  /** Names of events it wants; null: all. */
  readonly events: ReadonlySet<string> | null;
  /** Whether the receiver is that of wp-discourse, which answers in JSON whatever became of the webhook. */
  readonly isWordpress: boolean;
}

const setting = 'webhooks (WEBHOOK_TARGETS)';

/** The receiver of wp-discourse knows these two, and reports every other as an error. */
const wordpressReceiver = /\/wp-discourse\/v1\/update-user\/?$/;
const wordpressEvents: ReadonlySet<string> = new Set(['user_created', 'user_updated']);

/** The clients that get webhooks; null when a problem was reported. */
export function readTargets(
  { webhooks = [] }: Pick<DiscourseConnectProviderOptions, 'webhooks'>,
  setup: ConnectorSetup,
): readonly ReadyTarget[] | null {
  if (webhooks.length > 0 && setup.store.profiles === undefined) {
    setup.problem(
      `${setting} needs a store that keeps profiles, such as @forum-sso/sql: clients hear of what has changed.`,
    );
  }
  const ready = webhooks.map((given) => readTarget(given, setup)).filter((target) => target !== null);
  const names = new Set(ready.map(({ name }) => name));
  if (names.size < ready.length) setup.problem(`${setting} holds the same address twice.`);
  return ready.length === webhooks.length ? ready : null;
}

function readTarget(given: WebhookTarget | string, setup: ConnectorSetup): ReadyTarget | null {
  const { url: text, secret, events } = typeof given === 'string' ? readLine(given) : given;
  // It may have a query: a receiver is often a page with a parameter.
  const url = readPeerUrl(text.split('?')[0] ?? '', `${setting}: the address`);
  if (isRefusal(url)) setup.problem(url.detail);
  const secrets = setup.readSecrets(secret, `the secret in ${setting}`, secretKinds.webhook);
  if (secrets === null || isRefusal(url)) return null;
  const isWordpress = isWordpressReceiver(text);
  return {
    name: createHash('sha256').update(text).digest('hex').slice(0, 8),
    url: text,
    host: url.host,
    secrets,
    events: events === undefined ? usualEvents(isWordpress) : new Set(events),
    isWordpress,
  };
}

/** Whether an address is of the same client, as far as one can tell: its host and port, by any name of this machine. */
export function isAt({ host }: ReadyTarget, url: string): boolean {
  return placeOf(new URL(url)) === placeOf(new URL(`http://${host}`));
}

function placeOf({ hostname, host }: URL): string {
  return isLoopback(hostname) ? host.replace(hostname, 'localhost') : host;
}

/** `url|secret`; an address holds no bar. */
function readLine(line: string): WebhookTarget {
  const bar = line.indexOf('|');
  return bar === -1
    ? { url: line, secret: '' }
    : { url: line.slice(0, bar).trim(), secret: line.slice(bar + 1) };
}

function usualEvents(isWordpress: boolean): ReadonlySet<string> | null {
  return isWordpress ? wordpressEvents : null;
}

/** The route may also stand in a parameter: `/?rest_route=/wp-discourse/v1/update-user`. */
function isWordpressReceiver(text: string): boolean {
  const { pathname, searchParams } = new URL(text);
  return [pathname, searchParams.get('rest_route') ?? ''].some((route) => wordpressReceiver.test(route));
}
