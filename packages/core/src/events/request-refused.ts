import { errorRow, type Refusal } from '../errors.js';
import type { NewEvent } from './event.js';

/**
 * The event about a refused request.
 * @param path without its query, and without what is secret in it
 */
export function requestRefused({ refused: code, detail, cause }: Refusal, path: string): NewEvent {
  const { status } = errorRow(code);
  return { type: 'request.refused', code, status, path, detail, ...(cause === undefined ? {} : { cause }) };
}
