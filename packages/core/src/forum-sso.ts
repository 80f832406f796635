import { randomBytes as nodeRandomBytes } from 'node:crypto';
import { BlockList } from 'node:net';
import { z } from 'zod';

import type { ActiveConnector, Exchange, Route, SignedOut, SuspendOptions } from './connector.js';
import { errorFrom, ForumSsoError, isRefusal, type Refusal, refusal, refusalForThrown } from './errors.js';
import { isHeard, type NewEvent } from './events/event.js';
import { requestRefused } from './events/request-refused.js';
import { gateFormPost, gateNavigation } from './http/browser-gate.js';
import { addressList } from './http/client-ip.js';
import { type ExchangeFrame, readCurrentUser, SiteExchange } from './http/exchange.js';
import { guardRenderer, renderPage } from './http/page.js';
import { refusalReply } from './http/refusal-reply.js';
import { type ReplyHeader, type SsoReply, withHeaders } from './http/reply.js';
import type { SsoRequest } from './http/request.js';
import { createRouter, pathOf, type RouteMatch, routePath } from './http/routing.js';
import { signInReply } from './http/sign-in-reply.js';
import { readSiteAddress, type SiteAddress } from './http/site-address.js';
import { type KeyRing, pseudonym, readKeyRing } from './keys/key-ring.js';
import {
  type ForumSsoOptions,
  readConnectorOptions,
  readShape,
  schemaProblems,
} from './options/forum-sso-options.js';
import { SecretRegister } from './options/secret-register.js';
import { deliverToAll, type NamedConnector, type PushReport, type RemovalReport } from './push/delivery.js';
import type { JobKind } from './push/job.js';
import { createPusher, type Pusher, type PushReceipt, type QueueControl } from './push/pusher.js';
import { admit, admittingFindUser, marked } from './push/standings.js';
import { storeQueue } from './push/store-queue.js';
import { readSiteUser } from './read-site-user.js';
import { prepareSecrets } from './secrets.js';
import { createSealedSession, type SealedSession } from './session/sealed-session.js';
import { createSealer } from './session/sealer.js';
import type { SiteSession } from './session/site-session.js';
import type { SiteUser } from './site-user.js';
import { guardStore, tellWarning } from './store/guarded-store.js';
import { memoryStore } from './store/memory-store.js';
import type { ForumSsoStore, People } from './store/store.js';

