import type { IncomingHttpHeaders } from 'node:http';

import type { ReplyHeader, SiteUser } from '@forum-sso/core';
import type { PageForum } from '@forum-sso/core/node';

/** A request for a page of the site, whatever framework received it. */
export interface PageRequest {
  /** As it was sent, neither decoded nor tidied: `/login`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Who is here. */
  readonly forum: PageForum;
  /**
   * The fields of the form that was sent.
   * @throws ForumSsoError `ERR_BODY_TOO_LARGE` over `limitBytes`; `ERR_BODY_UNREADABLE` when it breaks off or is slow
   */
  form(limitBytes: number): Promise<URLSearchParams>;
}

/** A request of somebody who is signed in. */
export interface MemberRequest extends PageRequest {
  readonly user: SiteUser;
}

/** What is sent back, whole. Cookies of a sign-in or sign-out are not among the headers; `forum` sets them. */
export interface PageReply {
  readonly status: number;
  readonly headers: readonly ReplyHeader[];
  readonly body: string;
}

interface Page<Request extends PageRequest> {
  /** `POST`: a form on a page of this site. One that another site sent is refused before it is answered. */
  readonly method: 'GET' | 'POST';
  /** Without parameters. A slash at the end and other letter case lead here, too. */
  readonly path: string;
  /** @throws ForumSsoError for what was sent wrong; it becomes a page with the public sentence */
  answer(request: Request): PageReply | Promise<PageReply>;
}

/** A page of the site. For members: anybody else is led to the sign-in page and back. */
export type PageRoute =
  | (Page<PageRequest> & { readonly visitors: 'everybody' })
  | (Page<MemberRequest> & { readonly visitors: 'members' });

/** What routers call the methods. */
export const verbs = { GET: 'get', POST: 'post' } as const;
