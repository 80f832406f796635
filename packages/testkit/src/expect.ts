import assert from 'node:assert/strict';

import { type ErrorCode, errorTable } from '@forum-sso/core';

import type { CaseSite } from './case.js';
import type { WireReply } from './http/reply.js';
import { siteMark } from './site/pages.js';

/** The statements of the suites about answers, in the suites' own words. Each throws when it does not hold. */

/** Equal as JSON: for values that come out of different realms. */
export function sameJson(actual: unknown, expected: unknown, message?: string): void {
  assert.equal(JSON.stringify(actual, null, 1), JSON.stringify(expected, null, 1), message);
}

/** An answer of Forum SSO, not of the site; never to be kept by a cache. */
export function isOurAnswer(reply: WireReply, status: number): void {
  assert.equal(
    reply.status,
    status,
    `${reply.url} was answered with ${reply.status}: ${reply.text.slice(0, 200)}`,
  );
  assert.equal(reply.header(siteMark), undefined, 'the site answered itself');
  assert.equal(reply.header('cache-control'), 'no-store');
  assert.equal(reply.header('x-content-type-options'), 'nosniff');
  for (const validator of ['etag', 'last-modified', 'expires', 'age']) {
    assert.equal(reply.header(validator), undefined, `${validator} helps a cache to keep the answer`);
  }
}

/** A redirect of ours, with an empty body. */
export function isRedirect(reply: WireReply, location?: string): void {
  isOurAnswer(reply, 302);
  assert.equal(reply.header('referrer-policy'), 'no-referrer');
  assert.equal(reply.body.byteLength, 0, 'a redirect has no body');
  if (location !== undefined) assert.equal(reply.header('location'), location);
}

/** A small page of ours. */
export function isPage(reply: WireReply, status: number): void {
  isOurAnswer(reply, status);
  assert.equal(reply.header('content-type'), 'text/html; charset=utf-8');
  assert.match(reply.header('content-security-policy') ?? '', /^default-src 'none';.*frame-ancestors 'none'/);
  assert.equal(reply.header('referrer-policy'), 'same-origin');
  assert.equal(reply.header('location'), undefined);
  assert.equal(reply.header('set-cookie'), undefined);
}

/** A refusal as a page, and the event that tells the operator. */
export function isRefusedPage(site: CaseSite, reply: WireReply, code: ErrorCode): void {
  isPage(reply, errorTable[code].status);
  assert.ok(reply.text.includes(code), `the page does not name ${code}`);
  assert.ok(reply.text.includes('Back to the site'), 'the page has no way back');
  wasRefused(site, code);
}

/** A refusal as JSON, and the event that tells the operator. */
export function isRefusedJson(site: CaseSite, reply: WireReply, code: ErrorCode): void {
  isOurAnswer(reply, errorTable[code].status);
  assert.equal(reply.header('content-type'), 'application/json; charset=utf-8');
  sameJson(reply.json(), { error: code, message: errorTable[code].publicMessage });
  wasRefused(site, code);
}

/** The last event is this refusal. */
export function wasRefused(site: CaseSite, code: ErrorCode): void {
  const last = site.events.at(-1);
  assert.equal(
    last?.type === 'request.refused' ? last.code : last?.type,
    code,
    'no event tells the operator',
  );
}

/** An answer of the site itself: the page, not Forum SSO. */
export function isSitePage(reply: WireReply, body: object): void {
  assert.equal(
    reply.header(siteMark),
    'page',
    `the site did not answer ${reply.url} (${reply.status}) itself`,
  );
  assert.equal(reply.status, 200);
  sameJson(reply.json(), body);
}

/** The site has no such page. */
export function isMissing(reply: WireReply): void {
  assert.equal(
    reply.header(siteMark),
    'missing',
    `${reply.url} was answered with ${reply.status} by somebody else`,
  );
  assert.equal(reply.status, 404);
}
