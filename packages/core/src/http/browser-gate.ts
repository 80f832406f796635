import { type Refusal, refusal } from '../errors.js';
import { readHeader, type SsoRequest } from './request.js';

/**
 * Gate for a GET that has an effect (it logs somebody in): only a page that the person opens may pass, not a frame,
 * an image or a script of another site, and nothing a browser loads in advance. Clients that send no fetch metadata
 * (old browsers, command lines) pass: everything behind the gate is protected by itself, too.
 */
export function gateNavigation({ headers }: SsoRequest): Refusal | null {
  const purpose = readHeader(headers, 'sec-purpose') ?? readHeader(headers, 'purpose');
  if (purpose !== undefined && /prefetch|prerender|preview/i.test(purpose)) {
    return refusal(
      'ERR_PREFETCH',
      'The browser asked in advance; a login is only answered when it is wanted.',
    );
  }
  const destination = readHeader(headers, 'sec-fetch-dest');
  if (destination !== undefined && destination !== 'document') {
    return refusal(
      'ERR_NOT_A_NAVIGATION',
      'The request came from a frame, an image or a script, not from a page.',
    );
  }
  return null;
}

/**
 * Gate for a POST from a browser: it must come from a page of this site. `Origin: null` is foreign. Requests with
 * neither header come from no browser and cannot carry a person's cookies.
 */
export function gateFormPost({ headers }: SsoRequest, ownOrigin: string): Refusal | null {
  const site = readHeader(headers, 'sec-fetch-site');
  const origin = readHeader(headers, 'origin');
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (origin !== undefined && origin !== ownOrigin)) {
    return refusal(
      'ERR_ORIGIN_FOREIGN',
      `The form was sent from another origin than ${ownOrigin}. If this is your own page, check baseUrl.`,
    );
  }
  return null;
}