/** Forum SSO at work: what an adapter calls for each request, and what the site calls when its users change. */
export interface ForumSso {
  /** Names of the connectors, in the order they were given. */
  readonly connectors: readonly string[];
  /** Where it is mounted, without a slash at the end: `https://site.example.com/sso`. */
  readonly baseUrl: string;
  /**
   * True when this path and query is one of our addresses, so that {@link handle} answers it. For adapters that have to
   * keep a body parser away from such a request before they come to answer it.
   */
  owns(url: string): boolean;
  /**
   * Answers a request to one of our addresses.
   * @param session the site's own session for this request; left out: the built-in one
   * @returns the reply to write whole, or null when the address is not ours. Never throws for what a stranger sent.
   */
  handle(request: SsoRequest, session?: SiteSession): Promise<SsoReply | null>;
  /**
   * To be called for every page of the site: who is here.
   * @throws ForumSsoError `ERR_SITE_CALLBACK_FAILED`, `ERR_STORE_UNAVAILABLE` or `ERR_SITE_USER_INVALID`
   */
  visit(request: SsoRequest, session?: SiteSession): Promise<Visit>;
  /**
   * Queues a push of a person's details to every community. What is sent is what `findUser` returns when the push's turn
   * has come; of several pushes that wait, one is left. How it went is told by the events `push.done` and `push.failed`.
   * @throws ForumSsoError `ERR_PUSH_NOT_SET_UP` (no `findUser`), `ERR_SITE_USER_INVALID` (no usable id),
   *   `ERR_PUSH_QUEUE_FULL`, `ERR_PUSH_QUEUE_CLOSED`, `ERR_PUSH_QUEUE_UNAVAILABLE`, `ERR_STORE_UNAVAILABLE`
   */
  push(siteUserId: string): Promise<PushReceipt>;
  /**
   * Brings a person's details to every community now. One result for each; some may fail, the others stand. Nothing is
   * sent about somebody who is suspended or removed, or of whom a newer state was sent in the meantime.
   * @throws ForumSsoError `ERR_SITE_USER_INVALID`, `ERR_STORE_UNAVAILABLE`
   */
  pushNow(user: SiteUser): Promise<PushReport>;
  /**
   * To be called by a site with a sign-in of its own when somebody has signed in: queues the news for every community
   * that wants it. Where a person is signed in through Forum SSO (`visit.signIn`, a forum account) that is done already.
   * @throws ForumSsoError as {@link push} does
   */
  signedIn(siteUserId: string): Promise<PushReceipt>;
  /**
   * Ends the person's sessions at every community that can do so, and the built-in ones here. What fails and may succeed
   * later is left to the queue; that holds for the following, too.
   * @throws ForumSsoError `ERR_SITE_USER_INVALID`, `ERR_STORE_UNAVAILABLE`
   */
  signOut(siteUserId: string): Promise<PushReport>;
  /**
   * Keeps a person out of every community that can do so. It is remembered: nothing is pushed about them, and no login
   * is answered for them, until it ends or {@link restore} is called.
   * @throws ForumSsoError `ERR_SITE_USER_INVALID`, `ERR_OPTIONS_INVALID` (`until` is no valid date),
   *   `ERR_STORE_UNAVAILABLE`: then nothing was done
   */
  suspend(siteUserId: string, options?: SuspendOptions): Promise<PushReport>;
  /**
   * Removes or anonymizes a person wherever that is possible, ends the built-in sessions, and says what is left to do by
   * hand. It is remembered for good: a late push or login would make the account anew.
   * @throws ForumSsoError `ERR_SITE_USER_INVALID`, `ERR_STORE_UNAVAILABLE`: then nothing was done
   */
  remove(siteUserId: string): Promise<RemovalReport>;
  /**
   * Takes a suspension or a removal back: pushes and logins go through again, and communities end the suspension. What
   * they have anonymized or deleted does not come back.
   * @throws ForumSsoError `ERR_SITE_USER_INVALID`, `ERR_STORE_UNAVAILABLE`
   */
  restore(siteUserId: string): Promise<PushReport>;
  /** The push queue: how it is doing, and what it has given up. */
  readonly queue: QueueControl;
  /**
   * To be called before the process ends: takes no more pushes, begins none, and waits for those that run.
   * @param seconds at most so long; default 10
   */
  close(seconds?: number): Promise<void>;
  /** Asks every community whether it answers and accepts our keys. */
  check(): Promise<PushReport>;
}

/** One page visit. */
export interface Visit {
  /**
   * Who is signed in, or null. Where pages hold logins (comments of Talkyard or Coral), somebody who was suspended or
   * removed by {@link ForumSso.suspend} or {@link ForumSso.remove} is marked as `suspended`.
   */
  readonly user: SiteUser | null;
  /** To be sent instead of the page (silent login), or null. */
  readonly reply: SsoReply | null;
  /** Headers to append to the page's answer. */
  readonly headers: readonly ReplyHeader[];
  /** Signs a person in; the returned headers are to be appended to this answer. */
  signIn(user: SiteUser): Promise<readonly ReplyHeader[]>;
  /** Signs the person out of the site; the returned headers are to be appended to this answer. */
  signOut(): Promise<readonly ReplyHeader[]>;
  /**
   * The answer for an anonymous visitor of a page for signed-in people: a redirect to the sign-in page and back for
   * somebody who opens a page, `401` as JSON (`ERR_SIGN_IN_REQUIRED`) for everything else.
   */
  signInReply(): SsoReply;
}

/**
 * Puts connectors, keys and store together and checks all of it.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` whose `problems` lists everything that is wrong, not just the first
 */
