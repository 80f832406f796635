import type { CommunityCard, CommunityTry } from '../communities/community.js';
import { html, type Markup } from '../http/html.js';
import { entryOf, type Frame, layout } from './layout.js';

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
<p class="lead">The accounts are this site’s. The communities beside it have no sign-in of their own: each asks this site, in its own way, who you are, and Forum SSO answers.</p>
${frame.user && html`<p class="note">You are signed in here as <strong>${frame.user.username}</strong>, so a community lets you in without asking. To see the sign-in on the way, sign out first.</p>`}
<ul class="cards four">${communities.map((community) => overviewCard(community))}</ul>
<p class="quiet">This site and a community each remember you. Signing out here signs you out at the forum as well; elsewhere sign out on both sides before you try another account.</p>
${communities.map((community) => communitySection(community))}`,
  );
}

function overviewCard({ title, product, summary }: ShownCommunity): Markup {
  return html`<li class="card"><h2><a href="#${anchorOf(product)}">${title}</a></h2><p>${summary}</p><p><span class="tag">${product}</span></p></li>
`;
}

function communitySection(community: ShownCommunity): Markup {
  const { title, product, url, open, opensAt, real, steps, tries } = community;
  return html`<section aria-labelledby="${anchorOf(product)}">
<h2 id="${anchorOf(product)}">${title} ${productTag(product, real)}</h2>
<div class="card">
<ol class="steps">${steps.map((step) => html`<li><p>${step}</p></li>`)}</ol>
<p class="row go"><a class="button" href="${entryOf(community)}">${open}</a><span class="quiet">${
    opensAt === undefined ? url : `${product} itself is at ${url}`
  }</span></p>
</div>
<h3 class="then">Then try these</h3>
<ul class="cards">${tries.map((entry) => tryCard(entry))}</ul>
</section>`;
}

function anchorOf(product: string): string {
  return product.toLowerCase();
}

function productTag(product: string, real: boolean): Markup {
  return html`<span class="tag">${product}, ${real ? 'a real one' : 'emulated on this machine'}</span>`;
}

function tryCard({ title, text, link }: CommunityTry): Markup {
  return html`<li class="card"><h4>${title}</h4><p>${text}</p>${link !== undefined && html`<p><a href="${link.href}">${link.text}</a></p>`}</li>
`;
}
