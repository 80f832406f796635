import { createHmac, randomUUID } from 'node:crypto';

import type { Announce } from './stories.js';
import { isActive, type SigningSecret } from './token/hs256.js';

/** Where events go. */
export interface WebhookEndpoint {
  readonly url: string;
  /** Which types; left out: all. */
  readonly events?: readonly string[];
  readonly secrets: SigningSecret[];
}

/** How one delivery ended. */
export interface Delivery {
  readonly url: string;
  readonly type: string;
  readonly eventID: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
}

/** Deliveries that are remembered: the oldest stay. */
const logLimit = 50;

/** The header of an event: one signature for each active secret, or nothing. */
export function signatureHeader(body: string, secrets: readonly SigningSecret[], now: Date): string {
  return secrets
    .filter((secret) => isActive(secret, now))
    .map(({ secret }) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
    .join(',');
}

/** Sends events as Coral does: once, with 10 seconds for an answer, following no redirect. */
export class Webhooks {
  readonly #endpoints: readonly WebhookEndpoint[];
  readonly #now: () => Date;
  readonly #tenant: { readonly tenantID: string; readonly tenantDomain: string };
  readonly #log: Delivery[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    endpoints: readonly WebhookEndpoint[],
    tenant: { readonly tenantID: string; readonly tenantDomain: string },
    now: () => Date,
  ) {
    this.#endpoints = endpoints;
    this.#tenant = tenant;
    this.#now = now;
  }

  /** The oldest deliveries. */
  get log(): readonly Delivery[] {
    return this.#log;
  }

  /** Sends without waiting for the answers; see {@link settled}. */
  readonly announce: Announce = (type, data) => {
    const sending = this.send(type, data);
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
  };

  /** Waits for all that is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Sends one event to every endpoint that wants it. */
  async send(type: string, data: Readonly<Record<string, unknown>>): Promise<readonly Delivery[]> {
    const createdAt = this.#now();
    const event = { id: randomUUID(), type, data, createdAt: createdAt.toISOString(), ...this.#tenant };
    const body = JSON.stringify(event, null, 2);
    const targets = this.#endpoints.filter(({ events }) => events === undefined || events.includes(type));
    return Promise.all(
      targets.map(async ({ url, secrets }) => {
        const status = await post(url, type, body, signatureHeader(body, secrets, createdAt));
        const delivery: Delivery = { url, type, eventID: event.id, status };
        if (this.#log.length < logLimit) this.#log.push(delivery);
        return delivery;
      }),
    );
  }
}

async function post(url: string, type: string, body: string, signature: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'Coral Webhook/9.11.8',
        'X-Coral-Event': type,
        'X-Coral-Signature': signature,
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
