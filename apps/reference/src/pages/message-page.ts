import type { PageRenderer } from '@forum-sso/core';

import { html } from '../http/html.js';
import { type CommunityLink, layout } from './layout.js';

/**
 * Draws errors and confirmations in the site's look: our own, and, as `createForumSso({ renderPage })`, those of
 * Forum SSO. They are drawn without knowing who asks.
 */
export function messagePage(communities: readonly CommunityLink[]): PageRenderer {
  return ({ title, paragraphs, links, code }) =>
    layout(
      { user: undefined, path: '', communities },
      title,
      html`<h1>${title}</h1>
${paragraphs.map((paragraph) => html`<p class="lead">${paragraph}</p>`)}
<p class="row">${links.map(({ text, href }, index) => html`<a class="button${index > 0 && ' plain'}" href="${href}">${text}</a>`)}</p>
${code !== undefined && html`<p class="quiet small">Code for the people who run this site: <code>${code}</code></p>`}`,
    );
}
