import { ForumSsoError } from '../errors.js';
import { inlineJson } from '../http/inline-json.js';
import { escapeHtml } from '../http/page.js';
import { parseUrl } from '../http/parse-url.js';
import type { ReplyHeader } from '../http/reply.js';
import { renewalScript } from './renewal-script.js';

/** What a page hands to Fruum for a person: the value of `fruumSettings.user`. */
export interface FruumUserPayload {
  readonly id: string;
  readonly hash: string;
}

/** Fruum's own settings for the page; all optional, passed on as they are. */
export interface FruumPageSettings {
  /** CSS selector of the element that takes the forum in; without it, Fruum is a drawer. */
  readonly container?: string;
  readonly fullpage?: boolean;
  readonly history?: boolean;
  readonly restore?: boolean;
  /** Section to open first. */
  readonly view_id?: string;
  /** Dotted name of a global function, called after each sign-in at the forum. */
  readonly ready?: string;
}

export interface FruumPageOptions {
  /** Fruum's address, e.g. `https://fruum.example.com`; its loader comes from `<fruumUrl>/go/<forumId>`. */
  readonly fruumUrl: string;
  readonly forumId: string;
  /** Null for a guest: then nothing is handed over, and Fruum asks nobody. */
  readonly user: FruumUserPayload | null;
  /** Where the page gets a fresh hash, and after how many seconds. */
  readonly renewal?: { readonly url: string; readonly after: number } | undefined;
  readonly settings?: FruumPageSettings | undefined;
  /** The nonce of the page's content security policy. */
  readonly nonce?: string | undefined;
}

/**
 * Headers for a page that holds {@link fruumPageHtml}: it carries a live credential of one person, so no cache may
 * keep it.
 */
export const fruumPageHeaders: readonly ReplyHeader[] = [['Cache-Control', 'private, no-store']];

/**
 * The script elements for a page with the forum in it: settings, renewal, and Fruum's loader, in this order. Put them
 * into the page as they are; everything in them is escaped.
 *
 * @throws ForumSsoError `ERR_FRUUM_VALUE_UNUSABLE` for a Fruum address that is no http(s) URL
 */
export function fruumPageHtml({
  fruumUrl,
  forumId,
  user,
  renewal,
  settings = {},
  nonce,
}: FruumPageOptions): string {
  if (!/^https?:\/\/[^\s"'<>]+$/.test(fruumUrl) || parseUrl(fruumUrl) === null) {
    throw new ForumSsoError('ERR_FRUUM_VALUE_UNUSABLE', 'fruumUrl must be the http(s) address of Fruum.');
  }
  const loader = `${fruumUrl.replace(/\/+$/, '')}/go/${encodeURIComponent(forumId)}`;
  const handedOver = { ...settings, ...(user === null ? {} : { user: { id: user.id, hash: user.hash } }) };
  const script = [
    `window.fruumSettings=Object.assign(window.fruumSettings||{},${inlineJson(handedOver)});`,
    ...(renewal === undefined ? [] : [renewalScript({ ...renewal, signedIn: user !== null })]),
  ].join('\n');
  const attribute = nonce === undefined ? '' : ` nonce="${escapeHtml(nonce)}"`;
  return [
    `<script${attribute}>${script}</script>`,
    `<script${attribute} src="${escapeHtml(loader)}"></script>`,
  ].join('\n');
}

/**
 * A statement for the page's own script that ends the person's presence in an open forum without a reload. Fruum has
 * no call for that: an empty user makes it connect anew, and the auth endpoint answers that nobody is there.
 */
export const fruumSignOutStatement = '(window.FruumData=window.FruumData||[]).push({user:{}});';
