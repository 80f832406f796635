import { type Html, html } from '../../../server/index.js';
import type { Forum } from '../../forum/forum.js';
import type { ForumUser } from '../../forum/records.js';
import { isSuspended } from '../../forum/sso-login.js';
import { avatar, badges } from '../parts.js';
import { adminHeading, button, stateButtons } from './controls.js';

/** Everything that staff can do to one account. */
export function personPage(forum: Forum, user: ForumUser): Html {
  const suspended = isSuspended(user, forum.now());
  const path = (action: string): string => `/users/${user.id}/${action}`;
  const right = (name: 'admin' | 'moderator'): Html =>
    button(
      path(`${user[name] ? 'revoke' : 'grant'}_${name}`),
      `${user[name] ? 'Take' : 'Give'} ${name} rights`,
    );
  return html`${adminHeading(user.username)}
<div class="card"><div class="person">${avatar(user)}<div><h2 class="flat"><a href="/u/${encodeURIComponent(user.username)}">${user.name || user.username}</a></h2>
<span class="quiet">@${user.username} · number ${user.id}</span> ${badges(user, suspended)}</div></div></div>
<div class="card"><h2>Account</h2><div class="row">${stateButtons(user, suspended)}${right('admin')}${right('moderator')}${
    user.signOn !== null && button(path('delete_sso_record'), 'Unlink from the site')
  }${button(path('anonymize'), 'Anonymize', {}, 'danger')}${button(path('delete'), 'Delete', {}, 'danger')}</div></div>
<div class="card"><h2>Groups</h2>${
    forum.directory.groups().length === 0
      ? html`<p class="quiet">There are no groups besides the automatic ones.</p>`
      : html`<div class="table"><table><tbody>${forum.directory
          .groups()
          .map(
            ({ name, members }) =>
              html`<tr><th scope="row">${name}</th><td>${
                members.has(user.id)
                  ? button(path('remove_group'), 'Take out', { name })
                  : button(path('add_group'), 'Put in', { name })
              }</td></tr>`,
          )}</tbody></table></div>`
  }</div>`;
}
