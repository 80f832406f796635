/** Where events are sent. */
export interface WebhookOptions {
  readonly url: string;
  /** Seconds between two looks for new events. Default 3. */
  readonly pollSeconds?: number;
}

interface Waiting {
  readonly id: number;
  readonly atMs: number;
  readonly eventType: string;
  readonly eventData: unknown;
  attempts: number;
  nextTryMs: number;
}

const longestWaitMs = 3 * 3_600_000;
const giveUpMs = 3 * 86_400_000;
const timeoutMs = 20_000;
const queueLimit = 1_000;

/**
 * Talkyard's webhook: one event at a time, in their order, unsigned; what is not answered with 2xx is sent again after
 * 3, 9, 27 … seconds, for three days, and then the webhook stands still.
 */
export class WebhookSender {
  readonly #url: string;
  readonly #origin: string;
  readonly #now: () => Date;
  readonly #queue: Waiting[] = [];
  readonly #timer: NodeJS.Timeout;
  #nextId = 1;
  #sending: Promise<void> | undefined;
  #broken = false;

  constructor({ url, pollSeconds = 3 }: WebhookOptions, origin: string, now: () => Date) {
    this.#url = url;
    this.#origin = origin;
    this.#now = now;
    this.#timer = setInterval(() => void this.flush(), pollSeconds * 1_000);
    this.#timer.unref();
  }

  /** True when Talkyard has given up; an administrator would have to restart it. */
  get broken(): boolean {
    return this.#broken;
  }

  add(eventType: string, eventData: unknown): void {
    if (this.#queue.length >= queueLimit) return;
    const atMs = this.#now().getTime();
    this.#queue.push({ id: this.#nextId++, atMs, eventType, eventData, attempts: 0, nextTryMs: 0 });
  }

  /** Sends what is due, now rather than at the next look. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendDue().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#queue.length = 0;
  }

  async #sendDue(): Promise<void> {
    for (let event = this.#queue[0]; event !== undefined && !this.#broken; event = this.#queue[0]) {
      const time = this.#now().getTime();
      if (time < event.nextTryMs) return;
      if (await this.#send(event)) {
        if (this.#queue[0] === event) this.#queue.shift();
        continue;
      }
      event.attempts++;
      event.nextTryMs = time + Math.min(3 ** event.attempts * 1_000, longestWaitMs);
      this.#broken = time - event.atMs > giveUpMs;
      return;
    }
  }

  async #send({ id, atMs, eventType, eventData }: Waiting): Promise<boolean> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'User-Agent': 'Talkyard / v1.2026.003 API-v0.0.1' },
        body: JSON.stringify({ origin: this.#origin, events: [{ id, atMs, eventType, eventData }] }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}
