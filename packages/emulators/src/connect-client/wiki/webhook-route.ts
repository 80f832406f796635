import type { Request, Response } from 'express';

import { readBody } from '../../server/index.js';
import { isObject, type JsonObject, parseJson } from '../json.js';
import { toInteger } from '../php/integer.js';
import { hashHmac } from '../php/sign.js';
import { type Credentials, WikiFault, WikiTypeError } from './accounts.js';
import { UnusableName } from './user-name.js';
import type { Wiki } from './wiki.js';

export const webhookTitle = 'Special:DiscourseSsoConsumerWebhook';

const knownEvents: readonly string[] = [
  'user_created',
  'user_confirmed_email',
  'user_approved',
  'user_logged_in',
  'user_updated',
  'user_logged_out',
  'user_destroyed',
];
const bodyLimit = 2_000_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** `Special:DiscourseSsoConsumerWebhook`. */
export async function receiveWebhook(wiki: Wiki, request: Request, response: Response): Promise<void> {
  const body = request.method === 'POST' ? await readBody(request, bodyLimit) : new Uint8Array();
  const answer = answerTo(wiki, request, body);
  wiki.noteWebhook({
    type: header(request, 'x-discourse-event-type'),
    event: header(request, 'x-discourse-event'),
    eventId: header(request, 'x-discourse-event-id'),
    body: Buffer.from(body).toString('utf8'),
    status: answer.status,
    answer: answer.text,
  });
  response.status(answer.status).type('text/plain').send(answer.text);
}

function answerTo(wiki: Wiki, request: Request, body: Uint8Array): Answer {
  // Who is not known to be the forum gets nothing but a blank stare.
  if (!isFromForum(wiki, request, body)) return { status: 500, text: '' };
  try {
    return { status: 200, text: handle(wiki, request, Buffer.from(body).toString('utf8')) };
  } catch (error) {
    if (error instanceof WikiTypeError) return { status: 500, text: '' };
    if (error instanceof WikiFault || error instanceof UnusableName)
      return { status: 500, text: `Internal Server Error\n\n${error.message}\n` };
    throw error;
  }
}

function isFromForum(wiki: Wiki, request: Request, body: Uint8Array): boolean {
  const { Enable, SharedSecret, AllowedIpList } = wiki.config.Webhook;
  const ip = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const signature = header(request, 'x-discourse-event-signature');
  return (
    Enable &&
    AllowedIpList.includes(ip) &&
    signature.startsWith('sha256=') &&
    signature.slice('sha256='.length) === hashHmac(body, SharedSecret ?? '')
  );
}

function handle(wiki: Wiki, request: Request, body: string): string {
  const type = requiredHeader(request, 'x-discourse-event-type');
  const event = requiredHeader(request, 'x-discourse-event');
  toInteger(requiredHeader(request, 'x-discourse-event-id'));
  if (type === 'ping') {
    if (event !== 'ping') throw new WikiFault(`Expected event to be 'ping', not '${event}'.`);
    return `PONG\n${JSON.stringify(parseJson(body))}\n`;
  }
  if (type !== 'user') return `NON-HANDLED EVENT TYPE '${type}'\n`;
  if (wiki.config.Webhook.IgnoredEvents.includes(event)) return `IGNORED USER EVENT '${event}'\n`;
  if (!knownEvents.includes(event)) return `UNRECOGNIZED USER EVENT '${event}'\n`;
  return handleUser(wiki, event, body);
}

function handleUser(wiki: Wiki, event: string, body: string): string {
  const user = userIn(body);
  // Where the extension's own assertions end the request: the caller sees a success, and nothing was done.
  if (user === null || user.id === 0) return '';
  const person = credentialsOf(user);
  const account = wiki.accounts.settle(person, event !== 'user_destroyed');
  const ends = event === 'user_logged_out' || event === 'user_destroyed';
  if (account !== null && ends && wiki.config.Logout.HandleEventFromDiscourse)
    wiki.sessions.endWhere(({ accountId }) => accountId === account.id);
  return `WIKI USER:\n${JSON.stringify(account)}\n`;
}

function userIn(body: string): JsonObject | null {
  const value = parseJson(body);
  if (!isObject(value)) return null;
  if (!isObject(value.user)) throw new WikiTypeError('makeCredentialsFromUserRecord(): Argument #1 ($user)');
  return value.user;
}

/** Types are PHP's strict ones: a number as a text is an error, and so is what is missing; flags count by their truth. */
function credentialsOf({ id, username, name, email, groups, admin, moderator }: JsonObject): Credentials {
  if (typeof id !== 'number' || !Number.isInteger(id))
    throw new WikiTypeError('lookupDiscourseId(): Argument #1');
  if (!Array.isArray(groups)) throw new WikiTypeError('array_map(): Argument #2 ($array)');
  return {
    discourseId: BigInt(id),
    username: typeof username === 'string' ? username : null,
    name: typeof name === 'string' ? name : '',
    email: typeof email === 'string' ? email : null,
    groups: groups.map((group: unknown) => {
      if (!isObject(group) || typeof group.name !== 'string')
        throw new WikiTypeError('{closure}(): Argument #1 ($g)');
      return group.name;
    }),
    isAdmin: isTrue(admin),
    isModerator: isTrue(moderator),
  };
}

/** To PHP the text "false" is true. */
function isTrue(value: unknown): boolean {
  return Boolean(value) && value !== '0' && !(Array.isArray(value) && value.length === 0);
}

function header(request: Request, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** To PHP the text "0" is as good as none. */
function requiredHeader(request: Request, name: string): string {
  const value = header(request, name);
  if (value === '' || value === '0') throw new WikiFault(`Empty/missing ${name} header`);
  return value;
}
