import { parseUri } from '../protocol/ruby-uri.js';
import { listSetting } from './settings.js';

export interface ReturnPathRules {
  /** The forum's own address, without a slash at the end. */
  readonly origin: string;
  /** The setting `discourse_connect_allowed_redirect_domains`. */
  readonly allowedDomains: string;
}

/**
 * Where the browser goes after a login: a path of the forum, a URL of the forum's host or of an allowed one, else the
 * home page. Never back into a login.
 * @returns an absolute URL, or one without a scheme when it was sent so
 */
export function resolveReturnPath(returnPath: string, { origin, allowedDomains }: ReturnPathRules): string {
  const accepted = isOwnPath(returnPath) || isAllowedUrl(returnPath, origin, listSetting(allowedDomains));
  if (!accepted || returnPath.includes('/session/sso')) return `${origin}/`;
  return isOwnPath(returnPath) ? origin + returnPath : returnPath;
}

function isOwnPath(path: string): boolean {
  return /^\/[^/]/.test(path) || path === '/';
}

function isAllowedUrl(text: string, origin: string, domains: readonly string[]): boolean {
  const host = parseUri(text)?.host ?? null;
  if (host === null) return false;
  return host === new URL(origin).hostname || domains.includes('*') || domains.includes(host);
}
