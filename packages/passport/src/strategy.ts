import {
  type EventListener,
  errorFrom,
  errorTable,
  ForumSsoError,
  isRefusal,
  type Refusal,
  refusal,
  type SsoRequest,
  safeReturnPath,
} from '@forum-sso/core';
import {
  type Arrival,
  createDiscourseLoginFlow,
  type DiscourseLoginFlowOptions,
  gateNavigation,
  type LoginFlow,
  requestRefused,
} from '@forum-sso/core/discourse/login-flow';
import { Strategy } from 'passport-strategy';

import { type PassportRequest, responseOf } from './framework.js';
import { type DiscourseProfile, profileOf } from './profile.js';

/** What a verify callback reports: an error, the user, false for nobody, and what the site wants to say about it. */
export type VerifyDone = (error: unknown, user?: unknown, info?: unknown) => void;

/**
 * Turns the forum's person into the site's user. Calls `done`, or returns (a promise of) the user; false or null means
 * that this person may not sign in.
 */
export type Verify = (profile: DiscourseProfile, done: VerifyDone) => unknown;
/** The same with the request in front; option `passReqToCallback`. */
export type VerifyWithRequest<Request = PassportRequest> = (
  request: Request,
  profile: DiscourseProfile,
  done: VerifyDone,
) => unknown;

/** Options of {@link DiscourseStrategy}. */
export interface DiscourseStrategyOptions extends Omit<DiscourseLoginFlowOptions, 'onWarning'> {
  /** Hand the request to the verify callback. Default false. */
  readonly passReqToCallback?: boolean;
  /** Insist on a second factor at every login. Default false. */
  readonly requireTwoFactor?: boolean;
  /** Where a login leads when neither `returnTo` nor `successRedirect` says otherwise. Default `/`. */
  readonly homePath?: string;
  /** Called with warnings and refusals; for the audit log. */
  readonly events?: EventListener;
}

/** Options of `passport.authenticate('discourse', …)` that are ours. */
export interface DiscourseAuthenticateOptions {
  /** `none`: sign in only if that needs no page; else fail with the challenge `login_required`. */
  readonly prompt?: 'none';
  /** Insist on a second factor this time; on the way back it holds whatever the login began with. */
  readonly requireTwoFactor?: boolean;
  /** Path of this site to return to; in the callback it is `req.authInfo.returnTo`. */
  readonly returnTo?: string;
}

/** What the strategy tells about a login, next to what the verify callback said: `req.authInfo`. */
export interface DiscourseAuthInfo {
  /** Safe path of this site. */
  readonly returnTo: string;
}

type KeptOptions = Pick<
  DiscourseStrategyOptions,
  'passReqToCallback' | 'requireTwoFactor' | 'homePath' | 'events' | 'now'
>;

function keptOptions(options: DiscourseStrategyOptions): KeptOptions {
  const { secret: _secret, cookieKeys: _cookieKeys, store: _store, ...kept } = options;
  return kept;
}

/**
 * Passport strategy: people sign in with their account at a Discourse forum. One `passport.authenticate` serves both
 * ends: a request without `sso` and `sig` leaves for the forum, one with them is the way back.
 *
 * Its state lives in a sealed cookie of its own, one for each attempt, so it needs no `express-session`, works in several
 * tabs and is not touched when Passport renews the session.
 */
export class DiscourseStrategy extends Strategy {
  name: string;
  // Passport works on an object made from this one, so fields with "#" would be out of its reach. Secrets and keys stay
  // with the flow: whoever prints the strategy sees none.
  private readonly flow: LoginFlow;
  private readonly verify: Verify | VerifyWithRequest;
  private readonly options: KeptOptions;
  private readonly origin: string;

  /** @throws ForumSsoError `ERR_OPTIONS_INVALID` with everything that is wrong */
  constructor(
    options: DiscourseStrategyOptions & { readonly passReqToCallback: true },
    verify: VerifyWithRequest,
  );
  constructor(options: DiscourseStrategyOptions, verify: Verify);
  constructor(options: DiscourseStrategyOptions, verify: Verify | VerifyWithRequest) {
    super();
    if (typeof verify !== 'function') {
      throw new ForumSsoError(
        'ERR_OPTIONS_INVALID',
        'DiscourseStrategy needs a verify callback as its second argument.',
      );
    }
    this.name = options.name ?? 'discourse';
    this.options = keptOptions(options);
    this.verify = verify;
    this.flow = createDiscourseLoginFlow({
      ...options,
      onWarning: (detail) => this.emit({ type: 'setup.warning', detail }),
    });
    this.origin = new URL(options.callbackUrl).origin;
  }

  override authenticate(request: PassportRequest, options: DiscourseAuthenticateOptions = {}): void {
    this.run(request, options).catch((error: unknown) => {
      this.error(
        error instanceof Error
          ? error
          : new ForumSsoError('ERR_INTERNAL', 'Something that is no error was thrown.', { cause: error }),
      );
    });
  }

  /** The address of the request as the browser sent it. Override it where a proxy or framework rewrites addresses. */
  requestUrl(request: PassportRequest): string {
    return request.originalUrl ?? request.url ?? '/';
  }

  /** Whether a request is the way back from the forum. */
  isCallback(request: PassportRequest): boolean {
    return /[?&](sso|sig)=/.test(this.requestUrl(request));
  }

