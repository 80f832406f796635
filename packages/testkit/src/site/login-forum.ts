import { createHmac } from 'node:crypto';

import type { HeaderLine } from '../http/reply.js';
import { readAnswer, signedQuery } from './forum-side.js';

/**
 * The forum's side when its people sign in to the site, written by hand for the tests, so that none of our own code
 * decides what is right.
 */
export const loginForum = {
  url: 'https://forum.example.com',
  secret: 'Zs6-the-forums-provider-secret-Wq1NfXb',
  webhookSecret: 'pD3-the-secret-of-the-webhook-Ja9KeVt',
  apiKey: 'c41-the-api-key-of-an-admin-Ru5GhYo',
} as const;

/** What a forum's answer says about a person. */
type ForumPerson = {
  readonly external_id: string;
  readonly username: string;
  readonly name?: string;
  readonly email: string;
  readonly admin: 'true' | 'false';
  readonly moderator: 'true' | 'false';
  readonly groups: string;
};

/** The forum's people, who are called as at the site. Eve has no account there. */
export const forumPeople: Readonly<Record<'alice' | 'bob' | 'dave' | 'eve', ForumPerson>> = {
  alice: {
    external_id: '42',
    username: 'alice',
    name: 'Alice & Ölga ~ Admin+',
    email: 'alice@forum.example',
    admin: 'true',
    moderator: 'false',
    groups: 'trust_level_0,staff,eurorack',
  },
  bob: {
    external_id: '43',
    username: 'bob',
    email: 'bob@forum.example',
    admin: 'false',
    moderator: 'false',
    groups: 'trust_level_0',
  },
  dave: {
    external_id: '45',
    username: 'dave',
    email: 'dave@forum.example',
    admin: 'false',
    moderator: 'false',
    groups: '',
  },
  eve: {
    external_id: '46',
    username: 'eve',
    email: 'eve@forum.example',
    admin: 'false',
    moderator: 'false',
    groups: '',
  },
};

/** Fields of a message. */
export type Fields = { readonly [name: string]: string };

/**
 * Reads what the site asks the forum.
 * @param location where the browser was sent to
 * @throws Error when it leads elsewhere, or is not signed with the forum's secret
 */
export function questionIn(location: string, forumUrl: string = loginForum.url): Fields {
  return Object.fromEntries(readAnswer(location, `${forumUrl}/session/sso_provider`, loginForum.secret));
}

/** What the forum answers: the question with the person laid over it, signed. */
export function forumAnswer(question: Fields, person: Fields, secret: string = loginForum.secret): string {
  const fields = new URLSearchParams({ ...question, ...person });
  return signedQuery(Buffer.from(fields.toString()).toString('base64'), secret);
}

/** One delivery of a webhook. */
export interface Delivery {
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;
}

/** What a forum posts to the webhook's address; everything that is not given is right. */
export function webhookDelivery(
  content: unknown,
  {
    type = 'user',
    event = 'user_updated',
    id = '1',
    secret = loginForum.webhookSecret,
    contentType = 'application/json',
  }: {
    readonly type?: string;
    readonly event?: string;
    readonly id?: string;
    readonly secret?: string;
    readonly contentType?: string;
  } = {},
): Delivery {
  const body =
    content instanceof Uint8Array
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return {
    headers: [
      ['Content-Type', contentType],
      ['User-Agent', 'Discourse/2026.9.0'],
      ['X-Discourse-Instance', loginForum.url],
      ['X-Discourse-Event-Id', id],
      ['X-Discourse-Event-Type', type],
      ['X-Discourse-Event', event],
      ['X-Discourse-Event-Signature', `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`],
    ],
    body,
  };
}

/** The person in a webhook, as the forum's administrators see them. */
export function webhookUser(
  name: keyof typeof forumPeople,
  more: Readonly<Record<string, unknown>> = {},
): { readonly user: Readonly<Record<string, unknown>> } {
  const { external_id, username, email, admin, moderator, groups } = forumPeople[name];
  return {
    user: {
      id: Number(external_id),
      username,
      name: null,
      email,
      admin: admin === 'true',
      moderator: moderator === 'true',
      active: true,
      staged: false,
      created_at: '2026-01-01T00:00:00.000Z',
      last_seen_at: '2026-03-01T12:00:00.000Z',
      groups: groups
        .split(',')
        .filter((group) => group !== '')
        .map((group, index) => ({ id: index + 10, name: group })),
      ...more,
    },
  };
}
