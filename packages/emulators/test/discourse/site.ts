import {
  type DiscourseEmulator,
  type DiscourseEmulatorOptions,
  startDiscourseEmulator,
} from '../../src/discourse/index.js';
import { parseMessage, writePayload, writeQuery } from '../../src/discourse/protocol/connect-message.js';
import { Browser, type Page } from './browser.js';

export const secret = 'd836444a9e4084d5b224a60c208dce14';
export const connectUrl = 'https://site.example.com/sso';

type Fields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

const running: DiscourseEmulator[] = [];

/** Starts a forum whose logins come from the site; {@link closeForums} ends it. */
export function startForum(options: DiscourseEmulatorOptions = {}): Promise<DiscourseEmulator> {
  return startPlainForum({ connectUrl, connectSecret: secret, ...options });
}

/** The same for a forum with logins of its own. */
export async function startPlainForum(options: DiscourseEmulatorOptions = {}): Promise<DiscourseEmulator> {
  const forum = await startDiscourseEmulator(options);
  running.push(forum);
  return forum;
}

export async function closeForums(): Promise<void> {
  await Promise.all(running.splice(0).map((forum) => forum.close()));
}

/** Begins a login: the nonce that the site receives. */
export async function begin(forum: DiscourseEmulator, browser: Browser, query = ''): Promise<string> {
  const { location } = await browser.get(`${forum.origin}/session/sso${query}`);
  const { nonce } = parseMessage(new URL(location).search.slice(1), secret).fields;
  if (typeof nonce !== 'string') throw new Error('The login request has no nonce.');
  return nonce;
}

/** The address that the site sends the browser back to. */
export function answerUrl(
  forum: DiscourseEmulator,
  fields: Fields,
  custom: Readonly<Record<string, string>> = {},
  key = secret,
): string {
  return `${forum.origin}/session/sso_login?${writeQuery(writePayload(fields, Object.entries(custom)), key)}`;
}

/** A whole login: what `/session/sso_login` answers. */
export async function logIn(
  forum: DiscourseEmulator,
  fields: Fields,
  { browser = new Browser(), custom = {}, query = '' } = {},
): Promise<Page> {
  const nonce = await begin(forum, browser, query);
  return browser.get(answerUrl(forum, { nonce, ...fields }, custom));
}

/** The name that the home page greets, or null for an anonymous visitor. */
export async function whoIs(forum: DiscourseEmulator, browser: Browser): Promise<string | null> {
  const { text } = await browser.get(`${forum.origin}/`);
  return /class="quiet">@([^<]+)</.exec(text)?.[1] ?? null;
}

/** The key of the text on an error page. */
export function errorKey({ text }: Page): string | null {
  return /data-key="([^"]+)"/.exec(text)?.[1] ?? null;
}
