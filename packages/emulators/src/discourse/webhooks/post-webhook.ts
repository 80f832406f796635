import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

import type { HeaderList } from './delivery.js';

/** What came back. */
export type PostResult =
  | { readonly status: number; readonly headers: HeaderList; readonly body: string }
  /** No answer: refused, broken off or too slow. */
  | { readonly error: string };

export interface PostOptions {
  readonly url: string;
  readonly headers: HeaderList;
  readonly body: string;
  /** How long each of connecting, sending and receiving may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const longestAnswer = 1_000_000;

/** Posts one webhook with exactly these headers (and `Host`). Redirects are not followed. Never throws. */
export function postWebhook({ url, headers, body, timeoutMs, signal }: PostOptions): Promise<PostResult> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ error: error.message || 'The connection failed.' });
    const send = url.toLowerCase().startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'POST',
      headers: Object.fromEntries(headers),
      signal,
      timeout: timeoutMs,
      // One connection for one delivery, as the header says.
      agent: false,
    });
    request.on('timeout', () => request.destroy(new Error(`No answer within ${timeoutMs} ms.`)));
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      response.on('data', (chunk: Uint8Array) => {
        size += chunk.byteLength;
        if (size <= longestAnswer) chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: headerList(response.rawHeaders),
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.end(body);
  });
}

function headerList(raw: readonly string[]): HeaderList {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return list;
}
