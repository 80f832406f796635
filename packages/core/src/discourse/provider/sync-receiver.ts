import type { Exchange } from '../../connector.js';
import { hasControlCharacter } from '../../control-characters.js';
import { isRefusal, type Refusal, refusal } from '../../errors.js';
import { parseQuery, readParameter } from '../../http/query.js';
import { readHeader } from '../../http/request.js';
import { isRecord, parseJson } from '../../json.js';
import { isExternalId } from '../protocol/external-id.js';
import type { DiscourseFields } from '../protocol/fields.js';
import { type ForumFlavour, textReader } from '../protocol/flavour.js';
import { type OpenedMessage, openMessage } from '../protocol/message.js';
import type { SigningKey } from '../protocol/signature.js';
import type { ReadyClient } from './clients.js';

/** A push's fields; they always name somebody. */
export type SyncFields = DiscourseFields & { readonly externalId: string };

/** Largest body of a push, in bytes. */
const bodyLimit = 32_768;

/** A person as the client that is the authority describes them. What it may not say is left out. */
export interface SyncedPerson {
  /** The client's own id of the person. */
  readonly externalId: string;
  /** The person at the site, when the two were brought together before. */
  readonly siteUserId: string | null;
  readonly username?: string;
  readonly name?: string;
  readonly bio?: string;
  readonly avatarUrl?: string;
  readonly addGroups?: readonly string[];
  readonly removeGroups?: readonly string[];
  /** Only with `acceptEmail`. */
  readonly email?: string;
  /** Only with `acceptEmail`; false when the client asks for activation. */
  readonly emailVerified?: boolean;
  /** Only with `acceptStaffFlags`. */
  readonly admin?: boolean;
  readonly moderator?: boolean;
  readonly custom?: Readonly<Record<string, string>>;
}

/** How an authority is read, and how much of what it says is handed on. */
export interface SyncRules {
  /** What it is. `wordpress`: wp-discourse, whose text has HTML entities in it. Default `discourse`: any other. */
  readonly flavour?: ForumFlavour;
  /** Hand its e-mail addresses on. Default false. */
  readonly acceptEmail?: boolean;
  /** Hand its staff flags on. Default false. */
  readonly acceptStaffFlags?: boolean;
}

/**
 * Reads and verifies `POST /admin/users/sync_sso`: a form or JSON with `sso` and `sig`, signed by the authority. Forums
 * before July 2026 decoded `sso` twice, and programs that were written for them encode it twice; it is taken either way.
 */
export async function readSync(
  exchange: Exchange,
  authority: ReadyClient,
  now: Date,
): Promise<SyncFields | Refusal> {
  const body = new TextDecoder().decode(await exchange.request.body(bodyLimit));
  const message = readMessage(body, readHeader(exchange.request.headers, 'content-type') ?? '');
  if (isRefusal(message)) return message;
  const opened = openEitherWay(message, authority.secrets.keysAt(now));
  if (isRefusal(opened)) return opened;
  const { fields } = opened;
  if (fields.nonce !== undefined) {
    // Signed with the same secret as a push: posted here, it would be the person's own answer.
    return refusal(
      'ERR_PROVIDER_SYNC_REFUSED',
      'The message is the answer to a login (it has a nonce), not a push.',
    );
  }
  const { externalId } = fields;
  if (externalId === undefined || !isExternalId(externalId) || !isStorable(externalId)) {
    return refusal('ERR_PROVIDER_SYNC_REFUSED', 'The message has no external_id that can name somebody.');
  }
  return { ...fields, externalId };
}

/** Whether stores take an id as part of a key; no person has any other. */
export function isStorable(id: string): boolean {
  return id.length <= 255 && id.isWellFormed() && !hasControlCharacter(id);
}

interface SyncMessage {
  readonly sso: unknown;
  readonly sig: unknown;
}

function openEitherWay(message: SyncMessage, keys: readonly SigningKey[]): OpenedMessage | Refusal {
  const opened = openMessage(message, keys);
  const { sso, sig } = message;
  if (!isRefusal(opened) || typeof sso !== 'string' || !sso.includes('%')) return opened;
  const decoded = readParameter(parseQuery(`sso=${sso}`), 'sso');
  return isRefusal(decoded) ? opened : openMessage({ sso: decoded, sig }, keys);
}

function readMessage(body: string, contentType: string): SyncMessage | Refusal {
  if (!/^application\/json\b/i.test(contentType)) {
    const form = parseQuery(body);
    const sso = readParameter(form, 'sso');
    const sig = readParameter(form, 'sig');
    return isRefusal(sso) ? sso : isRefusal(sig) ? sig : { sso, sig };
  }
  const value = parseJson(body);
  return isRecord(value) && 'sso' in value && 'sig' in value
    ? { sso: value.sso, sig: value.sig }
    : refusal('ERR_PARAMETER_MISSING', 'The JSON body must be an object with "sso" and "sig".');
}

/** What of the message reaches the site. */
export function syncedPerson(
  fields: SyncFields,
  siteUserId: string | null,
  { flavour = 'discourse', acceptEmail = false, acceptStaffFlags = false }: SyncRules,
): SyncedPerson {
  const plain = textReader(flavour);
  const {
    externalId,
    username,
    name,
    bio,
    avatarUrl,
    addGroups,
    removeGroups,
    email,
    admin,
    moderator,
    custom,
  } = fields;
  return {
    externalId,
    siteUserId,
    ...(username === undefined ? {} : { username: plain(username) }),
    ...(name === undefined ? {} : { name: plain(name) }),
    ...(bio === undefined ? {} : { bio: plain(bio) }),
    ...(avatarUrl === undefined ? {} : { avatarUrl }),
    ...(addGroups === undefined ? {} : { addGroups }),
    ...(removeGroups === undefined ? {} : { removeGroups }),
    ...(acceptEmail && email !== undefined
      ? { email, emailVerified: fields.requireActivation !== true }
      : {}),
    ...(acceptStaffFlags && admin !== undefined ? { admin } : {}),
    ...(acceptStaffFlags && moderator !== undefined ? { moderator } : {}),
    ...(custom === undefined ? {} : { custom }),
  };
}
