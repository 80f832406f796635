import { signWebhook } from '../protocol/webhook-signature.js';
import type { Delivery, HeaderList, WebhookMessage } from './delivery.js';
import { postWebhook } from './post-webhook.js';
import { type NewWebhook, readWebhook, type Webhook } from './webhook.js';

/** Runs something later; the answer takes it back. */
export type Schedule = (action: () => void, delayMs: number) => () => void;

export interface WebhooksOptions {
  /** The forum's address. */
  readonly origin: string;
  readonly now: () => Date;
  readonly schedule: Schedule;
  /** How long connecting, sending and receiving may take each, in milliseconds. */
  readonly timeoutMs: number;
  /** The setting `retry_web_hook_events`, asked each time. */
  readonly retries: () => boolean;
}

const mostRetries = 4;
const minute = 60_000;
const keptDeliveries = 500;
const userAgent = 'Discourse/2026.7.0';

type Stored<T> = { -readonly [Name in keyof T]: T[Name] };

/** The forum's webhooks: whom to tell, and what was sent. Deliveries run beside each other, in no order. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #webhooks = new Map<number, Stored<Webhook>>();
  readonly #deliveries = new Map<number, Stored<Delivery>>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #planned = new Set<() => void>();
  readonly #closing = new AbortController();
  #lastWebhookId = 0;
  #lastDeliveryId = 0;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  list(): readonly Webhook[] {
    return [...this.#webhooks.values()].map((webhook) => ({ ...webhook }));
  }

  /** @throws TypeError when Discourse would not take it */
  create(given: NewWebhook): Webhook {
    const webhook = readWebhook(this.#lastWebhookId + 1, given);
    this.#lastWebhookId = webhook.id;
    this.#webhooks.set(webhook.id, { ...webhook });
    return webhook;
  }

  /** Changes a webhook. @throws TypeError when there is none of that number, or Discourse would not take the change */
  update(id: number, changes: Partial<NewWebhook>): Webhook {
    const { events, ...rest } = this.#webhook(id);
    const webhook = readWebhook(id, { ...rest, ...(events === null ? {} : { events }), ...changes });
    this.#webhooks.set(id, { ...webhook });
    return webhook;
  }

  /** @throws TypeError when there is none of that number */
  remove(id: number): void {
    this.#webhook(id);
    this.#webhooks.delete(id);
    for (const delivery of this.#deliveries.values()) {
      if (delivery.webhookId === id) this.#deliveries.delete(delivery.id);
    }
  }

  /** What was sent, oldest first; of one webhook or of all. */
  deliveries(webhookId?: number): readonly Delivery[] {
    return [...this.#deliveries.values()]
      .filter((delivery) => webhookId === undefined || delivery.webhookId === webhookId)
      .map((delivery) => ({ ...delivery }));
  }

  /** Is there a webhook that wants to know? */
  wants(event: string): boolean {
    return this.#listeners(event).length > 0;
  }

  /** Tells every webhook that wants to know. Returns at once. */
  announce(message: WebhookMessage): void {
    for (const webhook of this.#listeners(message.event)) this.#send(webhook, message, 0);
  }

  /** Sends a ping, also to a webhook that is switched off. @throws TypeError when there is none of that number */
  ping(id: number): Promise<void> {
    return this.#send(this.#webhook(id), { type: 'ping', event: 'ping', body: '{"ping":"OK"}' }, 0);
  }

  /**
   * Sends what was sent once more: the same number, headers and body.
   * @throws TypeError when there is no such delivery
   */
  redeliver(deliveryId: number): Promise<void> {
    const delivery = this.#deliveries.get(deliveryId);
    if (delivery === undefined) throw new TypeError(`There is no delivery ${deliveryId}.`);
    return this.#track(this.#post(this.#webhook(delivery.webhookId), delivery).then(() => undefined));
  }

  /** Waits until nothing is under way. Planned retries are not waited for. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Breaks off what is under way and forgets what is planned. */
  async close(): Promise<void> {
    for (const cancel of this.#planned) cancel();
    this.#closing.abort();
    await this.settled();
  }

  #listeners(event: string): readonly Stored<Webhook>[] {
    return [...this.#webhooks.values()].filter(
      ({ active, events }) => active && (events?.some((name) => name === event) ?? true),
    );
  }

  #webhook(id: number): Stored<Webhook> {
    const webhook = this.#webhooks.get(id);
    if (webhook === undefined) throw new TypeError(`There is no webhook ${id}.`);
    return webhook;
  }

  #send(webhook: Stored<Webhook>, message: WebhookMessage, retry: number): Promise<void> {
    this.#lastDeliveryId++;
    const delivery: Stored<Delivery> = {
      id: this.#lastDeliveryId,
      webhookId: webhook.id,
      type: message.type,
      event: message.event,
      at: this.#options.now(),
      requestHeaders: this.#headers(webhook, message, this.#lastDeliveryId),
      requestBody: message.body,
      status: 0,
      responseHeaders: [],
      responseBody: '',
      error: '',
      durationMs: 0,
      retry,
      sent: 0,
    };
    this.#deliveries.set(delivery.id, delivery);
    for (const oldest of this.#deliveries.keys()) {
      if (this.#deliveries.size <= keptDeliveries) break;
      this.#deliveries.delete(oldest);
    }
    return this.#track(this.#post(webhook, delivery).then(() => this.#decide(webhook.id, message, delivery)));
  }

  #headers(webhook: Webhook, { type, event, body }: WebhookMessage, eventId: number): HeaderList {
    const bytes = Buffer.from(body, 'utf8');
    return [
      ['Accept', '*/*'],
      ['Connection', 'close'],
      ['Content-Length', String(bytes.byteLength)],
      ['Content-Type', webhook.contentType],
      ['User-Agent', userAgent],
      ['X-Discourse-Instance', this.#options.origin],
      ['X-Discourse-Event-Id', String(eventId)],
      ['X-Discourse-Event-Type', type],
      ['X-Discourse-Event', event],
      ...(webhook.secret === ''
        ? []
        : [['X-Discourse-Event-Signature', signWebhook(bytes, webhook.secret)] as const]),
    ];
  }

  async #post(webhook: Webhook, delivery: Stored<Delivery>): Promise<void> {
    const start = performance.now();
    delivery.sent++;
    const result = await postWebhook({
      url: webhook.url,
      headers: delivery.requestHeaders,
      body: delivery.requestBody,
      timeoutMs: this.#options.timeoutMs,
      signal: this.#closing.signal,
    });
    delivery.durationMs = Math.round(performance.now() - start);
    const answered = 'status' in result;
    delivery.status = answered ? result.status : -1;
    delivery.responseHeaders = answered ? result.headers : [];
    delivery.responseBody = answered ? result.body : '';
    delivery.error = answered ? '' : result.error;
  }

  /** What follows from the answer: nothing, another try, or the end of the webhook. */
  #decide(webhookId: number, message: WebhookMessage, { status, retry }: Delivery): void {
    const webhook = this.#webhooks.get(webhookId);
    const isDone = status === -1 || (status >= 200 && status <= 299);
    if (webhook === undefined || isDone) return;
    if (status === 404 || status === 410) {
      if (retry >= mostRetries) webhook.active = false;
      return;
    }
    if (!this.#options.retries() || retry >= mostRetries || this.#closing.signal.aborted) return;
    const cancel = this.#options.schedule(
      () => {
        this.#planned.delete(cancel);
        const current = this.#webhooks.get(webhookId);
        if (current?.active === true || (current !== undefined && message.type === 'ping')) {
          void this.#send(current, message, retry + 1);
        }
      },
      5 ** retry * minute,
    );
    this.#planned.add(cancel);
  }

  #track(work: Promise<void>): Promise<void> {
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }
}
