import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { SiteUser } from '@forum-sso/core';
import type { SiteCallbacks } from '@forum-sso/core/node';

/** What a session of the site's own sees of a request and can put on its answer, in any framework. */
export interface SiteContact {
  /** The `Cookie` header. */
  readonly cookies: string | undefined;
  /** Adds a `Set-Cookie` to the answer. */
  setCookie(line: string): void;
}

/** A session of the site's own, for tests; each of the three may be left out. */
export interface OwnSession {
  readonly currentUser?: (contact: SiteContact) => SiteUser | null | Promise<SiteUser | null>;
  readonly signIn?: (contact: SiteContact, user: SiteUser) => void | Promise<void>;
  readonly signOut?: (contact: SiteContact) => void | Promise<void>;
}

/** The contact of a request on Node's own objects. */
export function nodeContact(message: IncomingMessage, response: ServerResponse): SiteContact {
  return {
    cookies: message.headers.cookie,
    setCookie: (line) => {
      response.appendHeader('Set-Cookie', line);
    },
  };
}

/** The callbacks that a harness gives its adapter; `{}` (the built-in session) when there is no session of its own. */
export function callbacksOf<Context>(
  session: OwnSession | undefined,
  contactOf: (context: Context) => SiteContact,
): SiteCallbacks<Context> {
  const { currentUser, signIn, signOut } = session ?? {};
  return {
    ...(currentUser && { currentUser: (context: Context) => currentUser(contactOf(context)) }),
    ...(signIn && { signIn: (context: Context, user: SiteUser) => signIn(contactOf(context), user) }),
    ...(signOut && { signOut: (context: Context) => signOut(contactOf(context)) }),
  };
}

/** A plain session in memory, as a site may have it: cookie `site-session` with a random id. */
export function plainSession(): Required<OwnSession> {
  const sessions = new Map<string, SiteUser>();
  const idOf = ({ cookies }: SiteContact): string =>
    /(?:^|; )site-session=(\w+)/.exec(cookies ?? '')?.[1] ?? '';
  return {
    currentUser: (contact) => sessions.get(idOf(contact)) ?? null,
    signIn(contact, user) {
      sessions.delete(idOf(contact));
      const id = randomBytes(16).toString('hex');
      sessions.set(id, user);
      contact.setCookie(`site-session=${id}; Path=/; HttpOnly; SameSite=Lax`);
    },
    signOut(contact) {
      sessions.delete(idOf(contact));
      contact.setCookie('site-session=; Path=/; Max-Age=0');
    },
  };
}
