import { isRecord, parseJson } from '../json.js';
import { failure } from './call.js';
import type { TalkyardRefusal } from './error-body.js';

/** A user as Talkyard describes them. Their e-mail address is never told. */
export interface TalkyardMember {
  /** Talkyard's own id; absent where the API secret may not see it. */
  readonly id?: number;
  /** As stored: often not quite what was asked for. */
  readonly username: string;
  readonly fullName?: string;
  /** The site's id of the person; absent for users who never came from the site. */
  readonly ssoId?: string;
  readonly extId?: string;
}

/** Whose secret it is that we call with. */
export interface ApiSecretInfo {
  /** Everything Talkyard tells; its shape is not promised. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** One thing of a `get` answer: a user, or why there is none. */
export type TalkyardLookup = { readonly found: TalkyardMember } | { readonly missing: string };

/** The one-time login secret out of an answer. Base-36, at most 26 characters. */
export function readLoginSecret(text: string): string | TalkyardRefusal {
  const answer = parseJson(text);
  const secret = isRecord(answer) ? (answer.loginSecret ?? answer.ssoLoginSecret) : undefined;
  return typeof secret === 'string' && /^[0-9A-Za-z_-]{1,200}$/.test(secret)
    ? secret
    : unexpected('a login secret');
}

export function readUpsertedUser(text: string): TalkyardMember | TalkyardRefusal {
  const answer = parseJson(text);
  return (isRecord(answer) ? readMember(answer.user) : undefined) ?? unexpected('a user');
}

export function readUserList(text: string): readonly TalkyardMember[] | TalkyardRefusal {
  const answer = parseJson(text);
  const users: unknown = isRecord(answer) ? answer.users : undefined;
  if (!Array.isArray(users)) return unexpected('a list of users');
  const members = users.map(readMember).filter((member) => member !== undefined);
  return members.length === users.length ? members : unexpected('a list of users');
}

/** @param count how many things were asked for; Talkyard answers in the same order */
export function readLookups(text: string, count: number): readonly TalkyardLookup[] | TalkyardRefusal {
  const answer = parseJson(text);
  const things: unknown = isRecord(answer) ? answer.thingsOrErrs : undefined;
  if (!Array.isArray(things) || things.length !== count) return unexpected('one result for each reference');
  const lookups = things.map(readLookup).filter((lookup) => lookup !== undefined);
  return lookups.length === count ? lookups : unexpected('one result for each reference');
}

export function readSecretInfo(text: string): ApiSecretInfo | TalkyardRefusal {
  const info = parseJson(text);
  return isRecord(info) ? { info } : unexpected('what the API secret may do');
}

/** Reads a user; undefined when it is none. */
function readMember(value: unknown): TalkyardMember | undefined {
  if (!isRecord(value)) return undefined;
  const { id, username, fullName, ssoId, extId } = value;
  if (typeof username !== 'string' || username === '') return undefined;
  return {
    ...(typeof id === 'number' && Number.isSafeInteger(id) ? { id } : {}),
    username,
    ...(typeof fullName === 'string' ? { fullName } : {}),
    ...(typeof ssoId === 'string' ? { ssoId } : {}),
    ...(typeof extId === 'string' ? { extId } : {}),
  };
}

function readLookup(thing: unknown): TalkyardLookup | undefined {
  if (isRecord(thing) && typeof thing.errCode === 'string') return { missing: thing.errCode.slice(0, 40) };
  const found = readMember(thing);
  return found === undefined ? undefined : { found };
}

function unexpected(what: string): TalkyardRefusal {
  return failure(
    'ERR_TALKYARD_REPLY_UNEXPECTED',
    `Talkyard's answer was expected to hold ${what}. Is serverUrl a Talkyard?`,
  );
}
