import type { z } from 'zod';

import type { Sound, Zod } from '../../connector.js';
import type { SecretOption } from '../../secrets.js';
import type { ForumFlavour } from '../protocol/flavour.js';
import type { SiteAccounts } from './accounts.js';
import type { GroupMap } from './group-map.js';

/** Options of {@link discourseLogin}. */
export interface DiscourseLoginOptions extends Partial<SiteAccounts> {
  /** Name of the connector, part of its addresses. Default `discourse-login`; needed when there are several forums. */
  readonly name?: string;
  /** The forum's base URL, e.g. `https://forum.example.com`. */
  readonly forumUrl: string;
  /** The secret of this site's line in the forum's "discourse connect provider secrets"; several while it is changed. */
  readonly secret: SecretOption;
  /** Path of the forum's endpoint. Default `/session/sso_provider`. */
  readonly providerPath?: string;
  /** What stands at the other end. `wordpress`: wp-discourse as provider. Default `discourse`. */
  readonly flavour?: ForumFlavour;
  /** Insist on a second factor at every login. Default false. */
  readonly requireTwoFactor?: boolean;
  /** Sign in without a page, at a browser's first visit, whoever is signed in at the forum. Default false. */
  readonly seamlessLogin?: boolean;
  /** The same when a session that began with the forum has ended by itself. Default false. */
  readonly autoRelogin?: boolean;
  /** Take existing accounts of the site that match, in this order. Default: none. */
  readonly linkBy?: readonly ('email' | 'username')[];
  /** True when the forum lets nobody in whose address is not confirmed. Linking by e-mail needs it. Default false. */
  readonly forumConfirmsEmails?: boolean;
  /** Hand the full name on to the site. Default true. */
  readonly exposeName?: boolean;
  /** Hand the e-mail address on to the site. Default true. */
  readonly exposeEmail?: boolean;
  /** Which of the site's groups follow which of the forum's. Default: none. */
  readonly groupMap?: GroupMap;
  /** The forum's API: for log-out everywhere and for reading people back after webhooks. */
  readonly api?: {
    readonly key: string;
    /** The user name that the key acts as. Default `system`. */
    readonly user?: string;
    /** Default `/admin/users/{id}/log_out.json`. */
    readonly logOutPath?: string;
  };
  /** Receive the forum's webhooks at `{baseUrl}/{name}/webhook`. */
  readonly webhook?: {
    readonly secret: SecretOption;
    /** Addresses and CIDR ranges they may come from. Default: any; the signature decides. */
    readonly allowedIps?: readonly string[];
    /** Events that are acknowledged and left alone. Default `['user_created']`: such accounts may not be confirmed yet. */
    readonly ignoredEvents?: readonly string[];
    /**
     * Make (or find, by `linkBy`) the site's account as soon as a webhook tells of a confirmed person, before their first
     * login. Needs `api`: the person is read back first. Default false.
     */
    readonly createAccounts?: boolean;
  };
  readonly logout?: {
    /** Ask whether to end all sessions, here and at the forum. Default false. */
    readonly offerEverywhere?: boolean;
    /** End the forum's session in this browser as well. Default false. */
    readonly forwardToForum?: boolean;
    /** End all sessions here when the forum's webhook says that the person logged out. Default false. */
    readonly followForum?: boolean;
  };
}

