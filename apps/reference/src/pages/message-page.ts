import type { PageContent, PageRenderer } from '@forum-sso/core';

import { html, type Markup } from '../http/html.js';
import { type CommunityLink, layout } from './layout.js';

/**
 * Draws errors and confirmations in the site's look: our own, and, as `createForumSso({ renderPage })`, those of
 * Forum SSO. They are drawn without knowing who asks.
 */
export function messagePage(communities: readonly CommunityLink[]): PageRenderer {
  return ({ title, paragraphs, links, form, code }) =>
    layout(
      { user: undefined, path: '', communities },
      title,
      html`<h1>${title}</h1>
${paragraphs.map((paragraph) => html`<p class="lead">${paragraph}</p>`)}
${form !== undefined && question(form)}
<p class="row">${[...links, ...furtherLinks(code)].map(({ text, href }, index) => html`<a class="button${(index > 0 || form !== undefined) && ' plain'}" href="${href}">${text}</a>`)}</p>
${code !== undefined && html`<p class="quiet small">Code for the people who run this site: <code>${code}</code></p>`}`,
    );
}

/** Where people can see to it. */
function furtherLinks(code: string | undefined): PageContent['links'] {
  return code === 'ERR_EMAIL_NOT_VERIFIED' ? [{ text: 'Your account', href: '/account' }] : [];
}

function question({ action, fields, choice, button }: NonNullable<PageContent['form']>): Markup {
  return html`<form method="post" action="${action}">
${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${choice !== undefined && html`<p><label><input type="checkbox" name="${choice.name}" value="on"> ${choice.text}</label></p>`}
<p><button>${button}</button></p>
</form>`;
}
