import type { CommunityCard, CommunityTry } from '../communities/community.js';
import { html, type Markup } from '../http/html.js';
import { entryOf, type Frame, layout } from './layout.js';

/** A community as the home page shows it. */
export interface ShownCommunity extends CommunityCard {
  /** The connector's name. */
  readonly name: string;
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
<p class="lead">The accounts are this site’s. Five communities beside it have no sign-in of their own: each asks this site, in its own way, who you are, and Forum SSO answers. With the Club forum it is the other way round.</p>
${frame.user && html`<p class="note">You are signed in here as <strong>${frame.user.username}</strong>, so a community lets you in without asking. To see the sign-in on the way, sign out first.</p>`}
<ul class="cards overview">${communities.map((community) => overviewCard(community))}</ul>
<p class="quiet">This site and a community each remember you. Signing out here signs you out at the forum and the wiki as well; elsewhere sign out on both sides before you try another account.</p>
${communities.map((community) => communitySection(community))}`,
  );
}

function overviewCard({ name, title, product, summary }: ShownCommunity): Markup {
  return html`<li class="card"><h2><a href="#${name}">${title}</a></h2><p>${summary}</p><p><span class="tag">${product}</span></p></li>
`;
}

function communitySection(community: ShownCommunity): Markup {
  const { name, title, product, url, open, opensAt, startsAt, real, steps, tries } = community;
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${title} ${productTag(product, real)}</h2>
<div class="card">
<ol class="steps">${steps.map((step) => html`<li><p>${step}</p></li>`)}</ol>
<p class="row go"><a class="button" href="${startsAt ?? entryOf(community)}">${open}</a><span class="quiet">${
    (startsAt ?? opensAt) === undefined ? url : `${product} itself is at ${url}`
  }</span></p>
</div>
<h3 class="then">Then try these</h3>
<ul class="cards">${tries.map((entry) => tryCard(entry))}</ul>
</section>`;
}

function productTag(product: string, real: boolean): Markup {
  return html`<span class="tag">${product}, ${real ? 'a real one' : 'emulated on this machine'}</span>`;
}

function tryCard({ title, text, link }: CommunityTry): Markup {
  return html`<li class="card"><h4>${title}</h4><p>${text}</p>${link !== undefined && html`<p><a href="${link.href}">${link.text}</a></p>`}</li>
`;
}