export function createForumSso(options: ForumSsoOptions): ForumSso {
  const { sound, problems: faults } = readShape(options);
  const problems: string[] = [...faults];
  // What has the wrong shape counts as left out, and a stand-in takes the place of what is of no use: so the connectors
  // are looked at as well, before everything that is wrong is told.
  const address = orStandIn(sound.baseUrl, readSiteAddress, standInAddress, problems);
  const keys = orStandIn(
    sound.keys,
    (texts) => readKeyRing(listOf(texts), address.origin),
    standInKeys,
    problems,
  );
  const proxies = addressList(sound.trustedProxies ?? []);
  const trustedProxies = 'invalid' in proxies ? new BlockList() : proxies;
  if ('invalid' in proxies) {
    problems.push(`trustedProxies: "${proxies.invalid}" is neither an address nor a CIDR range.`);
  }

  if (sound.queue !== undefined) {
    problems.push(...(sound.queue.problems?.() ?? []).map((problem) => `queue: ${problem}`));
    if (options.findUser === undefined)
      problems.push('findUser is missing: the push queue reads through it whom it has to push.');
  }
  const now = sound.now ?? (() => new Date());
  const store = guardStore(sound.store ?? memoryStore({ now }));
  const people = store.people ?? memoryStore({ now }).people;
  const emit = (event: NewEvent, connector?: string): void => {
    const listener = sound.events;
    if (!isHeard(listener)) return;
    try {
      const at = now();
      const heard: unknown = listener(
        Object.assign({}, event, connector === undefined ? { at } : { at, connector }),
      );
      // An async listener may fail as well; unheard, that would end the process.
      if (heard !== undefined) Promise.resolve(heard).catch(() => {});
    } catch {
      // The listener is the site's; its faults must not stop a login.
    }
  };
  const frame: ExchangeFrame = {
    address,
    trustedProxies,
    signInPath: sound.signInPath ?? '/login',
    returnParameter: sound.returnParameter ?? 'returnTo',
    homePath: sound.homePath ?? '/',
    renderPage: sound.renderPage === undefined ? renderPage : guardRenderer(sound.renderPage, emit),
    admit: (user) => admit(people, user),
    // Nobody's sign-in waits for it, or fails with it.
    signedIn: (siteUserId) => void queueAt(receivers, siteUserId, 'signIn').catch(() => {}),
    signedOut: (siteUserId) => tellSignedOut(running, siteUserId),
  };

  if (sound.connectors?.length === 0 && options.connectors.length === 0)
    problems.push('connectors is empty: name at least one community.');
  let pusher: Pusher | null = null;
  /** Queues a job at each of these systems that can do it. @returns false when none took it */
  async function queueAt(systems: readonly NamedConnector[], siteUserId: string, kind: JobKind) {
    const able = systems.filter(({ active }) => typeof active[kind] === 'function');
    const taken = await Promise.all(able.map(({ name }) => pusher?.pushLater(name, siteUserId, kind)));
    return taken.includes(true);
  }
  const { running, warnings } = setUpConnectors(sound, {
    ...{ address, keys, store, people, now, emit, problems },
    pushLater: (connector, siteUserId, kind) =>
      queueAt(running.filter(({ name }) => name === connector).flatMap(receiversOf), siteUserId, kind),
  });
  const receivers = running.flatMap(receiversOf);
  const pagesLogIn = running.some(({ active }) => active.logsInOnPages === true);
  const { router, clashes } = createRouter(
    running.flatMap((owner) =>
      owner.active.routes.map((route) => ({ owner, route, path: routePath(address, owner.name, route) })),
    ),
  );
  for (const path of clashes)
    problems.push(`Two connectors want the address ${path}: give one another path or name.`);
  if (problems.length > 0) throw invalidOptions(problems);
  if (!store.shared && process.env.NODE_ENV === 'production') {
    const detail =
      'The store is in memory: with several processes a login can be used twice, and a restart signs everybody out. Give createForumSso a shared store.';
    emit({ type: 'setup.warning', detail });
  }
  for (const { connector, detail } of warnings) emit({ type: 'setup.warning', detail }, connector);
  void tellWarning(store, (detail) => emit({ type: 'setup.warning', detail }));
  const forgets = store.shared && (store.people === undefined || (store.jobs === undefined && !sound.queue));
  if (forgets && receivers.some(({ active }) => typeof active.push === 'function')) {
    const detail =
      'The store keeps no people or no jobs: a restart forgets who was removed or suspended, or pushes that wait. Take these parts from a store in SQL.';
    emit({ type: 'setup.warning', detail });
  }
  const pushes = createPusher({
    ...{ connectors: receivers, store, people, keys, now, emit },
    queue: sound.queue ?? storeQueue(),
    randomBytes: sound.randomBytes ?? nodeRandomBytes,
    findUser: sound.findUser,
  });
  pusher = pushes;

  const sealedSession = createSealedSession({
    address,
    sealer: createSealer('session', keys.subKeys('session')),
    revocations: store.revocations,
    life: {
      rollingSeconds: sound.session?.rollingSeconds ?? 86_400,
      absoluteSeconds: sound.session?.absoluteSeconds ?? 14 * 86_400,
    },
    now,
    randomBytes: sound.randomBytes ?? nodeRandomBytes,
    findUser: sound.findUser,
  });

  /** How a request is refused: with an event for the operator, and an answer that fits the caller. */
  const refuser =
    (path: string, caller: Route['caller'], connector?: string): Exchange['refuse'] =>
    (why, more) => {
      emit(requestRefused(why, path), connector);
      return refusalReply(why, caller, frame.homePath, frame.renderPage, more);
    };

  async function answer(
    match: RouteMatch<RunningConnector>,
    request: SsoRequest,
    path: string,
    session: SiteSession,
  ): Promise<SsoReply> {
    const { mounted, refused, headers } = chooseRoute(match, request, frame.address);
    const { owner, route } = mounted;
    // An address with a hole in it is logged by its pattern: what fills the hole is an id or a secret.
    const logged = match.id === undefined ? path : routePath(frame.address, owner.name, route);
    const refuse = refuser(logged, route.caller, owner.name);
    if (refused !== null) return refuse(refused, { headers });
    try {
      const result = await route.handle(new SiteExchange(frame, request, session, path, refuse, match.id));
      return isRefusal(result) ? refuse(result, {}) : result;
    } catch (error) {
      return refuse(refusalForThrown(error, 'ERR_INTERNAL', 'A request failed unexpectedly.'), {});
    }
  }

  async function answerWithBuiltIn(
    match: RouteMatch<RunningConnector>,
    request: SsoRequest,
    path: string,
  ): Promise<SsoReply> {
    const session = sealedSession(request);
    return withHeaders(await answer(match, request, path, session), session.headers);
  }

  return {
    connectors: running.map(({ name }) => name),
    baseUrl: frame.address.origin + frame.address.basePath,

    owns: (url) => router(pathOf(url)) !== undefined,

    handle(request, session) {
      const path = pathOf(request.url);
      const match = router(path);
      if (match === undefined) return Promise.resolve(null);
      return session === undefined
        ? answerWithBuiltIn(match, request, path)
        : answer(match, request, path, session);
    },

    async visit(request, session) {
      const builtIn: SealedSession = sealedSession(request);
      const own = session ?? builtIn;
      const mark = (person: SiteUser) => marked(people, person, person.id);
      const user = await readCurrentUser(own, pagesLogIn ? mark : undefined);
      if (isRefusal(user)) throw errorFrom(user);
      const path = pathOf(request.url);
      const exchange = new SiteExchange(frame, request, own, path, refuser(path, 'navigation'));
      // Our own addresses are no pages: a silent login there would lead in a circle.
      const isPage = user === null && router(path) === undefined;
      const reply = isPage ? await firstReply(running, exchange) : null;
      let current = user;
      return {
        user,
        reply,
        headers: [...builtIn.headers],
        async signIn(person) {
          const valid = readSiteUser(person);
          if (isRefusal(valid)) throw errorFrom(valid);
          await own.signIn(valid);
          current = valid;
          frame.signedIn(valid.id);
          return [...builtIn.headers];
        },
        async signOut() {
          // First: whatever fails, the person is signed in still and can try again.
          const told = await frame.signedOut(current?.id ?? null);
          if (told.fault !== undefined) throw errorFrom(told.fault);
          await own.signOut();
          current = null;
          return [...builtIn.headers, ...told.headers];
        },
        signInReply: () => signInReply(exchange, frame.signInPath),
      };
    },

    push: pushes.push,
    signedIn: pushes.signedIn,
    pushNow: pushes.pushNow,
    signOut: pushes.signOut,
    suspend: (siteUserId, suspendOptions = {}) => pushes.suspend(siteUserId, suspendOptions),
    remove: pushes.remove,
    restore: pushes.restore,
    queue: pushes.queue,
    close: (seconds = 10) => pushes.close(seconds),
    check: () =>
      deliverToAll(
        receivers,
        ({ check }) => check,
        (check) => check(),
      ),
  };
}