  /** Where to return to: the option `returnTo`, else the query's parameter of that name, else the home page. */
  returnPath(request: PassportRequest, options: DiscourseAuthenticateOptions): string {
    const home = this.options.homePath ?? '/';
    const [, ...query] = this.requestUrl(request).split('?');
    const wanted = new URLSearchParams(query.join('?')).get('returnTo');
    const path = safeReturnPath(options.returnTo ?? wanted ?? home, this.origin);
    return isRefusal(path) ? home : path;
  }

  private async run(request: PassportRequest, options: DiscourseAuthenticateOptions): Promise<void> {
    const response = responseOf(request);
    if (response === null) {
      throw new ForumSsoError(
        'ERR_OPTIONS_INVALID',
        'The framework shows no response on the request, so no cookie can be set. Under Nest on Fastify use DiscourseAuthGuard of @forum-sso/nestjs.',
      );
    }
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Referrer-Policy', 'no-referrer');
    const ssoRequest: SsoRequest = {
      method: request.method ?? 'GET',
      url: this.requestUrl(request),
      headers: request.headers,
      ip: undefined,
      body: async () => new Uint8Array(),
    };
    const keepCookies = (headers: Arrival['headers']): void => {
      for (const [name, value] of headers) response.appendHeader(name, value);
    };
    const stopped = this.gate(ssoRequest, this.isCallback(request));
    if (stopped !== null) return this.refuse(request, stopped);

    if (!this.isCallback(request)) {
      const departure = await this.flow.depart(ssoRequest, {
        purpose: options.prompt === 'none' ? 'probe' : 'login',
        returnPath: this.returnPath(request, options),
        requireTwoFactor: options.requireTwoFactor ?? this.options.requireTwoFactor ?? false,
      });
      if (isRefusal(departure)) throw errorFrom(departure);
      keepCookies(departure.headers);
      this.redirect(departure.location);
      return;
    }
    const arrival = await this.flow.arrive(ssoRequest);
    keepCookies(arrival.headers);
    await this.finish(request, options, arrival);
  }

  /** What no page that a person opens looks like: frames, images, looks ahead. */
  private gate(request: SsoRequest, isCallback: boolean): Refusal | null {
    // Express answers HEAD by the routes for GET, and an answer that nobody sees must not use the login up.
    if (request.method === 'HEAD' || (isCallback && request.method !== 'GET')) {
      return refusal(
        'ERR_METHOD_NOT_ALLOWED',
        'People open the login, and the forum sends them back, with GET.',
      );
    }
    return gateNavigation(request);
  }

  private async finish(
    request: PassportRequest,
    options: DiscourseAuthenticateOptions,
    arrival: Arrival,
  ): Promise<void> {
    if (arrival.outcome === 'refused') return this.refuse(request, arrival.refusal);
    if (arrival.secretPosition > 0) this.emit({ type: 'secret.old_used', position: arrival.secretPosition });
    const info: DiscourseAuthInfo = { returnTo: arrival.attempt.returnPath };
    if (arrival.outcome === 'nobody') return this.fail({ message: 'login_required', ...info }, 401);
    // Sealed in the attempt is what the login began with; whoever guards the way back may want more.
    if (options.requireTwoFactor === true && !arrival.user.twoFactor) {
      const detail = 'A second factor is insisted on here, and the forum did not confirm one.';
      return this.refuse(request, refusal('ERR_LOGIN_TWO_FACTOR_MISSING', detail));
    }
    const { user, said } = await this.askVerify(request, profileOf(arrival.user, arrival.fields));
    const details =
      typeof said === 'object' && said !== null ? said : said === undefined ? {} : { message: said };
    if (user === false || user === null || user === undefined) return this.fail({ ...info, ...details }, 403);
    this.success(user, { ...info, ...details });
  }

  /** A refused answer is a failed login, with the code in the challenge; what the operator must mend is an error. */
  private refuse(request: PassportRequest, why: Refusal): void {
    const { status, publicMessage } = errorTable[why.refused];
    this.emit(requestRefused(why, this.requestUrl(request).split('?')[0] ?? '/'));
    // A look ahead gets a status that says "later", and is nobody's fault.
    if (status >= 500 && why.refused !== 'ERR_PREFETCH') this.error(errorFrom(why));
    else this.fail({ message: publicMessage, code: why.refused }, status);
  }

  /** Callback or promise, as the site likes. */
  private askVerify(
    request: PassportRequest,
    profile: DiscourseProfile,
  ): Promise<{ user: unknown; said: unknown }> {
    return new Promise((resolve, reject) => {
      const done: VerifyDone = (error, user, said) => {
        if (error === null || error === undefined) resolve({ user, said });
        else reject(error);
      };
      const args = this.options.passReqToCallback === true ? [request, profile, done] : [profile, done];
      const result: unknown = Reflect.apply(this.verify, undefined, args);
      // A verify that takes `done` may return anything; one that does not, returns its answer.
      if (isPromise(result))
        result.then(
          (user: unknown) => this.verify.length < args.length && resolve({ user, said: undefined }),
          reject,
        );
      else if (this.verify.length < args.length) resolve({ user: result, said: undefined });
    });
  }

  private emit(
    event: Parameters<EventListener>[0] extends infer E
      ? E extends { at: Date }
        ? Omit<E, 'at'>
        : never
      : never,
  ): void {
    try {
      const heard: unknown = this.options.events?.({
        ...event,
        connector: this.name,
        at: (this.options.now ?? (() => new Date()))(),
      });
      // An async listener may fail as well; unheard, that would end the process.
      if (heard !== undefined) Promise.resolve(heard).catch(() => {});
    } catch {
      // The listener is the site's; its faults must not stop a login.
    }
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
