import type { IncomingMessage } from 'node:http';

import { HttpError, readBody } from '../server/index.js';
import { TalkyardError } from './talkyard-error.js';

/**
 * A JSON body as Talkyard's web framework takes it, before anybody asks who the sender is.
 * @throws TalkyardError 415 for another content type, 413 for a larger body, 400 for what is no JSON
 */
export async function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'text/json') {
    throw new TalkyardError(415, 'TyE0JSON', 'Expecting text/json or application/json body');
  }
  let text: string;
  try {
    text = Buffer.from(await readBody(request, limitBytes)).toString('utf8');
  } catch (error) {
    if (error instanceof HttpError && error.status === 413) {
      throw new TalkyardError(413, 'TyE2LARGE', 'Request entity too large');
    }
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new TalkyardError(400, 'TyEPARSEJSON', 'Invalid Json');
  }
}
