import { type Refusal, refusal } from '../errors.js';

/** The body has more bytes than belong there. */
export function bodyTooLarge(limitBytes: number): Refusal {
  return refusal('ERR_BODY_TOO_LARGE', `The body is larger than the ${limitBytes} bytes that belong here.`);
}

/** The body did not arrive in time. */
export function bodyTooSlow(milliseconds: number): Refusal {
  return refusal('ERR_BODY_UNREADABLE', `The body did not arrive within ${milliseconds / 1_000} s.`);
}

/** The connection ended before the body did. */
export function bodyBrokenOff(cause?: unknown): Refusal {
  return refusal('ERR_BODY_UNREADABLE', 'The sender broke off before the body was complete.', cause);
}

/** What was given as the body is something that a parser has made of it. */
export function bodyNotRaw(): Refusal {
  return refusal(
    'ERR_RAW_BODY_CONSUMED',
    'The body is no bytes: a signature covers the bytes as they were sent, before any parser.',
  );
}
