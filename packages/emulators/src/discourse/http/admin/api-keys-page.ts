import { type Html, html } from '../../../server/index.js';
import { apiScopes } from '../../forum/api-scopes.js';
import type { Forum } from '../../forum/forum.js';
import { dateText, tags } from '../parts.js';
import { adminHeading, button, controlPath } from './controls.js';

/** The API keys. @param made a key that was made just now and is shown once */
export function apiKeysPage(forum: Forum, made: string | null): Html {
  const keys = forum.apiKeys.list();
  return html`${adminHeading('API keys')}
${made !== null && html`<div class="card"><p>The new key, shown this once:</p><pre>${made}</pre></div>`}
<div class="card"><h2>Keys</h2>${
    keys.length === 0
      ? html`<p class="quiet">There is no key yet.</p>`
      : html`<div class="table"><table><thead><tr><th scope="col">Key</th><th scope="col">User</th><th scope="col">Scopes</th><th scope="col">Last used</th><th scope="col"></th></tr></thead>
<tbody>${keys.map(
          ({ id, key, description, username, scopes, lastUsedAt }) =>
            html`<tr><td><code>${key.slice(0, 4)}…</code> <span class="quiet">${description}</span></td><td>${username ?? 'any user'}</td>
<td>${scopes === null ? 'everything' : tags(scopes)}</td><td>${dateText(lastUsedAt)}</td><td>${button(`/api/${id}/revoke`, 'Revoke', {}, 'danger')}</td></tr>`,
        )}</tbody></table></div>`
  }</div>
<div class="card"><h2>New key</h2><form method="post" action="${controlPath}/api">
<label for="description">Description</label><input id="description" name="description">
<label for="username">User, empty for any</label><input id="username" name="username" list="usernames">
<datalist id="usernames"><option value="system">${forum.directory.users().map(({ username }) => html`<option value="${username}">`)}</datalist>
<fieldset><legend>Scopes; none for everything</legend>${apiScopes.map(
    (scope) =>
      html`<label class="flat"><input type="checkbox" name="scope" value="${scope}"> <code>${scope}</code></label>`,
  )}</fieldset>
<p><button>Create key</button></p></form></div>`;
}
