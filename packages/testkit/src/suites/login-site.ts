import assert from 'node:assert/strict';

import { type ErrorCode, errorTable, type SiteUser } from '@forum-sso/core';
import {
  type DiscourseLoginOptions,
  discourseLogin,
  type SiteAccounts,
  type SiteUserChange,
} from '@forum-sso/core/discourse';

import type { CaseContext, CaseOptions, CaseSite } from '../case.js';
import { isOurAnswer, isRedirect, wasRefused } from '../expect.js';
import type { SiteSetUp } from '../harness.js';
import type { BrowserClient } from '../http/browser-client.js';
import type { WireReply } from '../http/reply.js';
import { type Fields, forumAnswer, forumPeople, loginForum, questionIn } from '../site/login-forum.js';
import { pagesPath } from '../site/pages.js';
import { findPerson, people } from '../site/people.js';

/** Path of one of the connector's routes. */
export const loginPath = (route: string): string => `/sso/discourse-login/${route}`;

/** A page of the site that anybody may see. */
export const openPage = `${pagesPath}/page`;

/** The site's accounts, and what was to be changed in them. */
export interface Accounts extends Required<SiteAccounts> {
  readonly changes: readonly SiteUserChange[];
}

/** Accounts of the people of the site, who are taken for those at the forum with the same user name. */
export function siteAccounts(): Accounts {
  const changes: SiteUserChange[] = [];
  return {
    changes,
    findSiteUser: async (query) => ('id' in query ? findPerson(query.id) : null),
    createSiteUser: async ({ username }) =>
      Object.values<SiteUser>(people).find((person) => person.username === username) ?? null,
    async updateSiteUser(user, change) {
      changes.push(change);
      return user;
    },
  };
}

/** Starts a site at which people sign in with their forum account. */
export function startLogin(
  context: CaseContext,
  login: Partial<DiscourseLoginOptions> = {},
  setUp: SiteSetUp = {},
  options: CaseOptions = {},
): Promise<CaseSite> {
  const { findSiteUser, createSiteUser, updateSiteUser } = siteAccounts();
  const connector = discourseLogin({
    forumUrl: loginForum.url,
    secret: loginForum.secret,
    findSiteUser,
    createSiteUser,
    updateSiteUser,
    ...login,
  });
  return context.start({ connectors: [connector], ...options }, setUp);
}

/**
 * Clicks "Sign in with the forum".
 * @returns what the forum is asked
 */
export async function leave(
  site: CaseSite,
  browser: BrowserClient,
  returnTo: string = openPage,
): Promise<Fields> {
  const start = site.url(`${loginPath('start')}?returnTo=${encodeURIComponent(returnTo)}`);
  const away = await browser.open(start, { from: site.url(openPage) });
  isRedirect(away);
  return questionIn(away.header('location') ?? '');
}

/** Comes back from the forum with its answer. */
export function comeBack(
  site: CaseSite,
  browser: BrowserClient,
  question: Fields,
  person: Fields,
): Promise<WireReply> {
  return browser.open(site.url(`${loginPath('callback')}?${forumAnswer(question, person)}`), {
    from: `${loginForum.url}/login`,
  });
}

/** Signs in with a forum account and follows the way back to the page. */
export async function signInWithForum(
  site: CaseSite,
  browser: BrowserClient,
  name: keyof typeof forumPeople,
  returnTo: string = openPage,
): Promise<WireReply> {
  const back = await comeBack(site, browser, await leave(site, browser, returnTo), forumPeople[name]);
  isRedirect(back, returnTo);
  return browser.follow(back);
}

/** A page that says no, with the event that tells the operator; unlike other refusals it may clear cookies. */
export function isRefusedLogin(site: CaseSite, reply: WireReply, code: ErrorCode): void {
  isOurAnswer(reply, errorTable[code].status);
  assert.equal(reply.header('content-type'), 'text/html; charset=utf-8');
  assert.match(reply.header('content-security-policy') ?? '', /^default-src 'none';.*frame-ancestors 'none'/);
  assert.equal(reply.header('location'), undefined);
  assert.ok(reply.text.includes(code), `the page does not name ${code}`);
  assert.ok(reply.text.includes('Back to the site'), 'the page has no way back');
  for (const cookie of reply.all('set-cookie')) {
    assert.match(cookie, /^[^=]+=; Path=\/; Max-Age=0;/, 'a refusal sets a cookie');
  }
  wasRefused(site, code);
}

/** The value of a hidden field of a page's form. */
export function hiddenField(page: WireReply, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1];
  if (value === undefined) throw new Error(`The page of ${page.url} has no field "${name}".`);
  return value;
}
