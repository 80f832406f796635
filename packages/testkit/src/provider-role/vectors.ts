import { readFileSync } from 'node:fs';

/** What a forum's own code made of a request. */
export interface ProviderVector {
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
  readonly result?: {
    readonly redirect?: string;
    readonly logout?: boolean;
    readonly login_page?: boolean;
  };
  readonly matched_secret?: string;
  readonly error?: { readonly class: string };
  /** Null: the forum failed, which is a 500. */
  readonly status?: number | null;
}

export interface WildcardVector {
  readonly pattern: string;
  readonly host: string;
  readonly match: boolean;
}

export function readProviderVectors(): {
  readonly provider: readonly ProviderVector[];
  readonly wildcard: readonly WildcardVector[];
} {
  return JSON.parse(readFileSync(new URL('../../vectors/discourse.json', import.meta.url), 'utf8'));
}
