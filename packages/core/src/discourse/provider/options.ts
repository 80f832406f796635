import type { z } from 'zod';

import type { Zod } from '../../connector.js';
import type { SecretOption } from '../../secrets.js';
import type { SiteUser } from '../../site-user.js';
import { domainPattern, type ProviderClient } from './clients.js';
import type { SyncedPerson, SyncRules } from './sync-receiver.js';

/** Options of {@link discourseConnectProvider}. */
export interface DiscourseConnectProviderOptions {
  /** Name of the connector. Default `discourse-connect-provider`. */
  readonly name?: string;
  /** Who may log people in with us: a list, or `domain|secret` lines as Discourse has them. */
  readonly clients: readonly (ProviderClient | string)[] | string;
  /** Path on the site. Default `/session/sso_provider`, which clients expect. */
  readonly path?: string;
  /** Accept the domains `*` and `*name`, which hosts of strangers match as well. Default false. */
  readonly allowBroadWildcard?: boolean;
  /**
   * The site's own whole number for a person, never reused. Left out: numbers are given out by the store, which must
   * be a durable one.
   */
  readonly numberOf?: (user: SiteUser) => number | Promise<number>;
  /** The other way round; goes with `numberOf`. */
  readonly siteUserOf?: (number: number) => string | null | Promise<string | null>;
  /**
   * Asked when a client wants a second factor: `confirmed`, `none` when the person has set none up, or a path of the
   * site where it is asked for; the person must then be sent back to `returnPath`. Left out: as if nobody had any.
   */
  readonly twoFactor?: (user: SiteUser, returnPath: string) => Promise<TwoFactorAnswer> | TwoFactorAnswer;
  /**
   * The key with which clients call the API: at least 20 of a-z, 0-9, "_" and "-". Clients may have keys of their own
   * besides, or instead. Without any there is no API.
   */
  readonly apiKey?: string;
  /** Clients that are told what happens to people: a list, or `url|secret` lines. Left out: no webhooks. */
  readonly webhooks?: readonly (WebhookTarget | string)[];
  /** A client whose users are the site's as well: it may bring them by `sync_sso`. */
  readonly authority?: SyncRules & {
    /** Its domain, as in `clients`. */
    readonly domain: string;
    /** Takes a person over; returns them as they are at the site now, or null to refuse. */
    readonly applyUser: (person: SyncedPerson) => Promise<SiteUser | null>;
  };
}

/** A client that gets webhooks. */
export interface WebhookTarget {
  /** Where they are sent: the client's own address for webhooks of a forum. */
  readonly url: string;
  /** The secret that signs them; another one than that of its logins. At least 12 characters. */
  readonly secret: SecretOption;
  /**
   * Names of the events it wants, `ping` included. Default: all; at an address of wp-discourse, which takes no others,
   * `user_created` and `user_updated`.
   */
  readonly events?: readonly string[];
}

/** What the site says about a second factor. */
export type TwoFactorAnswer = 'confirmed' | 'none' | { readonly path: string };

/** The shape of the options, for callers without a type checker. */
export function providerOptionsSchema(zod: Zod): z.ZodType {
  const callback = zod.custom((value) => typeof value === 'function', 'must be a function');
  const domain = zod
    .string()
    .regex(domainPattern, 'must be a host such as wiki.example.com, or *.example.com')
    .min(1);
  const client = zod.strictObject({
    domain,
    // What a secret must be is checked where it is read.
    secret: zod.unknown().optional(),
    returnUrls: zod.array(zod.string()).min(1).optional(),
    apiKey: zod.string().optional(),
  });
  return zod.strictObject({
    name: zod.string().optional(),
    clients: zod.union([zod.string(), zod.array(zod.union([zod.string(), client]))]),
    path: zod
      .string()
      .regex(/^\/(?!\/)[^\s?#\\{}]*[^\s?#\\{}/]$/, 'must be a path such as /session/sso_provider')
      .optional(),
    allowBroadWildcard: zod.boolean().optional(),
    numberOf: callback.optional(),
    siteUserOf: callback.optional(),
    twoFactor: callback.optional(),
    apiKey: zod.string().optional(),
    webhooks: zod
      .array(
        zod.union([
          zod.string(),
          zod.strictObject({
            url: zod.string(),
            secret: zod.unknown().optional(),
            events: zod.array(zod.string()).optional(),
          }),
        ]),
      )
      .optional(),
    authority: zod
      .strictObject({
        domain,
        flavour: zod.enum(['discourse', 'wordpress']).optional(),
        applyUser: callback,
        acceptEmail: zod.boolean().optional(),
        acceptStaffFlags: zod.boolean().optional(),
      })
      .optional(),
  });
}
