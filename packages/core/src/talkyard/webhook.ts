import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { isRecord, parseJson } from '../json.js';

/** Most events that one call may bring; Talkyard sends one at a time. */
const eventLimit = 100;

/** A call of Talkyard's webhook. */
export interface TalkyardNotice {
  /** The Talkyard that says to have sent it, `https://forum.example.com`. */
  readonly origin: string;
  readonly events: readonly TalkyardNoticeEvent[];
}

/** Something happened at Talkyard, as somebody says. */
export interface TalkyardNoticeEvent {
  /** Unique at one Talkyard; the same event can come more than once. */
  readonly id: number;
  readonly at: Date;
  /** `PatCreated`, `PageCreated`, `PageUpdated`, `PostCreated`, `PostUpdated`; there may be more one day. */
  readonly type: string;
  /** Talkyard's id of the new user, with `PatCreated`. */
  readonly userId?: number;
  /** What was sent about it, unchecked. Nothing signs it: look up whatever matters. */
  readonly data: unknown;
}

/**
 * Reads a call of Talkyard's webhook.
 *
 * Talkyard signs nothing and sends no extra headers: anybody who knows the address can call it. So what it says is only
 * ever a hint to look something up.
 *
 * @param body the raw bytes; at most 1 MB should be read of them
 * @throws ForumSsoError `ERR_TALKYARD_WEBHOOK_MALFORMED`
 */
export function readTalkyardNotice(body: Uint8Array): TalkyardNotice {
  const notice = readNotice(body);
  if (isRefusal(notice)) throw errorFrom(notice);
  return notice;
}

/** {@link readTalkyardNotice} with a refusal as a value. */
export function readNotice(body: Uint8Array): TalkyardNotice | Refusal {
  const message = parseJson(body);
  if (!isRecord(message)) return malformed('The body is no JSON object.');
  const { origin, events } = message;
  if (typeof origin !== 'string' || !/^https?:\/\/[^/\s]{1,255}$/.test(origin))
    return malformed('It names no origin.');
  if (!Array.isArray(events) || events.length > eventLimit) {
    return malformed(`It has no list of at most ${eventLimit} events.`);
  }
  const read = events.map(readEvent).filter((event) => event !== undefined);
  return read.length === events.length
    ? { origin, events: read }
    : malformed('One of its events lacks id, time or type.');
}

function readEvent(value: unknown): TalkyardNoticeEvent | undefined {
  if (!isRecord(value)) return undefined;
  const { id, atMs, eventType, eventData: data } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return undefined;
  if (typeof eventType !== 'string' || !/^[A-Za-z]{1,64}$/.test(eventType)) return undefined;
  const at = typeof atMs === 'number' ? new Date(atMs) : undefined;
  if (at === undefined || Number.isNaN(at.getTime())) return undefined;
  const pat = isRecord(data) ? data.pat : undefined;
  const userId = isRecord(pat) ? pat.id : undefined;
  const known = typeof userId === 'number' && Number.isSafeInteger(userId) && userId > 0;
  return { id, at, type: eventType, ...(known ? { userId } : {}), data };
}

function malformed(detail: string): Refusal {
  return refusal('ERR_TALKYARD_WEBHOOK_MALFORMED', `The call is no Talkyard webhook. ${detail}`);
}
