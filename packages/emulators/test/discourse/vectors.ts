import { readFileSync } from 'node:fs';

/** Golden vectors made by running Discourse's own classes. */
export interface DiscourseVectors {
  readonly field_order: readonly string[];
  readonly booleans: readonly string[];
  readonly cases: readonly CodecCase[];
  readonly sync: readonly SyncCase[];
  readonly provider: readonly ProviderCase[];
  readonly wildcard: readonly { readonly pattern: string; readonly host: string; readonly match: boolean }[];
  readonly external_ids: readonly ExternalIdCase[];
  readonly nonces: readonly NonceCase[];
  readonly webhooks: readonly WebhookCase[];
}

export interface Decoded {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly custom: Readonly<Record<string, unknown>>;
}

export type CodecCase = GenerateCase | ParseCase | ErrorCase;

export interface GenerateCase {
  readonly name: string;
  readonly kind: 'generate';
  readonly secret: string;
  readonly url_base: string;
  readonly fields: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
  readonly custom: Readonly<Record<string, string | number | boolean | null>>;
  readonly unsigned: string;
  readonly sso: string;
  readonly sig: string;
  readonly query: string;
  readonly url: string;
  readonly decoded: Decoded;
}

export interface ParseCase {
  readonly name: string;
  readonly kind: 'parse';
  readonly secret: string;
  readonly query: string;
  readonly decoded: Decoded;
}

export interface ErrorCase {
  readonly name: string;
  readonly kind: 'error';
  readonly secret: string | null;
  readonly query: string;
  readonly error: { readonly class: string };
  readonly http?: Readonly<Record<string, number>>;
}

export interface SyncResult {
  readonly status: number;
  readonly decoded?: Decoded;
  readonly error?: string;
}

export interface SyncCase {
  readonly name: string;
  readonly secret: string;
  readonly sso: string | null;
  readonly sig: string | null;
  readonly old: SyncResult;
  readonly new: SyncResult;
}

export interface ProviderCase {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly query: string;
  readonly enabled?: boolean;
  readonly logged_in_user: {
    readonly name: string;
    readonly username: string;
    readonly email: string;
    readonly external_id: string;
    readonly admin: boolean;
    readonly moderator: boolean;
    readonly groups: string;
    readonly avatar_url?: string;
  } | null;
  readonly confirmed_2fa?: boolean;
  readonly no_2fa_methods?: boolean;
  readonly result?: {
    readonly redirect?: string;
    readonly answer?: Decoded;
    readonly logout?: boolean;
    readonly login_page?: boolean;
    readonly status?: number;
  };
  readonly matched_secret?: string;
  readonly error?: { readonly class: string };
  readonly status?: number | null;
}

export interface ExternalIdCase {
  readonly external_id: string | number | null;
  readonly accepted: boolean;
  readonly error?: string;
}

export interface NonceCase {
  readonly csrf_protection: boolean;
  readonly same_session: boolean;
  readonly valid_first: boolean;
  readonly return_path: string;
  readonly valid_second: boolean;
  readonly error_second: string;
}

export interface WebhookCase {
  readonly name: string;
  readonly secret: string;
  readonly body?: string;
  readonly body_base64?: string;
  readonly signature: string;
  readonly bytes?: number;
  readonly refuse?: boolean;
}

export function readVectors(): DiscourseVectors {
  return JSON.parse(
    readFileSync(new URL('../../../testkit/vectors/discourse.json', import.meta.url), 'utf8'),
  );
}

/** A decoded message in the form of the vectors: bytes that are no UTF-8 as `{ __hex }`. */
export function asVector(message: {
  readonly fields: object;
  readonly custom: ReadonlyMap<string, unknown>;
}): Decoded {
  const shown = (value: unknown): unknown =>
    value instanceof Uint8Array ? { __hex: Buffer.from(value).toString('hex') } : value;
  return {
    fields: Object.fromEntries(Object.entries(message.fields).map(([name, value]) => [name, shown(value)])),
    custom: Object.fromEntries(Array.from(message.custom, ([name, value]) => [name, shown(value)])),
  };
}
