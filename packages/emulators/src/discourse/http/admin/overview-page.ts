import { type Html, html } from '../../../server/index.js';
import type { Forum } from '../../forum/forum.js';
import type { ForumUser } from '../../forum/records.js';
import { publicSettings } from '../../forum/settings.js';
import { isSuspended } from '../../forum/sso-login.js';
import { badges } from '../parts.js';
import { adminHeading, button, controlPath, onOff, stateButtons } from './controls.js';

/** People, groups, states and settings. */
export function overviewPage(forum: Forum): Html {
  const users = forum.directory.users();
  return html`${adminHeading('Admin')}
<div class="card"><h2>People</h2>${
    users.length === 0
      ? html`<p class="quiet">Nobody is here yet.</p>`
      : html`<div class="table"><table><tbody>${users.map((user) => userRow(user, isSuspended(user, forum.now())))}</tbody></table></div>`
  }</div>
<div class="card"><h2>New group</h2><form class="row" method="post" action="${controlPath}/groups">
<input name="name" aria-label="Name of the group" placeholder="Name" required pattern="[^,\\s]+"><button>Create group</button></form></div>
<div class="card"><h2>State of the forum</h2><div class="table"><table><tbody>
<tr><th scope="row">Read-only</th>${onOff('/modes', 'readOnly', forum.modes.readOnly)}</tr>
<tr><th scope="row">Archived</th>${onOff('/modes', 'archived', forum.modes.archived)}</tr>
</tbody></table></div></div>
<div class="card"><h2>Settings</h2><div class="table"><table><tbody>${Object.entries(
    publicSettings(forum.settings),
  ).map(
    ([name, value]) => html`<tr><th scope="row"><code>${name}</code></th>${settingCells(name, value)}</tr>`,
  )}</tbody></table></div></div>`;
}

function settingCells(name: string, value: string | number | boolean): Html {
  if (typeof value === 'boolean') return onOff('/site_settings', name, value);
  const action = `${controlPath}/site_settings`;
  if (name === 'discourse_connect_provider_secrets') {
    // The secrets are not shown; saving puts new lines in place of all.
    const domains = String(value)
      .split('\n')
      .filter((domain) => domain !== '');
    return html`<td colspan="2"><p class="flat">${domains.length === 0 ? html`<span class="quiet">no site</span>` : domains.map((domain) => html`<span class="tag">${domain}</span>`)}</p>
<form class="row" method="post" action="${action}"><input type="hidden" name="name" value="${name}">
<textarea class="wide" name="value" rows="2" aria-label="${name}" placeholder="domain|secret, a line for each site"></textarea><button class="plain">Save</button></form></td>`;
  }
  return html`<td colspan="2"><form class="row" method="post" action="${action}"><input type="hidden" name="name" value="${name}">
<input class="wide" name="value" aria-label="${name}" value="${value}"><button class="plain">Save</button></form></td>`;
}

function userRow(user: ForumUser, suspended: boolean): Html {
  return html`<tr><th scope="row"><a href="/admin/users/${user.id}">${user.username}</a></th><td>${badges(user, suspended)}</td>
<td><div class="row">${stateButtons(user, suspended)}${button(`/users/${user.id}/delete`, 'Delete', {}, 'danger')}</div></td></tr>`;
}
