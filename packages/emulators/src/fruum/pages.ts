import type { Response } from 'express';

import { type Html, html, type PageShell, sendPage } from '../server/index.js';
import type { FruumUser } from './auth-reply.js';
import type { AuthRequestRecord } from './auth-request.js';
import type { Forums, FruumForumSettings } from './forum.js';

/** What an operator of Fruum would see with its command line: forums, their users, and the requests to auth servers. */
export function sendOverview(response: Response, shell: PageShell, forums: Forums): void {
  sendPage(response, shell, {
    title: 'Overview',
    navigation: [{ href: '/overview', label: 'Overview' }],
    body: html`<h1>Fruum emulator</h1>
<p>Fruum lives in the pages of a site and knows nobody by itself: open the forum in the site's page. Here is what this server knows.</p>
${forums.list().map((forum) => forumCard(forum, forums.users(forum.id).list()))}
<section class="card"><h2>Requests to auth URLs</h2>${requestTable(forums.authRequests)}</section>`,
  });
}

function forumCard({ id, authUrl, fullpageUrl }: FruumForumSettings, users: readonly FruumUser[]): Html {
  return html`<section class="card" data-forum="${id}">
<h2>Forum “${id}”</h2>
<p>Auth URL: ${authUrl === undefined ? html`<strong class="bad">none: payloads are only compared with stored users</strong>` : html`<code>${shownUrl(authUrl)}</code>`}</p>
<p class="row">${fullpageUrl !== undefined && html`<a class="button" href="${fullpageUrl}">Open in the site's page</a>`}
<a href="/try/${encodeURIComponent(id)}">Try a user by hand</a></p>
${users.length === 0 ? html`<p class="quiet">No users yet.</p>` : userTable(id, users)}
</section>`;
}

function userTable(forumId: string, users: readonly FruumUser[]): Html {
  return html`<div class="table"><table>
<thead><tr><th>Id</th><th>User name</th><th>Name</th><th>E-mail</th><th>Role</th><th></th></tr></thead>
<tbody>${users.map(
    (
      user,
    ) => html`<tr><td><code>${JSON.stringify(user.id)}</code></td><td>${user.username}</td><td>${text(user.displayname)}</td>
<td>${text(user.email)}</td><td>${user.admin ? 'administrator' : 'member'}${Boolean(user.blocked) && html` <span class="bad">blocked</span>`}</td>
<td>${userForm(forumId, user, user.blocked ? 'unblock' : 'block')} ${userForm(forumId, user, 'delete')}</td></tr>`,
  )}</tbody>
</table></div>`;
}

function userForm(forumId: string, { id }: FruumUser, action: 'block' | 'unblock' | 'delete'): Html {
  return html`<form class="inline" method="post" action="/users">
<input type="hidden" name="forum" value="${forumId}"><input type="hidden" name="id" value="${JSON.stringify(id)}">
<button class="plain" name="action" value="${action}">${action}</button></form>`;
}

function requestTable(requests: readonly AuthRequestRecord[]): Html {
  if (requests.length === 0) return html`<p class="quiet">None yet.</p>`;
  const newest = requests.slice(-20).reverse();
  return html`<div class="table"><table>
<thead><tr><th>Path</th><th>Bytes sent</th><th>Status</th><th>Reply</th></tr></thead>
<tbody>${newest.map(
    ({
      path,
      body,
      status,
      reply,
    }) => html`<tr><td><code>${path.replace(/\?.*/, '?…')}</code></td><td>${Buffer.byteLength(body)}</td>
<td>${status ?? '–'}</td><td class="long"><code>${shownReply(reply)}</code></td></tr>`,
  )}</tbody>
</table></div>`;
}

/** A page of another site, so to speak: whatever is typed in is handed to the panel as the user. */
export function sendTryPage(response: Response, shell: PageShell, origin: string, forumId: string): void {
  sendPage(response, shell, {
    title: `Forum “${forumId}”`,
    navigation: [{ href: '/overview', label: 'Overview' }],
    scriptOrigins: [origin],
    script: `window.fruumSettings = { container: '#forum' };
document.addEventListener('DOMContentLoaded', function () {
  var loader = document.createElement('script');
  loader.src = document.getElementById('forum').dataset.loader;
  document.head.appendChild(loader);
  document.getElementById('payload').addEventListener('submit', function (event) {
    event.preventDefault();
    var user;
    try { user = JSON.parse(document.getElementById('user').value); }
    catch (error) { document.getElementById('fault').textContent = 'This is not JSON.'; return; }
    document.getElementById('fault').textContent = '';
    (window.FruumData = window.FruumData || []).push({ user: user });
  });
});`,
    body: html`<h1>Forum “${forumId}”, with a user by hand</h1>
<p>Any page of any site may embed a forum and hand over whatever it likes. This one hands over what you type.</p>
<form id="payload" class="card"><label for="user">Value of <code>fruumSettings.user</code>, as JSON</label>
<textarea id="user" rows="4" cols="60">{}</textarea>
<p class="row"><button>Hand over</button> <span id="fault" class="bad" role="alert"></span></p></form>
<div id="forum" data-loader="${`/go/${encodeURIComponent(forumId)}`}"></div>`,
  });
}

/** Without password and query: both may hold what lets callers in. */
function shownUrl(authUrl: string): string {
  if (!URL.canParse(authUrl)) return '(not a URL)';
  const { origin, pathname, search, username } = new URL(authUrl);
  return `${origin.replace('//', username === '' ? '//' : `//${username}:…@`)}${pathname}${search === '' ? '' : '?…'}`;
}

function shownReply(reply: string | null | undefined): string {
  if (reply === undefined) return 'waiting …';
  if (reply === null) return 'no connection';
  return reply.length > 200 ? `${reply.slice(0, 200)}…` : reply;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
