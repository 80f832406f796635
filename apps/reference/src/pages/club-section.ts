import type { ForumProfile } from '@forum-sso/core/discourse';

import type { AccountSection } from '../communities/community.js';
import { html, type Markup } from '../http/html.js';
import { face } from './layout.js';

/** Width of the picture in pixels of paper; a dense screen gets twice as many. */
const pictureWidth = 42;

export interface ClubSection {
  /** What the forum told; null: the account is not connected. */
  readonly profile: ForumProfile | null;
  /** Path of the connector on the site: `/sso/discourse-login`. */
  readonly connectorPath: string;
  /** Address of the forum's admin area, when it is open to everybody. */
  readonly adminUrl: string | undefined;
}

/** The Club forum on the account page: connect an account, or see what the forum told about it. */
export function clubSection({ profile, connectorPath, adminUrl }: ClubSection): AccountSection {
  if (profile === null) return { body: notConnected(connectorPath), pictures: [] };
  const picture = profile.avatarUrl(2 * pictureWidth);
  return {
    body: connected(profile, picture, connectorPath, adminUrl),
    pictures: picture === undefined ? [] : [picture],
  };
}

function notConnected(connectorPath: string): Markup {
  return html`<h2>Club forum</h2>
<section class="card" aria-label="Club forum">
<p>Not connected. If you have an account at the Club forum, connect it with this one: you go there, come back to a page that names both, and can sign in with it from then on.</p>
<form method="post" action="${connectorPath}/link"><input type="hidden" name="returnTo" value="/account"><button>Connect my account there</button></form>
</section>`;
}

function connected(
  profile: ForumProfile,
  picture: string | undefined,
  connectorPath: string,
  adminUrl: string | undefined,
): Markup {
  const { id, username, name, title, groups = [], timezone, suspended } = profile;
  return html`<h2>Club forum</h2>
<section class="card" aria-label="Club forum">
<div class="person">${
    picture === undefined
      ? face({ id, username })
      : html`<img class="face" src="${picture}" width="${pictureWidth}" height="${pictureWidth}" alt="">`
  }<div><h3>${username}</h3><p class="quiet">${[name, title].filter((text) => text).join(', ')}</p></div></div>
<p>Connected with this account. What the forum told:</p>
<table><tbody>
<tr><th scope="row">groups</th><td>${groups.map((group) => html`<span class="tag">${group}</span>`)}</td></tr>
<tr><th scope="row">time zone</th><td>${timezone ?? html`<span class="quiet">not told by logins; comes with a webhook</span>`}</td></tr>
${suspended && html`<tr><th scope="row">suspended</th><td>yes</td></tr>`}
<tr><th scope="row">as of</th><td>${dateText(profile.storedAt)}, by ${sources[profile.source]}</td></tr>
</tbody></table>
<p class="row go"><a class="button plain" href="${connectorPath}/logout?returnTo=%2F">Sign out, and choose where</a>${
    adminUrl !== undefined &&
    html`<a href="${adminUrl}/users/${id}">Change ${username} in the forum’s admin area</a>`
  }</p>
</section>`;
}

function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const sources = {
  login: 'a login',
  webhook: 'a webhook',
  api: 'its API, after a webhook',
} as const;
