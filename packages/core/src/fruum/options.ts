import type { ConnectorSetup, Sound, Zod } from '../connector.js';
import { isRefusal } from '../errors.js';
import { readPeerUrl } from '../http/site-address.js';
import { type SecretOption, type SecretRing, secretKinds } from '../secrets.js';
import type { SiteUser } from '../site-user.js';
import { defaultDeadline } from './answer.js';
import { callerSecret, type FruumCaller, readCaller } from './caller.js';
import type { RateLimit } from './rate-limit.js';
import { isUsableId, secretSetting } from './user-hash.js';

/** Options of {@link fruum}. */
export interface FruumOptions {
  /** Name of the connector, part of its addresses. Default `fruum`. One connector serves one forum. */
  readonly name?: string;
  /** Fruum's id of the forum, as in `--add-app <id>` (`FRUUM_FORUM_ID`). */
  readonly forumId: string;
  /**
   * Signs the hashes on the site's pages: at least 32 random bytes, known to the site alone (`FRUUM_SECRET`). To change
   * it, give the new one first and the old one after it; drop the old one a day later.
   */
  readonly secret: SecretOption;
  /**
   * How Fruum's calls are recognised (`FRUUM_CALLER`): `name:password` for an auth URL `https://name:password@…`
   * (better), or a key for `…?k=<key>`. Several while it is being changed. Default: anyone may call; a valid hash is
   * needed in any case.
   */
  readonly caller?: string | readonly string[];
  /** Fruum's address (`FRUUM_URL`), for {@link FruumConnector.embed} and for the check. */
  readonly fruumUrl?: string;
  /** Reads the account at each connection. Default: the site's `findUser`. */
  readonly findUser?: (siteUserId: string) => Promise<SiteUser | null>;
  /** Life of a hash in seconds, 10 to 82 800 (23 hours). Default 28 800: 8 hours. Open pages renew theirs in time. */
  readonly hashLife?: number;
  /** How long the look-up of an account may take, in seconds, 0.1 to 10. Default 3. */
  readonly deadline?: number;
  /** How often one person may connect. Default 60 times in 60 seconds. */
  readonly rateLimit?: RateLimit;
  /**
   * For a move from Fruum's own sample code: until then, the MD5 of a person's e-mail address is taken for a hash, too,
   * but makes nobody an administrator. What is lost meanwhile: anyone who knows the id and the address of a member can
   * log in as that member. Default: never.
   */
  readonly dangerouslyAcceptMd5Until?: Date;
}

/** {@link FruumOptions}, checked and filled up. */
export interface FruumSettings {
  readonly forumId: string;
  readonly secrets: SecretRing;
  readonly callers: readonly FruumCaller[];
  readonly fruumUrl: string | undefined;
  readonly findUser: (siteUserId: string) => Promise<SiteUser | null>;
  readonly hashLife: number;
  readonly deadline: number;
  readonly rateLimit: RateLimit;
  readonly md5Until: Date | undefined;
}

/** Shortest and longest life of a hash, in seconds; the longest is an hour below the limit, for clocks that differ. */
const hashLifeRange = [10, 82_800] as const;

/**
 * Checks the options and reports whatever is wrong with them, and what should be changed.
 * @returns null when a problem was reported
 */
export function readFruumOptions(options: FruumOptions, setup: ConnectorSetup): FruumSettings | null {
  const { sound, whole } = setup.readOptions(optionsSchema(setup.z), options);
  const secrets = setup.readSecrets(sound.secret, secretSetting, secretKinds.fruum);
  const callers = readCallers(sound, setup);
  const url = sound.fruumUrl === undefined ? undefined : readPeerUrl(sound.fruumUrl, 'fruumUrl (FRUUM_URL)');
  if (isRefusal(url)) setup.problem(url.detail);
  const findUser = sound.findUser ?? setup.findUser;
  if (findUser === undefined && options?.findUser === undefined) {
    setup.problem(
      'findUser is missing: Fruum asks for the account at each connection. Give it to createForumSso.',
    );
  }
  if (!whole || secrets === null || callers === null || isRefusal(url) || findUser === undefined) return null;

  const md5Until = options.dangerouslyAcceptMd5Until;
  if (md5Until !== undefined) setup.warning(md5Warning(md5Until, setup.now()));
  return {
    forumId: options.forumId,
    secrets,
    callers,
    fruumUrl: url?.href.replace(/\/+$/, ''),
    findUser,
    hashLife: options.hashLife ?? 28_800,
    deadline: options.deadline ?? defaultDeadline,
    rateLimit: options.rateLimit ?? { requests: 60, seconds: 60 },
    md5Until,
  };
}

function optionsSchema(zod: Zod) {
  const [shortest, longest] = hashLifeRange;
  const count = zod.int('must be a whole number').min(1, 'must be at least 1');
  return zod.strictObject({
    name: zod.string().optional(),
    forumId: zod.custom(
      isUsableId,
      'must be the id that the forum has in Fruum, as in "--add-app <id>" (FRUUM_FORUM_ID)',
    ),
    secret: zod.unknown(),
    caller: zod
      .union([zod.string(), zod.array(zod.string())], 'must be a text or a list of texts')
      .optional(),
    fruumUrl: zod.string('must be the address of Fruum').optional(),
    findUser: zod.custom((value) => typeof value === 'function', 'must be a function').optional(),
    hashLife: zod
      .int('must be a whole number of seconds')
      .min(shortest, `must be at least ${shortest} seconds`)
      .max(longest, `must be at most ${longest} seconds (23 hours)`)
      .optional(),
    deadline: zod
      .number('must be a number of seconds')
      .min(0.1, 'must be at least 0.1 seconds')
      .max(10, 'must be at most 10 seconds, since Fruum keeps the visitor waiting meanwhile')
      .optional(),
    rateLimit: zod.strictObject({ requests: count, seconds: count }).optional(),
    dangerouslyAcceptMd5Until: zod.date('must be the date on which the move is over').optional(),
  });
}

function readCallers(
  { caller = [] }: Sound<FruumOptions>,
  setup: ConnectorSetup,
): readonly FruumCaller[] | null {
  const callers: FruumCaller[] = [];
  const texts = typeof caller === 'string' ? [caller] : caller;
  for (const text of texts) {
    const read = readCaller(text);
    if (isRefusal(read)) {
      setup.problem(read.detail);
    } else {
      setup.useSecret('caller (FRUUM_CALLER)', callerSecret(read));
      callers.push(read);
    }
  }
  return callers.length === texts.length ? callers : null;
}

function md5Warning(until: Date, now: Date): string {
  return now < until
    ? `MD5 hashes are accepted until ${until.toISOString()}: anyone who knows a member's id and e-mail address can log in as that member. Move all pages to signed hashes and take dangerouslyAcceptMd5Until out.`
    : 'dangerouslyAcceptMd5Until is over and MD5 hashes are refused: take the option out.';
}
