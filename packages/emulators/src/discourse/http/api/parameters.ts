import type { Request } from 'express';

import { readBody } from '../../../server/index.js';
import { decodeForm, decodeQuery, lastText, type RackVersion } from '../../protocol/form.js';
import { rawQuery } from '../context.js';
import { ApiError } from './api-error.js';

/**
 * The parameters of a request, from its query and its body. Nested ones have brackets in their names, as in forms:
 * `group[name]`. Null: sent without a value.
 */
export type Parameters = ReadonlyMap<string, string | null>;

const largestBody = 1_000_000;

/**
 * Reads them: a form, a JSON object, or `multipart/form-data`, and the query. A repeated name counts once, with its
 * last value.
 * @throws ApiError 400 when they cannot be read; HttpError 413 when the body is too large
 */
export async function readParameters(request: Request, rack: RackVersion): Promise<Parameters> {
  const body = request.method === 'GET' ? Buffer.alloc(0) : await readBody(request, largestBody);
  const type = request.headers['content-type'] ?? '';
  try {
    const parameters = new Map<string, string | null>();
    for (const [name, value] of decodeQuery(rawQuery(request), rack))
      parameters.set(name, lastText(value) ?? null);
    if (body.byteLength === 0) return parameters;
    if (/^application\/json\b/i.test(type))
      addJson(parameters, '', JSON.parse(Buffer.from(body).toString('utf8')));
    else if (/^multipart\/form-data\b.*boundary=/i.test(type)) await addMultipart(parameters, body, type);
    // A form that calls itself multipart, without a boundary: older Racks read it all the same.
    else if (
      /^application\/x-www-form-urlencoded\b/i.test(type) ||
      (rack === 2 && /^multipart\//i.test(type))
    ) {
      for (const [name, value] of decodeForm(body, rack)) parameters.set(name, lastText(value) ?? null);
    }
    return parameters;
  } catch {
    throw new ApiError(400, { status: 400, error: 'Bad Request' });
  }
}

async function addMultipart(
  parameters: Map<string, string | null>,
  body: Uint8Array,
  type: string,
): Promise<void> {
  const form = await new Response(Buffer.from(body), { headers: { 'content-type': type } }).formData();
  for (const [name, value] of form) parameters.set(name, typeof value === 'string' ? value : null);
}

/** Turns nested JSON into names with brackets. */
function addJson(parameters: Map<string, string | null>, name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const isItem = Array.isArray(value);
      addJson(parameters, name === '' ? key : `${name}[${isItem ? '' : key}]`, inner);
    }
  } else if (name === '') throw new TypeError('A JSON body is an object.');
  else parameters.set(name, value === null || value === undefined ? null : String(value));
}
