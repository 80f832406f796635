/** What is sent, whichever webhook it goes to. */
export interface WebhookMessage {
  /** `user`, `group_user` or `ping`. */
  readonly type: string;
  /** `user_created` and the like. */
  readonly event: string;
  /** The JSON text. */
  readonly body: string;
}

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** One event that was sent to one webhook, or is under way. */
export interface Delivery {
  /** The number in `X-Discourse-Event-Id`. */
  readonly id: number;
  readonly webhookId: number;
  readonly type: string;
  readonly event: string;
  readonly at: Date;
  readonly requestHeaders: HeaderList;
  readonly requestBody: string;
  /** 0 while it is under way; -1 when no answer came. */
  readonly status: number;
  readonly responseHeaders: HeaderList;
  readonly responseBody: string;
  /** Why no answer came; empty otherwise. */
  readonly error: string;
  /** Milliseconds until the answer. */
  readonly durationMs: number;
  /** How many times it was tried before, under other numbers. */
  readonly retry: number;
  /** How many times it was sent under this number: more than once after a redelivery. */
  readonly sent: number;
}
