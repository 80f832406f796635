import type { ActiveConnector, Connector, ConnectorSetup } from '../connector.js';
import { ForumSsoError, isRefusal } from '../errors.js';
import type { SiteUser } from '../site-user.js';
import { CoralDeliveries } from './deliveries.js';
import { type CoralOptions, type CoralSettings, readCoralOptions } from './options.js';
import { signInRoute } from './sign-in-route.js';
import { type CoralStream, coralStreamEmbed } from './stream-embed.js';
import { tokenRoutes } from './token-routes.js';
import { webhookRoute } from './webhook-route.js';

/** A page with comments. */
export interface CoralPage extends CoralStream {
  /**
   * Puts a token of this person into the page (null: a guest), which saves the page one request; send
   * `coralPageHeaders` with it. Give the person of the page's visit (`req.forum.user`), who is marked there when
   * `forumSso.suspend` or `forumSso.remove` keeps them out. Left out: the page holds nothing of a person, and its script
   * fetches the token.
   */
  readonly user?: SiteUser | null;
  /** The nonce of the page's content security policy. */
  readonly nonce?: string;
}

/** The connector, with what the site's pages need of it. */
export interface CoralConnector extends Connector {
  /**
   * Container and script for a page with comments; see {@link coralStreamEmbed}. A person who gets no token
   * (suspended, address not verified) is a guest there.
   *
   * @throws ForumSsoError `ERR_CORAL_NOT_SET_UP` before `createForumSso`, `ERR_OPTIONS_INVALID` for a story or
   * address that cannot be used
   */
  embed(page: CoralPage): Promise<string>;
}

interface Running {
  readonly settings: CoralSettings;
  readonly setup: ConnectorSetup;
}

/**
 * Signs people of the site in to Coral, the comments below its pages. Four routes:
 *
 * - `POST {baseUrl}/{name}/token`: a fresh token for the person whose session it is; 401 for guests.
 * - `POST {baseUrl}/{name}/sign-out`: ends the session, when somebody signs out in the comments.
 * - `GET {baseUrl}/{name}/sign-in`: to the site's sign-in page and back to the comments.
 * - `POST {baseUrl}/{name}/webhook`: Coral's events, with the option `webhook`.
 *
 * With the option `api`, `push`, `suspend`, `remove` and `check` work on Coral's accounts.
 */
export function coral(options: CoralOptions): CoralConnector {
  const name = options?.name ?? 'coral';
  let running: Running | undefined;
  return {
    kind: 'coral',
    name,
    setUp(setup) {
      const settings = readCoralOptions(options, setup);
      if (settings === null) return null;
      running = { settings, setup };
      return activate(settings, setup, name);
    },
    async embed({ user, ...page }) {
      if (running === undefined) {
        throw new ForumSsoError(
          'ERR_CORAL_NOT_SET_UP',
          'Give the connector to createForumSso before using it.',
        );
      }
      const { settings, setup } = running;
      return coralStreamEmbed({
        ...page,
        coralUrl: settings.origin,
        firstToken:
          user === undefined
            ? { by: 'login' }
            : { by: 'accessToken', token: await tokenOrNull(running, user) },
        tokenUrl: setup.routeUrl('/token'),
        signInUrl: setup.routeUrl('/sign-in'),
        returnParameter: setup.returnParameter,
        signOutUrl: setup.routeUrl('/sign-out'),
      });
    },
  };
}

function activate(settings: CoralSettings, setup: ConnectorSetup, name: string): ActiveConnector {
  const routes = [
    ...tokenRoutes(settings, setup),
    signInRoute(settings, setup),
    ...(settings.webhook === undefined ? [] : [webhookRoute(settings.webhook, setup, name)]),
  ];
  const signOut = `Coral cannot end a person's sessions: a token that was handed out works until it expires, ${settings.expiresIn} seconds at most.`;
  const always = { routes, logsInOnPages: true, signOut };
  const { api } = settings;
  if (api === undefined) {
    const needsApi = 'The Coral connector has no access token: give it the option api.';
    return {
      ...always,
      push: `Coral takes details over with the person's next token. ${needsApi}`,
      suspend: needsApi,
      remove: needsApi,
      restore: needsApi,
    };
  }
  const deliveries = new CoralDeliveries(settings, setup, api);
  return {
    ...always,
    push: (user) => deliveries.push(user),
    suspend: (siteUserId, options) => deliveries.suspend(siteUserId, options),
    remove: (siteUserId) => deliveries.remove(siteUserId),
    restore: (siteUserId) => deliveries.restore(siteUserId),
    check: () => deliveries.check(),
  };
}

/** A token for a page; null for guests and for people who get none. */
async function tokenOrNull({ settings, setup }: Running, user: SiteUser | null): Promise<string | null> {
  if (user === null) return null;
  const token = await settings.sign(user, { now: setup.now() });
  if (isRefusal(token)) return null;
  setup.emit({ type: 'login.answered', user: setup.pseudonym(user.id) });
  return token;
}
