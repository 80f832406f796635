import type { ForumSso } from '@forum-sso/core';

import type { Connection } from './communities/community.js';
import type { DeliveryLog } from './delivery-log.js';
import type { PageReplies } from './http/page-replies.js';
import type { PageReply, PageRequest } from './http/page-route.js';
import type { ShownCommunity } from './pages/home-page.js';
import type { Frame } from './pages/layout.js';
import type { PasswordVerdict } from './password-gate.js';
import type { People } from './people.js';

export interface SiteOptions {
  readonly sso: ForumSso;
  readonly people: People;
  readonly deliveries: DeliveryLog;
  readonly communities: readonly (ShownCommunity & Omit<Connection, 'connector'>)[];
  /** True when signing in needs the demo's password. */
  readonly asksPassword: boolean;
  readonly checkPassword: (given: string) => PasswordVerdict;
}

/** What the pages of the site have in common. */
export interface SiteContext extends SiteOptions {
  /** The site's origin. */
  readonly origin: string;
  readonly reply: PageReplies;
  /** True when what the site says about its people reaches a community of the real world. */
  readonly hasRealPeers: boolean;
  /** What stands around a page's content. */
  frame(request: PageRequest): Frame;
  /** The page for addresses without a page. */
  missing(): PageReply;
}
