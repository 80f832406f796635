import {
  appendQuery,
  readSigned,
  readUnverified,
  signPayload,
  writePayload,
  writeQuery,
} from './connect-message.js';
import { DiscourseError, noMethodError, ParseError } from './errors.js';
import type { ConnectFields, ConnectMessage } from './fields.js';
import { decodeQuery, type RackVersion } from './form.js';
import { type ProviderSecret, secretsForHost } from './provider-secrets.js';
import { parseUri } from './ruby-uri.js';

/** What the forum tells a site about the person who is logged in on the forum. */
export interface ProviderUser {
  /** Left out when the person has none. */
  readonly name?: string;
  readonly username: string;
  readonly email: string;
  /** The forum's own number for the user, as text. */
  readonly external_id: string;
  readonly admin: boolean;
  readonly moderator: boolean;
  /** Names of all groups, automatic ones included, joined with commas. */
  readonly groups: string;
  readonly avatar_url?: string;
  readonly profile_background_url?: string;
  readonly card_background_url?: string;
}

export interface ProviderRequest {
  /** The query string of `/session/sso_provider`. */
  readonly query: string;
  /** The lines of the setting. */
  readonly secrets: readonly ProviderSecret[];
  /** The setting `enable_discourse_connect_provider`. */
  readonly enabled: boolean;
  readonly user: ProviderUser | null;
  /** Where the second factor of this person stands: just confirmed, or none set up although asked for. */
  readonly secondFactor?: 'confirmed' | 'none';
  readonly rack?: RackVersion;
}

/** What the forum does with a request that it accepts. */
export type ProviderAnswer =
  /** Anonymous: to the login page, and on from there after the login. */
  | { readonly kind: 'login'; readonly matchedSecret: string }
  /** `logout=true`: the session is ended, then to the bare return URL. */
  | { readonly kind: 'logout'; readonly location: string; readonly matchedSecret: string }
  /** Back to the site with a signed answer. */
  | {
      readonly kind: 'answer';
      readonly location: string;
      readonly answer: ConnectMessage;
      readonly matchedSecret: string;
    };

/**
 * `GET /session/sso_provider` as a decision: DiscourseConnect with the forum as the provider. The answer is the
 * request with the person's data laid over it, signed with the secret that verified the request.
 * @throws ParseError, SignatureError (422); DiscourseError `DiscourseConnectProvider::BlankSecret`,
 * `DiscourseConnectProvider::BlankReturnUrl`, `DiscourseConnectProvider::InvalidParameterValueError` (400), and the
 * uncaught `NoMethodError`, `URI::InvalidURIError`, `ArgumentError` (500)
 */
export function answerProviderRequest(request: ProviderRequest): ProviderAnswer {
  const { message, secret } = verifyProviderRequest(request);
  const { return_sso_url: location, logout, prompt } = message.fields;
  if (typeof location !== 'string' || location === '') {
    throw new DiscourseError('DiscourseConnectProvider::BlankReturnUrl', 'The return_sso_url is blank.');
  }
  if (logout === true) return { kind: 'logout', location, matchedSecret: secret };
  if (request.user === null && prompt === undefined) return { kind: 'login', matchedSecret: secret };
  const fields =
    request.user === null
      ? { ...message.fields, failed: true }
      : overlaid(message.fields, request.user, request.secondFactor);
  const answer = { fields, custom: message.custom };
  const payload = writePayload(fields, message.custom);
  return {
    kind: 'answer',
    location: appendQuery(location, writeQuery(payload, secret)),
    answer,
    matchedSecret: secret,
  };
}

/** Reads and verifies the request: which of the lines' secrets signed it. */
function verifyProviderRequest({ query, secrets, enabled, rack = 2 }: ProviderRequest): {
  readonly message: ConnectMessage;
  readonly secret: string;
} {
  const outer = decodeQuery(query, rack);
  const sso = outer.get('sso') ?? null;
  const sig = outer.get('sig') ?? null;
  const returnUrl = readUnverified(sso, rack).fields.return_sso_url;
  if (returnUrl === undefined) throw new ParseError('The payload has no return_sso_url.');
  const candidates = enabled ? candidatesFor(returnUrl, secrets) : [];
  const signed = candidates.find(({ secret }) => typeof sso === 'string' && signPayload(sso, secret) === sig);
  // When none verifies, the first one serves to fail with.
  const secret = (signed ?? candidates[0])?.secret ?? '';
  if (secret === '') {
    throw new DiscourseError(
      'DiscourseConnectProvider::BlankSecret',
      'No secret is set for the host of return_sso_url.',
    );
  }
  const message = readSigned(sso, sig, secret, { rack });
  if (message.fields.prompt !== undefined && message.fields.prompt !== 'none') {
    throw new DiscourseError(
      'DiscourseConnectProvider::InvalidParameterValueError',
      'The prompt is not "none".',
    );
  }
  return { message, secret };
}

function candidatesFor(
  returnUrl: NonNullable<ConnectFields['return_sso_url']>,
  secrets: readonly ProviderSecret[],
): readonly ProviderSecret[] {
  const uri = typeof returnUrl === 'string' ? parseUri(returnUrl) : null;
  if (uri === null) throw new DiscourseError('URI::InvalidURIError', 'The return_sso_url is not a URI.');
  if (secrets.length === 0) return [];
  if (uri.host === null) throw noMethodError('The return_sso_url has no host.');
  return secretsForHost(secrets, uri.host);
}

function overlaid(
  asked: ConnectFields,
  user: ProviderUser,
  secondFactor: ProviderRequest['secondFactor'],
): ConnectFields {
  // A name in the request is not kept: the forum always sets this one, to nothing if need be.
  const { name: _asked, ...kept } = asked;
  return {
    ...kept,
    ...user,
    ...(secondFactor === 'confirmed' ? { confirmed_2fa: true } : {}),
    ...(secondFactor === 'none' ? { no_2fa_methods: true } : {}),
  };
}
