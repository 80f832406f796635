import { randomBytes } from 'node:crypto';

import { type Request, type Response, Router } from 'express';

import type { CommunityPage } from './communities/community.js';
import { html } from './http/html.js';
import { contentPolicy } from './http/page-headers.js';
import { type Frame, layout } from './pages/layout.js';
import { signOutScript } from './pages/sign-out-script.js';

export interface CommunityPagesOptions {
  readonly communities: readonly {
    readonly url: string;
    readonly real: boolean;
    readonly pages: readonly CommunityPage[];
  }[];
  readonly formTargets: readonly string[];
  readonly frame: (request: Request) => Frame;
}

/** The pages of the site that have a part of a community in them. Only these run scripts. */
export function communityPages({ communities, formTargets, frame }: CommunityPagesOptions): Router {
  const router = Router();
  for (const { url, real, pages } of communities) {
    for (const { path, title, show } of pages) {
      router.get(path, async (request: Request, response: Response) => {
        const nonce = randomBytes(16).toString('base64');
        const { body, headers } = await show(request.forum.user, nonce);
        const sources = { nonce, peer: new URL(url).origin, styled: real };
        response.set('Content-Security-Policy', contentPolicy(formTargets, sources));
        for (const [name, value] of headers) {
          if (name === 'Set-Cookie') response.append(name, value);
          else response.set(name, value);
        }
        const content = html`${body}
${signOutScript(nonce)}`;
        response.type('html').send(layout(frame(request), title, content));
      });
    }
  }
  return router;
}