/** The shape of the options, for callers without a type checker. */
export function discourseLoginOptionsSchema(zod: Zod): z.ZodType {
  const callback = zod.custom((value) => typeof value === 'function', 'must be a function').optional();
  const flag = zod.boolean().optional();
  const path = zod.string().regex(/^\/(?!\/)[^\s?#\\]*$/, 'must be a path such as /session/sso_provider');
  return zod.strictObject({
    name: zod.string().optional(),
    forumUrl: zod.string(),
    // What a secret must be is checked where it is read.
    secret: zod.unknown().optional(),
    providerPath: path.optional(),
    flavour: zod.enum(['discourse', 'wordpress']).optional(),
    requireTwoFactor: flag,
    seamlessLogin: flag,
    autoRelogin: flag,
    linkBy: zod.array(zod.enum(['email', 'username'])).optional(),
    forumConfirmsEmails: flag,
    exposeName: flag,
    exposeEmail: flag,
    groupMap: zod.record(zod.string(), zod.array(zod.string())).optional(),
    api: zod
      .strictObject({
        key: zod.string(),
        user: zod.string().optional(),
        logOutPath: zod
          .string()
          .regex(/^\/(?=.*\{id\})/, 'must begin with "/" and hold {id}')
          .optional(),
      })
      .optional(),
    webhook: zod
      .strictObject({
        secret: zod.unknown().optional(),
        allowedIps: zod.array(zod.string()).optional(),
        ignoredEvents: zod.array(zod.string()).optional(),
        createAccounts: flag,
      })
      .optional(),
    logout: zod.strictObject({ offerEverywhere: flag, forwardToForum: flag, followForum: flag }).optional(),
    findSiteUser: callback,
    createSiteUser: callback,
    updateSiteUser: callback,
  });
}

/**
 * What does not go together, one sentence each.
 * @param options as they were given: whether one was, with whatever faults
 * @param sound those of them whose shape is right
 */
export function contradictions(
  options: Partial<DiscourseLoginOptions>,
  sound: Sound<DiscourseLoginOptions>,
): readonly string[] {
  const { findSiteUser, createSiteUser, updateSiteUser, api, webhook } = options;
  const { linkBy = [], logout = {}, flavour } = sound;
  const problems: string[] = [];
  if ((findSiteUser === undefined) !== (createSiteUser === undefined)) {
    problems.push('findSiteUser and createSiteUser belong together: give both, or neither.');
  }
  if (findSiteUser === undefined) {
    if (updateSiteUser !== undefined) problems.push('updateSiteUser needs findSiteUser and createSiteUser.');
    if (linkBy.length > 0) problems.push('linkBy needs findSiteUser and createSiteUser.');
    if (options.exposeEmail === false)
      problems.push('exposeEmail: false needs findSiteUser and createSiteUser.');
  }
  if (options.groupMap !== undefined && updateSiteUser === undefined) {
    problems.push('groupMap needs updateSiteUser, which carries the changes out.');
  }
  if (linkBy.includes('email') && options.forumConfirmsEmails !== true) {
    problems.push(
      'linkBy "email" needs forumConfirmsEmails: true. Say so only if the forum lets nobody in whose address is not confirmed: anybody else could take accounts over.',
    );
  }
  if (logout.offerEverywhere === true && logout.forwardToForum === true && api === undefined) {
    problems.push(
      'logout.offerEverywhere with logout.forwardToForum needs api: it is what ends all sessions at the forum.',
    );
  }
  if (logout.followForum === true && webhook === undefined) {
    problems.push('logout.followForum needs webhook: that is how the forum tells.');
  }
  if (sound.webhook?.createAccounts === true && (api === undefined || findSiteUser === undefined)) {
    problems.push(
      'webhook.createAccounts needs findSiteUser and createSiteUser, and api: a webhook alone does not prove that the person still exists.',
    );
  }
  if (options.requireTwoFactor === true && (options.seamlessLogin === true || options.autoRelogin === true)) {
    problems.push(
      'seamlessLogin and autoRelogin do not go with requireTwoFactor: a second factor is asked for on a page.',
    );
  }
  if (flavour === 'wordpress') {
    if (options.seamlessLogin === true || options.autoRelogin === true) {
      problems.push('seamlessLogin and autoRelogin do not work with WordPress, which knows no prompt=none.');
    }
    if (logout.forwardToForum === true) problems.push('logout.forwardToForum does not work with WordPress.');
    if (options.requireTwoFactor === true) problems.push('requireTwoFactor does not work with WordPress.');
    if (options.groupMap !== undefined)
      problems.push('groupMap does not work with WordPress, which sends no groups.');
    if (api !== undefined || webhook !== undefined) {
      problems.push("api and webhook do not work with WordPress: they are Discourse's.");
    }
  }
  return problems;
}
