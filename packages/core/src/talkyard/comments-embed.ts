import { errorFrom, isRefusal, type Refusal, refusal } from '../errors.js';
import { inlineJson } from '../http/inline-json.js';
import { escapeHtml } from '../http/page.js';
import type { ReplyHeader } from '../http/reply.js';
import type { SiteUser } from '../site-user.js';
import { readServerOrigin } from './api.js';
import { readAuthnKey } from './authn-key.js';
import { sealWithKey } from './authn-token.js';
import { readUserOptions } from './user.js';

/** Longest life of a token in a page, in seconds. */
const longestLife = 300;

export interface CommentsEmbedOptions {
  /** `https://forum.example.com`; http on this machine only. */
  readonly serverUrl: string;
  /** Talkyard's PASETO v2.local secret: `hex:` and 64 hex digits. */
  readonly pasetoSecret: string;
  /** How long a token in a page works, in seconds: 10 to 300, default 120. The session it starts lasts longer. */
  readonly tokenSeconds?: number;
  /**
   * How the token reaches Talkyard's script. `variable` (default): in the page. `cookie`: in a cookie that every script of
   * the page's host can read, for pages that are put together where no user is known.
   */
  readonly deliverBy?: 'variable' | 'cookie';
  /**
   * What a click on "Log in" does: `RedirPage` (default) takes the whole page to the site's login and back, `PopupWin` opens
   * a window.
   */
  readonly ssoHow?: 'RedirPage' | 'PopupWin';
  /** Extra id of a person, for cross-references: kept by Talkyard when it creates the user. */
  readonly extId?: (user: SiteUser) => string | undefined;
  readonly now?: () => Date;
  readonly randomBytes?: (size: number) => Uint8Array;
}

export interface EmbedPlace {
  /** Talkyard's id of the discussion; without it Talkyard goes by the page's address. */
  readonly discussionId?: string;
  /** The nonce of the page's Content-Security-Policy, for both script elements. */
  readonly scriptNonce?: string;
}

/** What goes into a page that shows comments. */
export interface CommentsEmbed {
  /** To be put where the comments belong, as it is. */
  readonly html: string;
  /** To be added to the page's answer: a page with a token in it must get into no cache. */
  readonly headers: readonly ReplyHeader[];
  /** Why a signed-in person got no token (`ERR_EMAIL_NOT_VERIFIED`, …); they see the comments as a guest. */
  readonly withoutToken?: Refusal;
}

/** Makes the comments of one page for one visitor; null is a guest. */
export type CommentsEmbedder = (user: SiteUser | null, place?: EmbedPlace) => CommentsEmbed;

/**
 * Prepares the embedding of Talkyard's comments in the site's pages, the visitor logged in by a token.
 *
 * Talkyard: its script reads the global variable `talkyardAuthnToken`, or a cookie, once, when it starts. A page without a
 * token is a page without login: the session of a token is not remembered. If variable and cookie differ, both are
 * ignored, so only one is ever set. The cookie must be readable by scripts and is taken as it stands, not percent-encoded.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID`, `ERR_TALKYARD_KEY_UNUSABLE`
 */
export function createCommentsEmbedder(options: CommentsEmbedOptions): CommentsEmbedder {
  const embedder = prepareCommentsEmbedder(options);
  if (isRefusal(embedder)) throw errorFrom(embedder);
  return embedder;
}

/** {@link createCommentsEmbedder} with a refusal as a value. */
export function prepareCommentsEmbedder({
  serverUrl,
  pasetoSecret,
  tokenSeconds = 120,
  deliverBy = 'variable',
  ssoHow = 'RedirPage',
  extId,
  now = () => new Date(),
  randomBytes,
}: CommentsEmbedOptions): CommentsEmbedder | Refusal {
  const origin = readServerOrigin(serverUrl);
  if (isRefusal(origin)) return origin;
  const key = readAuthnKey(pasetoSecret);
  if (isRefusal(key)) return key;
  if (!Number.isInteger(tokenSeconds) || tokenSeconds < 10 || tokenSeconds > longestLife) {
    return refusal('ERR_OPTIONS_INVALID', `tokenSeconds must be a whole number from 10 to ${longestLife}.`);
  }

  const seal = (user: SiteUser): string | Refusal => {
    const issued = now();
    const wanted = readUserOptions(extId === undefined ? {} : { extId }, user);
    if (isRefusal(wanted)) return wanted;
    return sealWithKey(user, key, {
      now: issued,
      expiresAt: new Date(issued.getTime() + tokenSeconds * 1_000),
      ...(wanted.extId === undefined ? {} : { extId: wanted.extId }),
      ...(randomBytes === undefined ? {} : { randomBytes }),
    });
  };

  return (user, { discussionId, scriptNonce } = {}) => {
    const sealed = user === null ? undefined : seal(user);
    const token = typeof sealed === 'string' ? sealed : undefined;
    const variables = {
      talkyardServerUrl: origin,
      talkyardSsoHow: ssoHow,
      ...(token !== undefined && deliverBy === 'variable' ? { talkyardAuthnToken: token } : {}),
    };
    return {
      html: snippet(origin, variables, discussionId, scriptNonce),
      headers: [
        ['Cache-Control', 'private, no-store'],
        ...(deliverBy === 'cookie' ? cookieHeaders(token, tokenSeconds, origin.startsWith('https:')) : []),
      ],
      ...(isRefusal(sealed) ? { withoutToken: sealed } : {}),
    };
  };
}

/** Headers that take the token cookie back: for the site's sign-out, when tokens are delivered by cookie. */
export function clearCommentsCookie(): readonly ReplyHeader[] {
  return [
    ['Set-Cookie', `${secureCookie}=; Path=/; Max-Age=0; SameSite=Strict; Secure`],
    ['Set-Cookie', `${plainCookie}=; Path=/; Max-Age=0; SameSite=Strict`],
  ];
}

const secureCookie = '__Host-TalkyardAuthnToken';
const plainCookie = 'TalkyardAuthnToken';

// Talkyard's script removes the plain cookie after reading it, but not the other: hence the short life.
function cookieHeaders(token: string | undefined, seconds: number, secure: boolean): readonly ReplyHeader[] {
  if (token === undefined) return clearCommentsCookie();
  const name = secure ? secureCookie : plainCookie;
  return [
    [
      'Set-Cookie',
      `${name}=${token}; Path=/; Max-Age=${seconds}; SameSite=Strict${secure ? '; Secure' : ''}`,
    ],
  ];
}

function snippet(
  origin: string,
  variables: Readonly<Record<string, string>>,
  discussionId: string | undefined,
  scriptNonce: string | undefined,
): string {
  const nonce = scriptNonce === undefined ? '' : ` nonce="${escapeHtml(scriptNonce)}"`;
  const assignments = Object.entries(variables).map(
    ([name, value]) => `window.${name}=${inlineJson(value)};`,
  );
  const discussion = discussionId === undefined ? '' : ` data-discussion-id="${escapeHtml(discussionId)}"`;
  return [
    `<script${nonce}>${assignments.join('')}</script>`,
    `<script${nonce} async defer src="${escapeHtml(origin)}/-/talkyard-comments.min.js"></script>`,
    `<div class="talkyard-comments"${discussion}></div>`,
  ].join('\n');
}
