import { type Refusal, refusal } from '../errors.js';
import { parseUrl } from './parse-url.js';

/**
 * Where we are mounted. Comes from configuration alone: the `Host` header and its forwarded kin are the sender's
 * words and never make a URL, a cookie or a route.
 */
export interface SiteAddress {
  /** `https://site.example.com` */
  readonly origin: string;
  /** Path of the mount point, without a slash at the end: `/sso`, or the empty string. */
  readonly basePath: string;
  /** True on https: cookies are then `Secure` and `__Host-`. */
  readonly secure: boolean;
  /** Port as text, `443` and `80` included: part of cookie names on http. */
  readonly port: string;
}

/** Reads `baseUrl`. Plain http is for this machine only. */
export function readSiteAddress(baseUrl: string): SiteAddress | Refusal {
  const url = readPeerUrl(baseUrl, 'baseUrl');
  if ('refused' in url) return url;
  const basePath = url.pathname.replace(/\/+$/, '');
  // Every path of ours begins with it, and "//sso/…" is an address of the host "sso" for a browser.
  if (basePath.startsWith('//')) {
    return refusal('ERR_OPTIONS_INVALID', 'baseUrl must have one slash where its path begins.');
  }
  const secure = url.protocol === 'https:';
  return {
    origin: url.origin,
    basePath,
    secure,
    port: url.port !== '' ? url.port : secure ? '443' : '80',
  };
}

/**
 * Reads a configured address, ours or another system's: absolute, http(s), without user name, password, query and
 * fragment; https unless it is on this machine.
 */
export function readPeerUrl(text: string, option: string): URL | Refusal {
  const url = parseUrl(text);
  if (url === null) {
    return refusal(
      'ERR_OPTIONS_INVALID',
      `${option} must be an absolute URL, such as https://forum.example.com.`,
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refusal('ERR_OPTIONS_INVALID', `${option} must begin with https://.`);
  }
  if (url.username !== '' || url.password !== '') {
    return refusal('ERR_OPTIONS_INVALID', `${option} must not hold a user name or password.`);
  }
  if (text.includes('?') || text.includes('#')) {
    return refusal('ERR_OPTIONS_INVALID', `${option} must not have a query or a fragment.`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return refusal('ERR_OPTIONS_INVALID', `${option} must use https: http is accepted on this machine only.`);
  }
  return url;
}

/** True for host names that cannot leave this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}
