import { createHmac, randomBytes } from 'node:crypto';
import { CookieJar } from 'tough-cookie';

import type { DiscourseLoginOptions, SiteUserChange, SiteUserQuery } from '../../../src/discourse/index.js';
import { discourseLogin } from '../../../src/discourse/index.js';
import type { ForumSsoEvent } from '../../../src/events/event.js';
import { createForumSso, type Visit } from '../../../src/forum-sso.js';
import type { SsoReply } from '../../../src/http/reply.js';
import type { SsoRequest } from '../../../src/http/request.js';
import type { ForumSsoOptions } from '../../../src/options/forum-sso-options.js';
import type { SiteUser } from '../../../src/site-user.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { ForumSsoStore } from '../../../src/store/store.js';

export const origin = 'https://site.example.com';
export const forumUrl = 'https://forum.example.com';
export const secret = randomBytes(16).toString('hex');

/** The answer of a forum, signed with nothing of ours. */
export function signed(fields: Record<string, string>, key = secret): string {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  return `sso=${encodeURIComponent(sso)}&sig=${createHmac('sha256', key).update(sso).digest('hex')}`;
}

/** The fields of the request that a redirect carries. */
export function requestOf(location: string): Record<string, string> {
  const sso = new URL(location).searchParams.get('sso') ?? '';
  return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
}

export const sam = {
  external_id: '42',
  username: 'sam',
  name: 'Sam Saffron',
  email: 'sam@example.com',
  admin: 'false',
  moderator: 'false',
  groups: 'trust_level_0,eurorack',
};

/** A site with accounts of its own, in a map. */
export class Accounts {
  readonly users = new Map<string, SiteUser>();
  readonly changes: SiteUserChange[] = [];
  created = 0;

  constructor(...users: SiteUser[]) {
    for (const user of users) this.users.set(user.id, user);
  }

  readonly callbacks = {
    findSiteUser: async (query: SiteUserQuery) => {
      if ('id' in query) return this.users.get(query.id) ?? null;
      for (const user of this.users.values()) {
        if ('email' in query && user.email.toLowerCase() === query.email.toLowerCase()) return user;
        if ('username' in query && user.username === query.username) return user;
      }
      return null;
    },
    createSiteUser: async ({ username, name, email }: { username: string; name: string; email: string }) => {
      const user: SiteUser = {
        id: `new-${++this.created}`,
        email: email === '' ? `${username}@users.example` : email,
        emailVerified: false,
        username,
        ...(name === '' ? {} : { name }),
        groups: [],
      };
      this.users.set(user.id, user);
      return user;
    },
    updateSiteUser: async (user: SiteUser, change: SiteUserChange) => {
      this.changes.push(change);
      const groups = [...(user.groups ?? []), ...change.groups.join].filter(
        (name) => !change.groups.leave.includes(name),
      );
      const updated = { ...user, groups };
      this.users.set(user.id, updated);
      return updated;
    },
  };
}

interface RequestDetails {
  readonly method?: string;
  readonly headers?: Record<string, string | undefined>;
  readonly form?: Record<string, string>;
}

/** One browser: keeps cookies and follows nothing by itself. */
export class Browser {
  readonly #jar = new CookieJar();
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  cookies(): readonly string[] {
    return this.#jar.getCookiesSync(origin).map(({ key }) => key);
  }
  /** The `Cookie` header as it would be sent. */
  cookieHeader(): string {
    return this.#jar.getCookieStringSync(origin);
  }
  setCookie(text: string): void {
    this.#jar.setCookieSync(text, origin);
  }