type RunningConnector = NamedConnector<ActiveConnector>;

/** A connector's own system, and the further ones that it delivers to. */
function receiversOf({ name, active }: RunningConnector): readonly NamedConnector[] {
  return [
    { name, active },
    ...(active.others ?? []).map((other) => ({ name: `${name}-${other.name}`, active: other })),
  ];
}

interface SetUpParts {
  readonly address: SiteAddress;
  readonly keys: KeyRing;
  readonly store: ForumSsoStore;
  readonly people: People;
  readonly now: () => Date;
  readonly emit: (event: NewEvent, connector?: string) => void;
  readonly pushLater: (connector: string, siteUserId: string, kind: JobKind) => Promise<boolean>;
  /** Problems are added here. */
  readonly problems: string[];
}

function setUpConnectors(
  options: Partial<ForumSsoOptions>,
  { address, keys, store, people, now, emit, pushLater, problems }: SetUpParts,
): {
  readonly running: readonly RunningConnector[];
  readonly warnings: readonly { readonly connector: string; readonly detail: string }[];
} {
  const running: RunningConnector[] = [];
  const warnings: { connector: string; detail: string }[] = [];
  const secrets = new SecretRegister();
  const names = new Set<string>();
  const [logKey] = keys.subKeys('log');
  const { findUser } = options;

  for (const key of listOf(options.keys ?? [])) {
    secrets.add('createForumSso', 'keys (FORUM_SSO_KEYS)', key);
  }
  for (const connector of options.connectors ?? []) {
    const { kind, name } = connector;
    if (!/^[a-z][a-z0-9-]{0,39}$/i.test(name)) {
      problems.push(`The name of the ${kind} connector must be 1 to 40 letters, digits and hyphens.`);
      continue;
    }
    if (names.has(name)) {
      problems.push(`Two connectors are called "${name}": give each a name of its own.`);
      continue;
    }
    names.add(name);
    const problem = (sentence: string): void => {
      problems.push(`${name}: ${sentence}`);
    };
    const warning = (detail: string): void => {
      warnings.push({ connector: name, detail });
    };
    const active = connector.setUp({
      z,
      address,
      routeUrl: (path) => `${address.origin}${address.basePath}/${name}${path}`,
      keys,
      createSealer: (purpose) => createSealer(purpose, keys.subKeys(purpose, name)),
      readSiteUser,
      store,
      now,
      randomBytes: options.randomBytes ?? nodeRandomBytes,
      fetch: options.fetch ?? fetch,
      findUser: findUser === undefined ? undefined : admittingFindUser(people, findUser),
      pushLater: (siteUserId, kind = 'push') => pushLater(name, siteUserId, kind),
      signInPath: options.signInPath ?? '/login',
      homePath: options.homePath ?? '/',
      returnParameter: options.returnParameter ?? 'returnTo',
      async endSessions(siteUserId) {
        await store.revocations.endAll(siteUserId);
        await options.endSessions?.(siteUserId);
        const { fault } = await tellSignedOut(running, siteUserId);
        if (fault !== undefined) throw errorFrom(fault);
      },
      checkOptions: (schema, connectorOptions) => {
        const faults = schemaProblems(schema, connectorOptions);
        faults.forEach(problem);
        return faults.length === 0;
      },
      readOptions: (schema, connectorOptions) => {
        const { sound, problems: faults } = readConnectorOptions(schema, connectorOptions);
        faults.forEach(problem);
        return { sound, whole: faults.length === 0 };
      },
      readSecrets: (option, setting, kind) => {
        const prepared = prepareSecrets(option, setting, kind, now());
        prepared.problems.forEach(problem);
        prepared.warnings.forEach(warning);
        for (const value of prepared.ring?.values ?? []) secrets.add(name, setting, value);
        return prepared.ring;
      },
      problem,
      warning,
      useSecret: (label, value) => secrets.add(name, label, value),
      emit: (event) => emit(event, name),
      // Nobody sees it when nobody listens.
      pseudonym: (siteUserId) => (isHeard(options.events) ? pseudonym(logKey, siteUserId) : ''),
    });
    if (active !== null) running.push({ name, active });
  }
  problems.push(...secrets.problems());
  return { running, warnings };
}

