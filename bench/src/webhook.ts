import { strictEqual } from 'node:assert';
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

import { verifyWebhook } from '@forum-sso/core/discourse';

import { compare, type RowGroup, repeated, takeTurns } from './measure.js';

const secret = 'd836444a9e4084d5b224a60c208dce14';
/** About 5 kB, as a webhook about a user with a few dozen groups has. */
const body = Buffer.from(
  JSON.stringify({
    user: {
      id: 42,
      username: 'sam',
      email: 'sam@example.com',
      groups: Array.from({ length: 78 }, (_, id) => ({
        id,
        name: randomBytes(12).toString('hex'),
        automatic: false,
      })),
      last_seen_at: '2026-11-22T06:00:00.000Z',
    },
  }),
);
const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const webhook = {
  headers: {
    'content-type': 'application/json',
    'x-discourse-event-id': '7',
    'x-discourse-event-type': 'user',
    'x-discourse-event': 'user_updated',
    'x-discourse-event-signature': signature,
  },
  body,
};

/** A webhook of Discourse, beside one HMAC of the same bytes with the secret as text. */
export const webhookSignature: RowGroup = {
  name: 'webhook',
  rows: async () => {
    const findWebhookKey = await verification();
    const keys = [createSecretKey(secret, 'utf8')];
    strictEqual(findWebhookKey(webhook, keys), 0);
    strictEqual(verifyWebhook(webhook, secret).event, 'user_updated');

    const floor = 'one HMAC';
    const costs = await takeTurns(
      [
        repeated(floor, () => createHmac('sha256', secret).update(body).digest('hex')),
        repeated('verification', () => findWebhookKey(webhook, keys)),
        repeated('verifyWebhook', () => verifyWebhook(webhook, secret)),
      ],
      41,
    );
    return [
      compare(`verifyWebhook, ${(body.length / 1e3).toFixed(1)} kB, without parsing`, costs, {
        subject: 'verification',
        floor,
        target: { atMost: 1.3 },
      }),
      compare('  the same with the parsed JSON', costs, { subject: 'verifyWebhook', floor }),
    ];
  },
};

/** The first half of `verifyWebhook`, with the key that connectors make once; no export of the package. */
async function verification(): Promise<(webhook: unknown, keys: unknown) => unknown> {
  const entry = import.meta.resolve('@forum-sso/core/discourse');
  const module: unknown = await import(new URL('./protocol/webhook.js', entry).href);
  if (typeof module !== 'object' || module === null || !('findWebhookKey' in module))
    throw new Error('No findWebhookKey.');
  const { findWebhookKey } = module;
  if (typeof findWebhookKey !== 'function') throw new Error('No findWebhookKey.');
  return (sent, keys) => findWebhookKey(sent, keys);
}