  #request(url: string, { method = 'GET', headers = {}, form }: RequestDetails = {}): SsoRequest {
    const body = new TextEncoder().encode(new URLSearchParams(form ?? {}).toString());
    return {
      method,
      url,
      headers: {
        accept: 'text/html',
        ...(method === 'GET'
          ? { 'sec-fetch-dest': 'document' }
          : { origin, 'sec-fetch-site': 'same-origin' }),
        cookie: this.#jar.getCookieStringSync(origin),
        ...headers,
      },
      ip: '192.0.2.1',
      body: async () => body,
    };
  }

  #keep(headers: SsoReply['headers']): void {
    for (const [name, value] of headers) if (name === 'Set-Cookie') this.#jar.setCookieSync(value, origin);
  }

  async open(url: string, more: RequestDetails = {}): Promise<SsoReply> {
    const reply = await this.#site.sso.handle(this.#request(url, more));
    if (reply === null) throw new Error(`${url} is not an address of ours`);
    this.#keep(reply.headers);
    return reply;
  }

  post(
    url: string,
    form: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<SsoReply> {
    return this.open(url, { method: 'POST', form, headers });
  }

  async visit(url: string, more: RequestDetails = {}): Promise<Visit> {
    const visit = await this.#site.sso.visit(this.#request(url, more));
    this.#keep(visit.headers);
    if (visit.reply !== null) this.#keep(visit.reply.headers);
    return visit;
  }

  async user(): Promise<SiteUser | null> {
    return (await this.visit('/page', { headers: { 'sec-fetch-dest': 'empty' } })).user;
  }

  async signInAs(user: SiteUser): Promise<void> {
    const visit = await this.visit('/login', { headers: { 'sec-fetch-dest': 'empty' } });
    this.#keep(await visit.signIn(user));
  }

  /** Leaves for the forum; gives the request that the forum gets. */
  async start(returnTo = '/account'): Promise<Record<string, string>> {
    return requestOf(
      locationOf(await this.open(`/sso/discourse-login/start?returnTo=${encodeURIComponent(returnTo)}`)),
    );
  }

  /** Comes back with what the forum says, over the request. */
  arrive(
    request: Record<string, string>,
    answer: Record<string, string> = sam,
    key = secret,
  ): Promise<SsoReply> {
    return this.open(`/sso/discourse-login/callback?${signed({ ...request, ...answer }, key)}`);
  }

  async signInWithForum(answer: Record<string, string> = sam): Promise<SsoReply> {
    return this.arrive(await this.start(), answer);
  }
}

export function locationOf(reply: SsoReply): string {
  const location = reply.headers.find(([name]) => name === 'Location')?.[1];
  if (location === undefined) throw new Error(`no redirect: ${reply.status} ${String(reply.body)}`);
  return location;
}

export type Site = ReturnType<typeof site>;

export function site(
  options: Partial<DiscourseLoginOptions> = {},
  more: Partial<ForumSsoOptions> = {},
  clock: { now: Date } = { now: new Date() },
) {
  const events: ForumSsoEvent[] = [];
  const now = () => clock.now;
  const store = memoryStore({ now });
  const sso = createForumSso({
    baseUrl: `${origin}/sso`,
    keys: randomBytes(32).toString('base64'),
    connectors: [discourseLogin({ forumUrl, secret, ...options })],
    store,
    now,
    events: (event) => {
      if (event.type !== 'setup.warning') events.push(event);
    },
    ...more,
  });
  return { sso, events, store, clock };
}

/** The code of the last refusal, or what else happened last. */
export function lastCode({ events }: Pick<Site, 'events'>): string | undefined {
  const event = events.at(-1);
  return event?.type === 'request.refused' ? event.code : event?.type;
}

/** A store whose one-time values and revocations can be switched off, as when the server behind it is gone. */
export function fragileStore(now: () => Date = () => new Date()) {
  const sound = memoryStore({ now });
  const state = { broken: false };
  const guarded = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          if (state.broken) throw new Error('connection refused');
          return Reflect.apply(member, target, args);
        };
      },
    });
  const store: ForumSsoStore = {
    ...sound,
    shared: true,
    oneTime: guarded(sound.oneTime),
    revocations: guarded(sound.revocations),
  };
  return { store, state };
}
