import type { Response } from 'express';

import { createPageShell, type Html, html, sendPage } from '../../server/index.js';
import type { BlogAccount } from './accounts.js';
import type { Blog } from './blog.js';

export const shell = createPageShell({ product: 'WordPress', accent: '#21628a' });

function send(
  blog: Blog,
  response: Response,
  visitor: BlogAccount | null,
  { title, body }: { readonly title: string; readonly body: Html },
): void {
  sendPage(response, shell, {
    title,
    navigation: [
      { href: '/', label: 'Blog' },
      { href: '/emulator', label: 'Behind the blog' },
    ],
    account:
      visitor === null
        ? html`<a class="button" href="/wp-login.php">Log in</a>`
        : html`<strong class="who">${visitor.username}</strong> <form class="inline" method="post" action="/wp-login.php?action=logout"><button>Log out</button></form>`,
    formTargets: [new URL(blog.options.url).origin],
    body: html`<h1>${title}</h1>
${body}`,
  });
}

export function sendPost(blog: Blog, response: Response, path: string, visitor: BlogAccount | null): void {
  send(blog, response, visitor, {
    title: path === '/' ? 'Blog' : path,
    body: html`<section class="card">
<p>This page is read as <strong data-user="${visitor?.username ?? ''}">${visitor?.username ?? 'nobody in particular'}</strong>.</p>
${visitor?.discourseId != null && html`<p>At the forum: number ${visitor.discourseId}, ${visitor.discourseUsername ?? 'no name yet'}.</p>`}
</section>`,
  });
}

export function sendLoginForm(
  blog: Blog,
  response: Response,
  { error, redirectTo }: { readonly error: string; readonly redirectTo: string },
): void {
  const isClient = blog.options['sso-client-enabled'];
  const back = encodeURIComponent(redirectTo === '' ? `${blog.address.origin}/` : redirectTo);
  send(blog, response, null, {
    title: 'Log in',
    body: html`${error !== '' && html`<p class="bad" role="alert" data-error="${error}">The login failed: ${error}</p>`}
${isClient && html`<p><a class="button" href="/?discourse_sso=1&redirect_to=${back}">Log in with Discourse</a></p>`}
<form class="card" method="post" action="/wp-login.php"><p>Or with an account of the blog:</p>
<label for="log">Username</label><input id="log" name="log">
<p><button>Log in</button></p></form>`,
  });
}

/** What an operator of the blog would find in the database and in its logs. */
export function sendBehindPage(blog: Blog, response: Response, visitor: BlogAccount | null): void {
  send(blog, response, visitor, {
    title: 'Behind the blog',
    body: html`<section class="card"><h2>Accounts</h2><div class="table"><table>
<thead><tr><th>Id</th><th>Username</th><th>E-mail</th><th>First name</th><th>At the forum</th></tr></thead>
<tbody>${blog.accounts.list().map(
      ({
        id,
        username,
        email,
        firstName,
        discourseId,
        discourseUsername,
      }) => html`<tr data-account="${username}"><td>${id}</td><td>${username}</td>
<td>${email}</td><td>${firstName}</td><td>${discourseId ?? '–'} ${discourseUsername}</td></tr>`,
    )}</tbody></table></div></section>
<section class="card"><h2>Webhooks from the forum</h2><ul>${blog.webhooks
      .slice(-30)
      .reverse()
      .map(
        ({ event, success, message }) =>
          html`<li data-event="${event}"><code>${event}</code>: ${success ? 'taken' : 'refused'} (${message})</li>`,
      )}</ul></section>
<section class="card"><h2>Log</h2><ul>${blog.log
      .slice(-30)
      .reverse()
      .map(({ what }) => html`<li>${what}</li>`)}</ul></section>`,
  });
}
