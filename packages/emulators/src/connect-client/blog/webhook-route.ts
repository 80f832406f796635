import type { Request, Response } from 'express';

import { readBody } from '../../server/index.js';
import { isObject, type JsonObject, parseJson } from '../json.js';
import { toInteger } from '../php/integer.js';
import { sanitizeTextField } from '../php/sanitize.js';
import { hashHmac } from '../php/sign.js';
import type { BlogAccount } from './accounts.js';
import type { Blog } from './blog.js';

export const webhookRoute = '/wp-discourse/v1/update-user';

const bodyLimit = 2_000_000;

/** The REST route; there is none unless the plugin's options ask for it. */
export async function receiveWebhook(blog: Blog, request: Request, response: Response): Promise<void> {
  const {
    'use-discourse-user-webhook': wanted,
    'enable-sso': isProvider,
    'webhook-match-user-email': byEmail,
  } = blog.options;
  if (!wanted || !(isProvider || byEmail) || request.method !== 'POST') {
    const message = 'No route was found matching the URL and request method.';
    response.status(404).json({ code: 'rest_no_route', message, data: { status: 404 } });
    return;
  }
  const body = await readBody(request, bodyLimit);
  const outcome = handle(blog, request, body);
  blog.noteWebhook({
    event: header(request, 'x-discourse-event'),
    body: Buffer.from(body).toString('utf8'),
    ...outcome,
  });
  // Whatever became of it: a status that says yes, and a JSON text that holds JSON.
  response.status(200).json(JSON.stringify(outcome));
}

interface Outcome {
  readonly success: boolean;
  readonly message: string;
}

function handle(blog: Blog, request: Request, body: Uint8Array): Outcome {
  const signature = header(request, 'x-discourse-event-signature').slice('sha256='.length);
  if (signature === '' || hashHmac(body, blog.options['webhook-secret']) !== signature)
    return { success: false, message: 'The webhook was not verified.' };
  const event = header(request, 'x-discourse-event');
  if (event !== 'user_created' && event !== 'user_updated')
    return { success: false, message: 'The webhook event is not supported.' };
  const user = userIn(body);
  if (user === null) return { success: false, message: 'The webhook sent an invalid body.' };
  const account = accountFor(blog, event, user);
  if (account === null) return { success: false, message: 'User not found.' };
  blog.accounts.update(account.id, {
    discourseUsername: sanitizeTextField(String(user.username)),
    discourseId: account.discourseId ?? String(numberIn(user.id)),
  });
  return { success: true, message: 'User updated.' };
}

/** By `external_id`, which it takes for its own number of a user; by the forum's; by address. */
function accountFor({ accounts, options }: Blog, event: string, user: JsonObject): BlogAccount | null {
  const externalId = numberIn(user.external_id);
  const byId = externalId === 0n ? null : accounts.byId(Number(externalId));
  if (byId !== null) return byId;
  const linked = event === 'user_updated' ? accounts.byDiscourseId(String(numberIn(user.id))) : null;
  if (linked !== null) return linked;
  const byEmail = event === 'user_created' || options['webhook-match-user-email'];
  return byEmail && typeof user.email === 'string' && user.email !== '' ? accounts.byEmail(user.email) : null;
}

function userIn(body: Uint8Array): JsonObject | null {
  const value = parseJson(Buffer.from(body).toString('utf8'));
  return isObject(value) && isObject(value.user) ? value.user : null;
}

function numberIn(value: unknown): bigint {
  return typeof value === 'number' || typeof value === 'string' ? toInteger(String(value)) : 0n;
}

function header(request: Request, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
