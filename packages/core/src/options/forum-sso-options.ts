import { z } from 'zod';

import type { Connector, Sound } from '../connector.js';
import type { EventListener } from '../events/event.js';
import type { PageRenderer } from '../http/page.js';
import { safeReturnPath } from '../http/return-path.js';
import type { PushQueue } from '../push/queue.js';
import type { SessionLife } from '../session/sealed-session.js';
import type { SiteUser } from '../site-user.js';
import type { ForumSsoStore } from '../store/store.js';

/** The options of `createForumSso`. */
export interface ForumSsoOptions {
  /**
   * Where Forum SSO is mounted, e.g. `https://site.example.com/sso`. The only statement of where we are; all addresses
   * of connectors stand below it. https, except on this machine.
   */
  readonly baseUrl: string;
  /** The site's own keys, newest first: each at least 32 random bytes in hex or base64. */
  readonly keys: string | readonly string[];
  /** The relations to other systems. */
  readonly connectors: readonly Connector[];
  /** Where one-time values and ended sessions are kept. Default: this process's memory. */
  readonly store?: ForumSsoStore | undefined;
  /**
   * Where pushes wait. Needs `findUser`. Default: `storeQueue()`, which keeps them in the store and works on them in the
   * site's own processes.
   */
  readonly queue?: PushQueue | undefined;
  /** Reads a person by id. With it, the built-in session holds the id alone and is always up to date. */
  readonly findUser?: ((siteUserId: string) => Promise<SiteUser | null>) | undefined;
  /** Ends all sessions of a person, when the session is the site's own. */
  readonly endSessions?: ((siteUserId: string) => Promise<void>) | undefined;
  /** Called with every event; for the audit log. */
  readonly events?: EventListener | undefined;
  /** Path of the site's sign-in page. Default `/login`. */
  readonly signInPath?: string | undefined;
  /** Name of the query parameter that tells the sign-in page where to return to. Default `returnTo`. */
  readonly returnParameter?: string | undefined;
  /** Where our small pages lead back to. Default `/`. */
  readonly homePath?: string | undefined;
  /** Addresses or CIDR ranges of the proxies in front of the site whose `X-Forwarded-For` is believed. Default none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Life of the built-in session. Default: 1 day rolling, 14 days absolute. */
  readonly session?: Partial<SessionLife> | undefined;
  /** Draws the small pages (errors, confirmations) in the site's own look. */
  readonly renderPage?: PageRenderer | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Replaces the clock. */
  readonly now?: (() => Date) | undefined;
  /** Replaces the source of random bytes; for tests. */
  readonly randomBytes?: ((size: number) => Uint8Array) | undefined;
}

const callback = z.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
);
// It stands in headers and is followed by browsers, so it must be written as a browser would write it.
const sitePath = z
  .string()
  .refine(
    (path) => !/[?#]/.test(path) && safeReturnPath(path, 'https://site.invalid') === path,
    'must be a path of the site, such as /login, percent-encoded',
  );
const seconds = (name: string) =>
  z
    .number()
    .int(`${name} is a whole number of seconds`)
    .min(60)
    .max(366 * 86_400);

/**
 * The shape of the options, for callers without a type checker. Types stand in {@link ForumSsoOptions}; what an
 * address, a key or a connector must be is checked where it is read.
 */
const forumSsoOptionsSchema = z.strictObject({
  baseUrl: z.string(),
  keys: z.union([z.string(), z.array(z.string())]),
  connectors: z.array(z.looseObject({ kind: z.string(), name: z.string(), setUp: callback })),
  store: z
    .looseObject({
      shared: z.boolean(),
      oneTime: z.looseObject({ claim: callback }),
      revocations: z.looseObject({ join: callback, isLive: callback, endOne: callback, endAll: callback }),
    })
    .optional(),
  queue: z.looseObject({ kind: z.string(), open: callback }).optional(),
  findUser: callback.optional(),
  endSessions: callback.optional(),
  events: callback.optional(),
  signInPath: sitePath.optional(),
  returnParameter: z
    .string()
    .regex(/^[A-Za-z][\w.-]{0,63}$/)
    .optional(),
  homePath: sitePath.optional(),
  trustedProxies: z.array(z.string()).optional(),
  session: z
    .strictObject({
      rollingSeconds: seconds('rollingSeconds').optional(),
      absoluteSeconds: seconds('absoluteSeconds').optional(),
    })
    .optional(),
  renderPage: callback.optional(),
  fetch: callback.optional(),
  now: callback.optional(),
  randomBytes: callback.optional(),
});

/** The options of `createForumSso` as far as their shape is right. */
export interface OptionsShape {
  /** Without what has the wrong shape, so that all the rest can be looked at, too. */
  readonly sound: Partial<ForumSsoOptions>;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
}

/** Holds options against their schema. */
export function readShape(options: ForumSsoOptions): OptionsShape {
  const result = forumSsoOptionsSchema.safeParse(options);
  if (result.success) return { sound: options, problems: [] };
  const { issues } = result.error;
  const ofConnector = (path: readonly PropertyKey[]): boolean => path[0] === 'connectors' && path.length > 1;
  const faultyConnectors = new Set(issues.flatMap(({ path }) => (ofConnector(path) ? [path[1]] : [])));
  const sound: Partial<ForumSsoOptions> = { ...options };
  for (const { path } of issues)
    if (path[0] !== undefined && !ofConnector(path)) Reflect.deleteProperty(sound, path[0]);
  const connectors = sound.connectors?.filter((_, index) => !faultyConnectors.has(index));
  return {
    sound: connectors === undefined ? sound : { ...sound, connectors },
    problems: sentences(issues),
  };
}

/** A connector's options without what has a fault, and the faults, one sentence each. */
export function readConnectorOptions<Options extends object>(
  schema: z.ZodType,
  options: Options,
): { readonly sound: Sound<Options>; readonly problems: readonly string[] } {
  const result = schema.safeParse(options);
  const issues = result.success ? [] : result.error.issues;
  return { sound: withoutFaulty(options, issues), problems: sentences(issues) };
}

function withoutFaulty<Options extends object>(
  options: Options,
  issues: readonly z.core.$ZodIssue[],
): Sound<Options>;
function withoutFaulty(options: object, issues: readonly z.core.$ZodIssue[]): object {
  // What has a name too many is sound but for that.
  const paths = issues.flatMap(({ code, path }) => (code === 'unrecognized_keys' ? [] : [path]));
  const sound = withoutPaths(options, paths);
  return typeof sound === 'object' && sound !== null ? sound : {};
}

/** A copy without what the paths lead to: of an object single values, at whatever depth; of a list whole items. */
function withoutPaths(value: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const below = (name: PropertyKey): readonly (readonly PropertyKey[])[] =>
    paths.filter(([first]) => first === name).map(([, ...rest]) => rest);
  if (Array.isArray(value)) return value.filter((_, index) => below(index).length === 0);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => below(name).every(({ length }) => length > 0))
      .map(([name, inner]) => [name, below(name).length === 0 ? inner : withoutPaths(inner, below(name))]),
  );
}

/** Faults of a value against a schema, one sentence each. They name the option, never its value. */
export function schemaProblems(schema: z.ZodType, value: unknown): readonly string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : sentences(result.error.issues);
}

function sentences(issues: readonly z.core.$ZodIssue[]): readonly string[] {
  return issues.map(({ path, message }) => {
    const option = path.map(String).join('.');
    return `${option === '' ? 'options' : option}: ${message}.`;
  });
}
