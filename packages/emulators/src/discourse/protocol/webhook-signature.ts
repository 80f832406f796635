import { createHmac } from 'node:crypto';

/** Value of the `X-Discourse-Event-Signature` header for the exact bytes of a webhook's body. */
export function signWebhook(body: Uint8Array, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