/** The first connector that wants to answer instead of the page does so. */
async function firstReply(
  running: readonly RunningConnector[],
  exchange: Exchange,
): Promise<SsoReply | null> {
  for (const { active } of running) {
    const reply = (await active.visit?.(exchange)) ?? null;
    if (reply !== null) return reply;
  }
  return null;
}

/** Tells every connector that sessions end, also when one of them fails. */
async function tellSignedOut(
  running: readonly RunningConnector[],
  siteUserId: string | null,
): Promise<SignedOut> {
  const headers: ReplyHeader[] = [];
  let fault: Refusal | undefined;
  for (const { name, active } of running) {
    try {
      headers.push(...((await active.signedOut?.(siteUserId)) ?? []));
    } catch (cause) {
      const detail = `The connector ${name} failed to end what it had handed out.`;
      fault ??= refusalForThrown(cause, 'ERR_INTERNAL', detail);
    }
  }
  return { headers, ...(fault === undefined ? {} : { fault }) };
}

/** Picks the route by method and holds the request against its gate. */
function chooseRoute(
  { routes }: RouteMatch<RunningConnector>,
  request: SsoRequest,
  address: SiteAddress,
): {
  readonly mounted: RouteMatch<RunningConnector>['routes'][number];
  readonly refused: Refusal | null;
  readonly headers: readonly ReplyHeader[];
} {
  const mounted = routes.find(({ route }) => route.method === request.method);
  if (mounted !== undefined) return { mounted, refused: gate(mounted.route, request, address), headers: [] };
  const [first] = routes;
  if (first === undefined) throw new Error('A path without routes is never in the table.');
  const allowed = routes.map(({ route }) => route.method).join(', ');
  return {
    mounted: first,
    refused: refusal(
      'ERR_METHOD_NOT_ALLOWED',
      `This address is for ${allowed}; the request was ${request.method.slice(0, 16)}.`,
    ),
    headers: [['Allow', allowed]],
  };
}

