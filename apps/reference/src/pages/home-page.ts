import type { CommunityCard, CommunityTry } from '../communities/community.js';
import { html, type Markup } from '../http/html.js';
import { type Frame, layout } from './layout.js';

/** A community as the home page shows it. */
export interface ShownCommunity extends CommunityCard {
  readonly url: string;
  /** False: an emulator on this machine. */
  readonly real: boolean;
}

/** Says what this is and what to click. */
export function homePage(frame: Frame, communities: readonly ShownCommunity[]): string {
  return layout(
    frame,
    'Home',
    html`<h1>One account, here and in the community</h1>
<p class="lead">The accounts are this site’s. The community beside it has no sign-in of its own: it asks this site who you are, and Forum SSO answers.</p>
${frame.user && html`<p class="note">You are signed in here as <strong>${frame.user.username}</strong>, so a community lets you in without asking. To see the sign-in on the way, sign out first.</p>`}
${communities.map((community) => communitySection(community))}`,
  );
}

function communitySection({ title, product, url, real, steps, tries }: ShownCommunity): Markup {
  return html`<section aria-labelledby="${product}">
<h2 id="${product}">${title} <span class="tag">${product}, ${real ? 'a real one' : 'emulated on this machine'}</span></h2>
<div class="card">
<ol class="steps">${steps.map((step) => html`<li><p>${step}</p></li>`)}</ol>
<p class="row go"><a class="button" href="${url}">Open the ${title.toLowerCase()}</a><span class="quiet">${url}</span></p>
</div>
<h3 class="then">Then try these</h3>
<p class="quiet">Both sides remember you: sign out here and log out there before you try another account.</p>
<ul class="cards">${tries.map((entry) => tryCard(entry))}</ul>
</section>`;
}

function tryCard({ title, text, link }: CommunityTry): Markup {
  return html`<li class="card"><h4>${title}</h4><p>${text}</p>${link !== undefined && html`<p><a href="${link.href}">${link.text}</a></p>`}</li>
`;
}
