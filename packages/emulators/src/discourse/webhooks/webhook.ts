import {
  type GroupUserEventName,
  groupUserEventNames,
  type UserEventName,
  userEventNames,
} from '../forum/events.js';

export type WebhookEventName = UserEventName | GroupUserEventName;

export type WebhookContentType = 'application/json' | 'application/x-www-form-urlencoded';

/** A webhook as it is made. */
export interface NewWebhook {
  /** Payload URL. */
  readonly url: string;
  /** At least 12 characters; left out or empty, nothing is signed. */
  readonly secret?: string;
  /** What it is told of. Default everything. */
  readonly events?: readonly WebhookEventName[];
  /** What the header says; the body is JSON either way. */
  readonly contentType?: WebhookContentType;
  /** Default true. */
  readonly active?: boolean;
}

/** A webhook of the forum. */
export interface Webhook {
  readonly id: number;
  readonly url: string;
  /** Empty: not signed. */
  readonly secret: string;
  /** Null: everything. */
  readonly events: readonly WebhookEventName[] | null;
  readonly contentType: WebhookContentType;
  /** The forum switches it off itself when the last of all retries ends with 404 or 410. */
  readonly active: boolean;
}

/** All events that a webhook can be told of. */
export const webhookEventNames: readonly WebhookEventName[] = [...userEventNames, ...groupUserEventNames];

export function isWebhookEventName(name: string): name is WebhookEventName {
  return webhookEventNames.some((known) => known === name);
}

/**
 * Checks a webhook as Discourse does.
 * @throws TypeError when the address is no http(s) URL, the secret is too short, or an event is unknown
 */
export function readWebhook(id: number, given: NewWebhook): Webhook {
  const url = given.url.trim();
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    throw new TypeError('The payload URL of a webhook is an http(s) address.');
  const { secret = '', events, contentType = 'application/json', active = true } = given;
  if (secret !== '' && secret.length < 12)
    throw new TypeError('The secret of a webhook is empty or has at least 12 characters.');
  const unknown = events?.find((name) => !isWebhookEventName(name));
  if (unknown !== undefined) throw new TypeError(`The emulator knows no webhook event "${unknown}".`);
  if (events?.length === 0) throw new TypeError('A webhook needs an event to be told of.');
  return { id, url, secret, events: events ?? null, contentType, active };
}
