import { isForumSsoError } from '@forum-sso/core';
import type { PageForum } from '@forum-sso/core/node';

import type { HeaderLine } from '../http/reply.js';
import { personNamed } from './people.js';

/** Below this path a harness serves the pages, from a router of its own where the framework has such. */
export const pagesPath = '/site';

/** On every answer of the test site itself: tells it from answers of Forum SSO. */
export const siteMark = 'X-Test-Site';

/** What a page answers, to be sent as JSON. */
export interface PageAnswer {
  readonly status: number;
  /** To be appended to what stands on the answer already. */
  readonly headers: readonly HeaderLine[];
  readonly body: object;
}

/** A page of the test site, in no framework's terms. */
export interface TestPage {
  readonly method: 'GET' | 'POST';
  /** Below {@link pagesPath}. */
  readonly path: string;
  /** True: behind the adapter's `requireForumUser()`. */
  readonly membersOnly: boolean;
  /** @param search the query, with its "?" */
  answer(forum: PageForum, search: string): Promise<PageAnswer>;
}

/** The pages that every harness serves, all behind the adapter's page middleware. */
export const testPages: readonly TestPage[] = [
  { method: 'GET', path: '/page', membersOnly: false, answer: async (forum) => page({ user: idOf(forum) }) },
  {
    // With a cookie and a rule about caching of its own.
    method: 'GET',
    path: '/own-headers',
    membersOnly: false,
    answer: async (forum) =>
      page({ user: idOf(forum) }, [
        ['Set-Cookie', 'page=1; Path=/'],
        ['Cache-Control', 'private, max-age=5'],
      ]),
  },
  {
    method: 'GET',
    path: '/sign-in',
    membersOnly: false,
    answer: async (_, search) => page({ signInPage: new URLSearchParams(search).get('returnTo') }),
  },
  {
    method: 'POST',
    path: '/sign-in',
    membersOnly: false,
    async answer(forum, search) {
      const query = new URLSearchParams(search);
      await forum.signIn(personNamed(query.get('user') ?? ''));
      const returnTo = query.get('returnTo');
      return returnTo === null
        ? page({ user: idOf(forum) })
        : { ...page({ user: idOf(forum) }, [['Location', returnTo]]), status: 303 };
    },
  },
  {
    method: 'POST',
    path: '/sign-out',
    membersOnly: false,
    async answer(forum) {
      await forum.signOut();
      return page({ user: idOf(forum) });
    },
  },
  {
    // Out and in again within one answer.
    method: 'POST',
    path: '/switch',
    membersOnly: false,
    async answer(forum, search) {
      const before = idOf(forum);
      await forum.signOut();
      const between = idOf(forum);
      await forum.signIn(personNamed(new URLSearchParams(search).get('user') ?? ''));
      return page({ before, between, user: idOf(forum) });
    },
  },
  {
    method: 'GET',
    path: '/members',
    membersOnly: true,
    answer: async (forum) => page({ user: idOf(forum) }),
  },
  {
    method: 'POST',
    path: '/members',
    membersOnly: true,
    answer: async (forum) => page({ user: idOf(forum) }),
  },
];

/** What a harness answers where there is no page. */
export const missingPage: PageAnswer = {
  status: 404,
  headers: [[siteMark, 'missing']],
  body: { missing: true },
};

/** What the error handler of the test site answers: the status of a `ForumSsoError`, as sites do, and 500 for others. */
export function faultPage(error: unknown): PageAnswer {
  const [status, fault] = isForumSsoError(error) ? [error.status, error.code] : [500, 'unknown'];
  return { status, headers: [[siteMark, 'fault']], body: { fault } };
}

function page(body: object, headers: readonly HeaderLine[] = []): PageAnswer {
  return { status: 200, headers: [[siteMark, 'page'], ...headers], body };
}

function idOf(forum: PageForum): string | null {
  return forum.user?.id ?? null;
}
