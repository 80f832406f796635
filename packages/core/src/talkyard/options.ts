import type { z } from 'zod';

import type { ConnectorSetup, Zod } from '../connector.js';
import { isLoopback } from '../http/site-address.js';
import type { SecretOption } from '../secrets.js';
import type { SiteUser } from '../site-user.js';
import { embeddingOrigins } from './then-go-to.js';
import type { TalkyardHint } from './webhook-route.js';

/** Options of {@link talkyard}. */
export interface TalkyardOptions {
  /** Name of the connector, part of its address. Default `talkyard`; needed when there are several. */
  readonly name?: string;
  /** Talkyard's address, `https://forum.example.com`; http on this machine only. */
  readonly serverUrl: string;
  /** An API secret of Talkyard (Admin, API) that may act as any user. Needed for all but embedded comments. */
  readonly apiSecret?: string | undefined;
  /** Talkyard's PASETO v2.local secret, `hex:` and 64 hex digits. Needed for embedded comments. */
  readonly pasetoSecret?: string | undefined;
  /** Origins of pages with embedded comments, as in Talkyard's setting of that name: where a login may lead back to. */
  readonly allowEmbeddingFrom?: readonly string[];
  /**
   * How a person gets back to a page with embedded comments after a login. `through-talkyard` (default when there is an
   * `apiSecret`): by way of Talkyard, and so logged in there, too; Talkyard servers before September 2025 lead to a wrong
   * address then. `direct`: straight back.
   */
  readonly embeddedReturn?: 'through-talkyard' | 'direct';
  /** Sends `admin` and `moderator`. Talkyard reads them only when it creates a user; taking them away here does nothing there. */
  readonly staffFlags?: boolean;
  /** Extra id of a person, for cross-references: kept by Talkyard when it creates the user. */
  readonly extId?: (user: SiteUser) => string | undefined;
  /** How long a comment token works, in seconds: 10 to 300, default 120. */
  readonly tokenSeconds?: number;
  /** How a comment token gets to Talkyard's script; default `variable`. */
  readonly deliverBy?: 'variable' | 'cookie';
  /** What "Log in" does at embedded comments; default `RedirPage`. */
  readonly ssoHow?: 'RedirPage' | 'PopupWin';
  /**
   * What happens to the session at the site when somebody comes from Talkyard's log-out. `ask` (default): a page offers to
   * end it, too. `sign-out`: it ends, if the browser says that it comes from Talkyard; else the page asks.
   */
  readonly afterLogOut?: 'ask' | 'sign-out';
  /** Takes Talkyard's webhook; needs `apiSecret`. */
  readonly webhook?: TalkyardWebhookOptions;
}

export interface TalkyardWebhookOptions {
  /**
   * The last part of the webhook's address: at least 22 random letters, digits, "-" and "_". It is all that keeps
   * strangers out, since Talkyard signs nothing.
   */
  readonly pathSecret: SecretOption;
  /** Called for each event. What it throws makes Talkyard send the event again. */
  readonly onHint: (hint: TalkyardHint) => void | Promise<void>;
}

/** The shape of {@link TalkyardOptions}, for callers without a type checker. */
export function optionsSchema(zod: Zod): z.ZodType {
  const callback = zod.custom((value) => typeof value === 'function', 'must be a function');
  return zod.strictObject({
    name: zod.string().optional(),
    serverUrl: zod.string(),
    // What secrets must be is checked where they are read.
    apiSecret: zod.string().optional(),
    pasetoSecret: zod.string().optional(),
    allowEmbeddingFrom: zod.array(zod.string()).optional(),
    embeddedReturn: zod.enum(['through-talkyard', 'direct']).optional(),
    staffFlags: zod.boolean().optional(),
    extId: callback.optional(),
    tokenSeconds: zod.number().optional(),
    deliverBy: zod.enum(['variable', 'cookie']).optional(),
    ssoHow: zod.enum(['RedirPage', 'PopupWin']).optional(),
    afterLogOut: zod.enum(['ask', 'sign-out']).optional(),
    webhook: zod.strictObject({ pathSecret: zod.unknown().optional(), onHint: callback }).optional(),
  });
}

/**
 * The origins behind `allowEmbeddingFrom`. http is for this machine only.
 * @returns null when a problem was reported
 */
export function readEmbedding(
  entries: readonly string[],
  server: string,
  setup: ConnectorSetup,
): readonly string[] | null {
  const origins: string[] = [];
  let failed = false;
  for (const entry of entries) {
    const read = embeddingOrigins(entry, server);
    if (read === undefined) {
      setup.problem(
        `allowEmbeddingFrom: "${entry}" is no origin such as https://blog.example.com; wildcards never match.`,
      );
      failed = true;
      continue;
    }
    const plain = read.filter(
      (origin) => origin.startsWith('http:') && !isLoopback(new URL(origin).hostname),
    );
    if (plain.length > 0 && entry.trim().startsWith('http:')) {
      setup.problem(`allowEmbeddingFrom: "${entry}" must use https: http is accepted on this machine only.`);
      failed = true;
    }
    origins.push(...read.filter((origin) => !plain.includes(origin)));
  }
  return failed ? null : origins;
}
