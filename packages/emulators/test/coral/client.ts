import { createHmac } from 'node:crypto';

import type { CoralEmulator } from '../../src/coral/index.js';

/** A token of single sign-on, made by hand. */
export function ssoToken(
  payload: unknown,
  secret: string,
  header: Readonly<Record<string, unknown>> = { alg: 'HS256', typ: 'JWT' },
): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly data?: Readonly<Record<string, unknown>> | null;
    readonly error?: { readonly code: string; readonly traceID: string; readonly message: string };
    readonly errors?: readonly {
      readonly message: string;
      readonly path?: readonly (string | number)[];
      readonly extensions: { readonly code: string; readonly traceID?: string; readonly param?: string };
    }[];
  };
}

/** Sends a body to the GraphQL address; a text is sent as a query. */
export async function graphql(
  emulator: CoralEmulator,
  body: string | Readonly<Record<string, unknown>>,
  { token, headers }: { readonly token?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const response = await fetch(`${emulator.origin}/api/graphql`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(typeof body === 'string' ? { query: body } : body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** The code of an answer's error, in either envelope; `fine` when there is none. */
export function codeOf({ body }: Answer): string {
  return body.error?.code ?? body.errors?.[0]?.extensions.code ?? 'fine';
}
