import type { DiscourseEmulator } from '../../src/discourse/index.js';
import { writePayload, writeQuery } from '../../src/discourse/protocol/connect-message.js';
import { secret } from './site.js';

export const adminKey = 'a'.repeat(64);

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON object in the body; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface ApiCallOptions {
  /** Null: without a key. */
  readonly key?: string | null;
  /** Null: without a user name. */
  readonly username?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Calls the API of a forum, as `system` with the key of an admin unless said otherwise. */
export async function callApi(
  forum: DiscourseEmulator,
  method: string,
  path: string,
  { key = adminKey, username = 'system', headers = {}, form, body, signal }: ApiCallOptions = {},
): Promise<ApiReply> {
  const response = await fetch(forum.origin + path, {
    method,
    headers: {
      accept: 'application/json',
      ...(key === null ? {} : { 'api-key': key }),
      ...(username === null ? {} : { 'api-username': username }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    redirect: 'manual',
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

/** The body of a `sync_sso` call. */
export function syncForm(
  fields: Readonly<Record<string, string | number | boolean>>,
  key = secret,
): { readonly sso: string; readonly sig: string } {
  const query = new URLSearchParams(writeQuery(writePayload(fields), key));
  return { sso: query.get('sso') ?? '', sig: query.get('sig') ?? '' };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
