import { randomBytes } from 'node:crypto';

import { html } from './http/html.js';
import type { PageRoute } from './http/page-route.js';
import { layout } from './pages/layout.js';
import { signOutScript } from './pages/sign-out-script.js';
import type { SiteContext } from './site-context.js';

/** The pages of the site that have a part of a community in them. Only these run scripts. */
export function communityRoutes({ communities, reply, frame }: SiteContext): readonly PageRoute[] {
  return communities.flatMap(({ url, real, pages }) =>
    pages.map(
      ({ path, title, show }): PageRoute => ({
        method: 'GET',
        path,
        visitors: 'everybody',
        async answer(request) {
          const nonce = randomBytes(16).toString('base64');
          const { body, headers } = await show(request.forum.user, nonce);
          const content = html`${body}
${signOutScript(nonce)}`;
          const sources = { nonce, peer: new URL(url).origin, styled: real };
          return reply.page(layout(frame(request), title, content), { headers, sources });
        },
      }),
    ),
  );
}