function gate({ caller }: Route, request: SsoRequest, address: SiteAddress): Refusal | null {
  if (caller === 'navigation') return gateNavigation(request);
  if (caller === 'form') return gateFormPost(request, address.origin);
  return null;
}

/** What was read of an option; when it cannot be used, the problem and a stand-in, which starts nothing. */
function orStandIn<Option, Read extends object>(
  option: Option | undefined,
  read: (option: Option) => Read | Refusal,
  standIn: () => Read,
  problems: string[],
): Read {
  // What is missing is among the problems already.
  if (option === undefined) return standIn();
  const result = read(option);
  if (!isRefusal(result)) return result;
  problems.push(result.detail);
  return standIn();
}

const standInAddress = (): SiteAddress => ({
  origin: 'https://site.invalid',
  basePath: '',
  secure: true,
  port: '443',
});

function standInKeys(): KeyRing {
  const keys = readKeyRing([nodeRandomBytes(32).toString('hex')], standInAddress().origin);
  if (isRefusal(keys)) throw errorFrom(keys);
  return keys;
}

function listOf(texts: string | readonly string[]): readonly string[] {
  return typeof texts === 'string' ? [texts] : texts;
}

function invalidOptions(found: readonly string[]): ForumSsoError {
  // Some are found by a connector and by the API client that it makes.
  const problems = [...new Set(found)];
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new ForumSsoError('ERR_OPTIONS_INVALID', `Forum SSO cannot start:${list}`, { problems });
}
