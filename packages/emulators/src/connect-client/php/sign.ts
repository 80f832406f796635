import { createHmac } from 'node:crypto';

/** PHP's `hash_hmac('sha256', …)`: lower-case hex. Clients compare it as a text. */
export function hashHmac(data: string | Uint8Array, secret: string): string {
  return createHmac('sha256', secret).update(data).digest('hex');
}
