import { ForumSsoError } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import type { SiteSession } from './site-session.js';

/**
 * The site's own session, in the framework's terms; left out whole: the built-in one. Promises are awaited.
 * @typeParam Context what the framework gives a handler: Express's request, Koa's context
 */
export interface SiteCallbacks<Context> {
  /** The signed-in person, read afresh each time, or null. */
  readonly currentUser?:
    | ((context: Context) => SiteUser | null | undefined | Promise<SiteUser | null | undefined>)
    | undefined;
  /**
   * Starts a session for this person in this browser; it must get a new id. Needed when people log in to the site
   * with their forum account.
   */
  readonly signIn?: ((context: Context, user: SiteUser) => unknown) | undefined;
  /** Ends this browser's session. Needed when a forum may sign people out of the site. */
  readonly signOut?: ((context: Context) => unknown) | undefined;
}

/**
 * Turns the site's callbacks into the sessions that the engine takes.
 *
 * @returns a function that gives the session of one request; undefined stands for the built-in session
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` when one is not a function, or `currentUser` is missing beside others
 */
export function siteSessions<Context>({
  currentUser,
  signIn,
  signOut,
}: SiteCallbacks<Context> = {}): (context: Context) => SiteSession | undefined {
  const problems = Object.entries({ currentUser, signIn, signOut })
    .filter(([, callback]) => callback !== undefined && typeof callback !== 'function')
    .map(([name]) => `${name} must be a function.`);
  if (currentUser === undefined && (signIn !== undefined || signOut !== undefined)) {
    problems.push(
      'currentUser is missing: the site keeps its own session when signIn or signOut is given, so say who is signed in; or leave out all three for the built-in session.',
    );
  }
  if (problems.length > 0) {
    throw new ForumSsoError('ERR_OPTIONS_INVALID', problems.join(' '), { problems });
  }
  if (currentUser === undefined) return () => undefined;

  const callbacks = { currentUser, signIn, signOut };
  return (context) => new CallbackSession(callbacks, context);
}

class CallbackSession<Context> implements SiteSession {
  readonly #callbacks: SiteCallbacks<Context>;
  readonly #context: Context;

  constructor(callbacks: SiteCallbacks<Context>, context: Context) {
    this.#callbacks = callbacks;
    this.#context = context;
  }

  async currentUser(): Promise<SiteUser | null> {
    const { currentUser } = this.#callbacks;
    return (await currentUser?.(this.#context)) ?? null;
  }

  async signIn(user: SiteUser): Promise<void> {
    const { signIn } = this.#callbacks;
    if (signIn === undefined) throw missing('signIn', 'starts a session of the site for the given user');
    await signIn(this.#context, user);
  }

  async signOut(): Promise<void> {
    const { signOut } = this.#callbacks;
    if (signOut === undefined) throw missing('signOut', "ends this browser's session of the site");
    await signOut(this.#context);
  }
}

function missing(name: string, task: string): ForumSsoError {
  return new ForumSsoError(
    'ERR_OPTIONS_INVALID',
    `The site keeps its own session, but gave no ${name} callback: give one that ${task}, or leave out all three callbacks for the built-in session.`,
  );
}
