import { ForumSsoError } from '../errors.js';
import { escapeHtml } from '../http/page.js';
import { parseUrl } from '../http/parse-url.js';
import type { ReplyHeader } from '../http/reply.js';
import { readCoralOrigin } from './api/coral-api.js';
import { streamScript } from './stream-script.js';

/** Settings of a stream that Coral knows; all but the story are optional. */
export interface CoralStream {
  /** The story's id at the site. */
  readonly storyId?: string;
  /** The canonical address of the page. One of the two is needed. */
  readonly storyUrl?: string;
  readonly storyMode?: 'COMMENTS' | 'QA' | 'RATINGS_AND_REVIEWS';
  /** A comment to open with. */
  readonly commentId?: string;
  /** The id of the element that takes the comments in. Default `coral_thread`. */
  readonly containerId?: string;
  readonly containerClassName?: string;
  readonly customCssUrl?: string;
  readonly customFontsCssUrl?: string;
  readonly disableDefaultFonts?: boolean;
}

export interface CoralStreamEmbedOptions extends CoralStream {
  /** `https://comments.example.com` */
  readonly coralUrl: string;
  /**
   * How the page comes by its first token. `login` (default): its script fetches one and calls `login()`; the
   * page holds nothing of a person and may be cached. `accessToken`: the token is in the page, null for a
   * guest; send {@link coralPageHeaders} with it.
   */
  readonly firstToken?:
    | { readonly by: 'login' }
    | { readonly by: 'accessToken'; readonly token: string | null };
  /** Where fresh tokens are: answers a POST with `{ "accessToken": "…" }`, or 401. */
  readonly tokenUrl: string;
  /** Where "Sign in" leads; the page's address is added as a query parameter. */
  readonly signInUrl: string;
  /** The name of that parameter. Default `returnTo`. */
  readonly returnParameter?: string;
  /** Called by POST when the person signed out in the comments. */
  readonly signOutUrl: string;
  /** The nonce of the page's content security policy. */
  readonly nonce?: string | undefined;
}

/** Headers for a page that holds a token of one person: no cache may keep it. */
export const coralPageHeaders: readonly ReplyHeader[] = [['Cache-Control', 'private, no-store']];

/** Milliseconds after which a token that did not come counts as none. */
const tokenWait = 10_000;

/**
 * The container and script for a page with comments: put both into the page as they are, everything in them is
 * escaped. With a content security policy, allow `script-src` with the nonce, and Coral's origin in
 * `script-src`, `connect-src`, `style-src`, `font-src` and `img-src`; the token's origin belongs in
 * `connect-src`.
 *
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` for an address or id that cannot be used
 */
export function coralStreamEmbed(options: CoralStreamEmbedOptions): string {
  const { containerId = 'coral_thread', firstToken = { by: 'login' }, nonce, storyId, storyUrl } = options;
  const origin = readCoralOrigin(options.coralUrl);
  if (typeof origin !== 'string') throw unusable(origin.detail);
  if (!/^[A-Za-z][\w-]*$/.test(containerId))
    throw unusable('containerId must be letters, digits, "_" and "-".');
  if (storyId === undefined && storyUrl === undefined) throw unusable('storyId or storyUrl must be given.');
  for (const name of [
    'storyUrl',
    'tokenUrl',
    'signInUrl',
    'signOutUrl',
    'customCssUrl',
    'customFontsCssUrl',
  ] as const) {
    const value = options[name];
    if (value !== undefined && !isHttpUrl(value)) throw unusable(`${name} must be an absolute http(s) URL.`);
  }
  const script = streamScript({
    stream: {
      id: containerId,
      rootURL: origin,
      storyID: storyId,
      storyURL: storyUrl,
      storyMode: options.storyMode,
      commentID: options.commentId,
      containerClassName: options.containerClassName,
      customCSSURL: options.customCssUrl,
      customFontsCSSURL: options.customFontsCssUrl,
      disableDefaultFonts: options.disableDefaultFonts,
    },
    mode: firstToken.by,
    accessToken: firstToken.by === 'accessToken' ? (firstToken.token ?? undefined) : undefined,
    tokenUrl: options.tokenUrl,
    signInUrl: options.signInUrl,
    returnParameter: options.returnParameter ?? 'returnTo',
    signOutUrl: options.signOutUrl,
    wait: tokenWait,
  });
  const attribute = nonce === undefined ? '' : ` nonce="${escapeHtml(nonce)}"`;
  return `<div id="${escapeHtml(containerId)}"></div>\n<script${attribute}>${script}</script>`;
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(parseUrl(text)?.protocol ?? '');
}

function unusable(problem: string): ForumSsoError {
  return new ForumSsoError('ERR_OPTIONS_INVALID', `The page with comments cannot be made: ${problem}`);
}
