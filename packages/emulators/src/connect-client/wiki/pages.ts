import type { Response } from 'express';

import { createPageShell, type Html, html, sendPage } from '../../server/index.js';
import type { WikiAccount } from './accounts.js';
import type { Wiki } from './wiki.js';

export const shell = createPageShell({ product: 'MediaWiki', accent: '#3a4a6b' });

interface Content {
  readonly title: string;
  readonly body: Html;
  readonly status?: number;
}

function send(
  wiki: Wiki,
  response: Response,
  account: WikiAccount | null,
  { title, body, status }: Content,
): void {
  sendPage(response, shell, {
    title,
    ...(status === undefined ? {} : { status }),
    navigation: [
      { href: '/index.php?title=Main_Page', label: 'Main page' },
      { href: '/index.php?title=Special:ListUsers', label: 'Users' },
      { href: '/emulator', label: 'Behind the wiki' },
    ],
    account:
      account === null
        ? html`<a class="button" href="/index.php?title=Special:UserLogin&returnto=${encodeURIComponent(title)}">Log in</a>`
        : html`<strong class="who">${account.name}</strong> <a class="button" href="/index.php?title=Special:UserLogout">Log out</a>`,
    // A log-out leads on to the forum, and from there back here.
    formTargets: [new URL(wiki.config.DiscourseUrl).origin],
    body: html`<h1>${title}</h1>
${body}`,
  });
}

/** A page of the wiki: who is looking at it. */
export function sendArticle(
  wiki: Wiki,
  response: Response,
  title: string,
  account: WikiAccount | null,
  query: string,
): void {
  send(wiki, response, account, {
    title,
    body: html`<section class="card">
<p>This page is read as <strong data-user="${account?.name ?? ''}">${account?.name ?? 'nobody in particular'}</strong>.</p>
${account !== null && html`<p>Groups: <span data-groups="${account.groups.join(',')}">${account.groups.length === 0 ? 'none' : account.groups.map((group) => html`<span class="tag">${group}</span>`)}</span></p>`}
${query !== '' && html`<p class="quiet">The address has a query: <code>${query}</code></p>`}
</section>
<section class="card"><h2>Try it</h2>
<ul>
<li>Log in: the wiki asks the site who you are.</li>
${wiki.config.Sso.EnableSeamlessLogin && html`<li>Log in at the site first, then come here as a browser that was never here: you are logged in before the page is shown.</li>`}
${wiki.config.Sso.EnableAutoRelogin && html`<li>Let the sessions run out and come back: you are logged in again, as long as the site knows you.</li>`}
</ul>
<div class="row"><form method="post" action="/emulator/forget"><button class="plain">Forget that I was here</button></form>
<form method="post" action="/emulator/expire"><button class="plain">Let all sessions run out</button></form></div>
</section>`,
  });
}

export function sendLoginPage(wiki: Wiki, response: Response, error: string | null): void {
  send(wiki, response, null, {
    title: 'Special:UserLogin',
    body: html`${error !== null && html`<p class="bad" role="alert">${error}</p>`}
<p><a class="button" href="/index.php?title=Special:UserLogin&returnto=Main_Page">Log in with the forum</a></p>`,
  });
}

export function sendLogOutPage(wiki: Wiki, response: Response, account: WikiAccount): void {
  send(wiki, response, account, {
    title: 'Special:UserLogout',
    body: html`<form class="card" method="post" action="/index.php?title=Special:UserLogout">
<p>Do you want to log out?</p>
${wiki.config.Logout.OfferGlobalOptionToUser && html`<p><label><input type="checkbox" name="dssoc-global-logout" value="1"> Make it global: all sessions on all devices</label></p>`}
<button>Yes, log out now</button></form>`,
  });
}

export function sendLoggedOutPage(wiki: Wiki, response: Response): void {
  send(wiki, response, null, {
    title: 'Special:UserLogout',
    body: html`<p>You are now logged out.</p>`,
  });
}

export function sendServerError(wiki: Wiki, response: Response, message: string): void {
  send(wiki, response, null, {
    status: 500,
    title: 'Internal error',
    body: html`<p class="bad">${message}</p>`,
  });
}

export function sendUserList(wiki: Wiki, response: Response, account: WikiAccount | null): void {
  const accounts = wiki.accounts.list();
  send(wiki, response, account, {
    title: 'Special:ListUsers',
    body: html`<section class="card">${
      accounts.length === 0
        ? html`<p class="quiet">Nobody has an account yet.</p>`
        : html`<div class="table"><table>
<thead><tr><th>Name</th><th>Number at the forum</th><th>Real name</th><th>E-mail</th><th>Groups</th></tr></thead>
<tbody>${accounts.map(
            ({
              name,
              discourseId,
              realName,
              email,
              groups,
            }) => html`<tr data-account="${name}"><td>${name}</td><td>${discourseId ?? '–'}</td><td>${realName}</td>
<td>${email}</td><td>${groups.map((group) => html`<span class="tag">${group}</span>`)}</td></tr>`,
          )}</tbody></table></div>`
    }</section>`,
  });
}

/** What an operator of the wiki would find in its logs. */
export function sendBehindPage(wiki: Wiki, response: Response, account: WikiAccount | null): void {
  const webhooks = wiki.webhooks.slice(-30).reverse();
  const entries = wiki.log.slice(-30).reverse();
  send(wiki, response, account, {
    title: 'Behind the wiki',
    body: html`<section class="card"><h2>Webhooks from the forum</h2>${
      webhooks.length === 0
        ? html`<p class="quiet">None yet.</p>`
        : html`<div class="table"><table><thead><tr><th>Event</th><th>Number</th><th>Answered</th><th>With</th></tr></thead>
<tbody>${webhooks.map(
            ({
              event,
              eventId,
              status,
              answer,
            }) => html`<tr data-event="${event}"><td><code>${event}</code></td><td>${eventId}</td>
<td>${status}</td><td class="long"><code>${answer.slice(0, 200)}</code></td></tr>`,
          )}</tbody></table></div>`
    }</section>
<section class="card"><h2>Log</h2>${
      entries.length === 0
        ? html`<p class="quiet">Nothing yet.</p>`
        : html`<ul>${entries.map(({ what }) => html`<li>${what}</li>`)}</ul>`
    }</section>`,
  });
}
