import type { ListenOptions } from '../server/index.js';
import type { NewApiKey } from './forum/api-keys.js';
import type { FaultRule } from './forum/faults.js';
import type { SeedInvite, SeedUser } from './forum/records.js';
import type { DiscourseSettings, ForumModes } from './forum/settings.js';
import type { IpLimits } from './http/ip-limit.js';
import type { RackVersion } from './protocol/form.js';
import type { NewWebhook } from './webhooks/webhook.js';
import type { Schedule } from './webhooks/webhooks.js';

export interface RateLimits {
  /** Calls of the API in any span of 60 seconds, all keys together. Default 60; 0 lets none through. */
  readonly adminApiPerMinute?: number;
  /** Another span than 60 seconds, for tests that cannot wait so long. */
  readonly adminApiWindowSeconds?: number;
  /** Requests of one address. Off by default: forums do not count private addresses. */
  readonly perIp?: IpLimits;
}

export interface DiscourseEmulatorOptions extends ListenOptions {
  /**
   * The setting `discourse_connect_url`: the site's address that login requests go to. Left out, people log in at the
   * forum itself, unless `settings` say otherwise.
   */
  readonly connectUrl?: string;
  /** The setting `discourse_connect_secret`, at least 10 characters; needed with `connectUrl`. */
  readonly connectSecret?: string;
  /** Other site settings, under Discourse's own names. */
  readonly settings?: Partial<DiscourseSettings>;
  /** Read-only, archived, blocked IP addresses. */
  readonly modes?: Partial<ForumModes>;
  /** Names of groups that are there from the start. */
  readonly groups?: readonly string[];
  /** Accounts that are there from the start. */
  readonly users?: readonly SeedUser[];
  /** Invitation links. */
  readonly invites?: readonly SeedInvite[];
  /** API keys that are there from the start. */
  readonly apiKeys?: readonly NewApiKey[];
  /** Webhooks that are there from the start. */
  readonly webhooks?: readonly NewWebhook[];
  /** Faults from the start. */
  readonly faults?: readonly FaultRule[];
  readonly rateLimits?: RateLimits;
  /** Names of other login providers that accounts can be linked with: `google_oauth2`. */
  readonly authenticators?: readonly string[];
  /**
   * How `sync_sso` decodes: `current` (default), or `before-july-2026`, when a `+` in the base64 became a space and
   * what was escaped twice was taken.
   */
  readonly syncSso?: 'current' | 'before-july-2026';
  /** How long a nonce lives, in seconds. Default 1 800; Discourse before March 2024: 600. */
  readonly nonceLifetimeSeconds?: number;
  /** Rack 2 (default; Discourse to at least early 2025) splits queries on `;` too. */
  readonly rack?: RackVersion;
  /**
   * The longest address (path and query) in bytes; over it the proxy in front of a forum answers 414. Default 8 192, as
   * in nginx.
   */
  readonly maxUrlBytes?: number;
  /** Milliseconds that connecting to a webhook, sending and receiving may take each. Default 20 000. */
  readonly webhookTimeoutMs?: number;
  /** The clock. */
  readonly now?: () => Date;
  /** The dice for faults and anonymous names: at least 0, less than 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Runs webhook retries later, after so many milliseconds; what it gives back cancels. Default `setTimeout`. */
  readonly schedule?: Schedule;
}
