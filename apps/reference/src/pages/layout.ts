import type { SiteUser } from '@forum-sso/core';

import { html, type Markup, trusted } from '../http/html.js';
import { style } from './style.js';

/** A link to a community in the bar of each page. */
export interface CommunityLink {
  /** The connector's name. */
  readonly name: string;
  readonly title: string;
  readonly url: string;
  /** Page of this site that has it inside; absent: it is opened at its own address. */
  readonly opensAt?: string;
}

/** Where a community is opened. */
export function entryOf({ url, opensAt }: CommunityLink): string {
  return opensAt ?? url;
}

/** What all pages have around their content. */
export interface Frame {
  /** Who is signed in; undefined: the page says nothing about it. */
  readonly user: SiteUser | null | undefined;
  /** Path of this page, to mark it in the bar. */
  readonly path: string;
  readonly communities: readonly CommunityLink[];
}

/** A whole page of the site. */
export function layout({ user, path, communities }: Frame, title: string, content: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Example Site</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar"><div class="inner">
<a class="brand" href="/"><span class="mark" aria-hidden="true">E</span>Example Site</a>
<nav aria-label="Main">
${navigationLink('/', 'Home', path)}
${user && navigationLink('/account', 'Account', path)}
${user && navigationLink('/deliveries', 'Deliveries', path)}
${user?.admin === true && navigationLink('/people', 'People', path)}
${communities.map((community) => navigationLink(entryOf(community), community.title, path))}
</nav>
<div class="who">${user === null ? signedOut(path) : user && signedIn(user)}</div>
</div></header>
<main id="main" class="inner">
${content}
</main>
<footer><div class="inner"><p>The reference site of Forum SSO. Its accounts are made up.</p></div></footer>
</body>
</html>
`.text;
}

/** The first letter of a name in a circle. */
export function face(
  user: Pick<SiteUser, 'id' | 'username' | 'name'>,
  size: 'small' | 'normal' = 'normal',
): Markup {
  const letter = (user.name ?? user.username ?? user.id).charAt(0).toUpperCase();
  return html`<span class="face${size === 'small' && ' small'}" aria-hidden="true">${letter}</span>`;
}

function navigationLink(href: string, text: string, path: string): Markup {
  return href === path
    ? html`<a href="${href}" aria-current="page">${text}</a>`
    : html`<a href="${href}">${text}</a>`;
}

function signedOut(path: string): Markup | false {
  if (path === '/login') return false;
  const query = path === '/' ? '' : `?${new URLSearchParams({ returnTo: path })}`;
  return html`<a class="button" href="/login${query}">Sign in</a>`;
}

function signedIn(user: SiteUser): Markup {
  return html`${face(user, 'small')}<span>Signed in as <strong>${user.username}</strong></span>
<form method="post" action="/logout"><button class="plain">Sign out</button></form>`;
}
