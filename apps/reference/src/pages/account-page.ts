import type { SiteUser } from '@forum-sso/core';

import type { AccountSection } from '../communities/community.js';
import { html, type Markup } from '../http/html.js';
import { type Frame, face, layout } from './layout.js';

export interface AccountView {
  /** What communities say about the account that the person has there. */
  readonly sections: readonly AccountSection[];
  /** True: the page for changes has a button that stands for the link in a mail to the address. */
  readonly canConfirmAddress: boolean;
}

/** What the site knows about the signed-in person: the very object that Forum SSO maps for each community. */
export function accountPage(
  frame: Frame,
  user: SiteUser,
  { sections, canConfirmAddress }: AccountView,
): string {
  return layout(
    frame,
    'Your account',
    html`<h1>Your account</h1>
${user.suspended === true && html`<p class="note bad"><strong>This account is suspended.</strong> You may read this page; no community lets you in.</p>`}
${!user.emailVerified && html`<p class="note warn"><strong>Your e-mail address is not confirmed.</strong> The site does not vouch for it, so a community asks you to confirm it first.${canConfirmAddress && html` <a href="/account/edit">Confirm it</a>`}</p>`}
<section class="card" aria-label="Details">
<div class="person">${face(user)}<div><h2>${user.name ?? user.username}</h2><p class="quiet">${user.title ?? 'Member'}</p></div></div>
<table><tbody>
${Object.entries(user).map(
  ([field, value]) => html`<tr><th scope="row">${field}</th><td>${shown(value)}</td></tr>
`,
)}</tbody></table>
<p class="row"><a class="button" href="/account/edit">Edit</a></p>
</section>
${sections.map(({ body }) => body)}
<h2>What this is</h2>
<p>This is the one shape (<code>SiteUser</code>) in which a site hands a person to Forum SSO. Each connector maps it to what its community understands; what is absent is not sent.</p>`,
  );
}

function shown(value: unknown): Markup {
  if (typeof value === 'boolean') return html`${value ? 'yes' : 'no'}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return html`<span class="quiet">none</span>`;
    return html`${value.map((entry) => html`<span class="tag">${String(entry)}</span>`)}`;
  }
  return html`${String(value)}`;
}
