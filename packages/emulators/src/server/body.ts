import type { IncomingMessage } from 'node:http';

import { HttpError } from './http-error.js';

const utf8 = new TextDecoder('utf-8');

/**
 * The raw bytes of a request's body; no parser of the server touches them before.
 * @throws HttpError 413 as soon as `limitBytes` are passed (the connection is not kept), 400 when it breaks off.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength;
      // What still comes is let through unread, so that the caller gets the answer rather than a broken pipe.
      if (size <= limitBytes) chunks.push(chunk);
      else reject(new HttpError(413, 'The body of this request is too large.'));
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new HttpError(400, 'The request broke off.')));
    request.on('aborted', () => reject(new HttpError(400, 'The request broke off.')));
  });
}

/** A form posted by one of our own pages. */
export async function readForm(request: IncomingMessage, limitBytes = 65_536): Promise<URLSearchParams> {
  return new URLSearchParams(utf8.decode(await readBody(request, limitBytes)));
}

/**
 * A JSON body, unchecked.
 * @throws HttpError 400 when it is not JSON; 413 when it is too large.
 */
export async function readJson(request: IncomingMessage, limitBytes = 65_536): Promise<unknown> {
  const text = utf8.decode(await readBody(request, limitBytes));
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    throw new HttpError(400, 'The body of this request is not JSON.');
  }
}
