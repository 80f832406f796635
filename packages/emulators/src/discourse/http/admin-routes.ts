import type { Express, Response } from 'express';

import { type Html, HttpError, html, ownPagesOnly, readForm } from '../../server/index.js';
import type { ForumUser } from '../forum/records.js';
import { isSuspended } from '../forum/sso-login.js';
import { DiscourseError } from '../protocol/errors.js';
import { type ForumContext, sendForumPage } from './context.js';
import { badges, dateText } from './parts.js';

/** The admin pages, open to everybody who can reach this machine's loopback address: settings, groups, people, log. */
export function mountAdminRoutes(app: Express, context: ForumContext): void {
  const { forum, address } = context;
  const ownPages = ownPagesOnly(address);
  const back = (response: Response): void => response.redirect(303, `${forum.origin}/admin`);

  app.get('/admin', (request, response) =>
    sendForumPage(context, request, response, { title: 'Admin', body: adminPage(context) }),
  );

  app.post('/admin/site_settings', ownPages, async (request, response) => {
    const form = await readForm(request);
    refuseWith(() =>
      forum.changeSettings(settingChange(context, form.get('name') ?? '', form.get('value') ?? '')),
    );
    back(response);
  });

  app.post('/admin/modes', ownPages, async (request, response) => {
    const form = await readForm(request);
    const value = form.get('value') === 'true';
    if (form.get('name') === 'readOnly') forum.modes.readOnly = value;
    else if (form.get('name') === 'archived') forum.modes.archived = value;
    else throw new HttpError(404, 'There is no such mode.');
    back(response);
  });

  app.post('/admin/groups', ownPages, async (request, response) => {
    const name = (await readForm(request)).get('name')?.trim() ?? '';
    refuseWith(() => forum.directory.createGroup(name));
    back(response);
  });

  app.post('/admin/users/:id/:action', ownPages, (request, response) => {
    const user = forum.directory.byId(Number(request.params.id));
    if (user === undefined) throw new HttpError(404, 'There is no such user.');
    act(context, user, String(request.params.action));
    back(response);
  });

  app.get('/logs', (request, response) =>
    sendForumPage(context, request, response, { title: 'Log', body: logPage(context) }),
  );

  app.get('/mails', (request, response) =>
    sendForumPage(context, request, response, { title: 'Mails', body: mailPage(context) }),
  );
}

/** Turns what the forum refuses into an answer that says why. */
function refuseWith(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (error instanceof DiscourseError || error instanceof TypeError)
      throw new HttpError(422, error.message);
    throw error;
  }
}

function settingChange(
  { forum }: ForumContext,
  name: string,
  value: string,
): Record<string, string | number | boolean> {
  const current = Object.entries(forum.settings).find(([key]) => key === name)?.[1];
  if (current === undefined) throw new HttpError(404, 'There is no such setting.');
  if (typeof current === 'boolean') return { [name]: value === 'true' };
  return { [name]: typeof current === 'number' ? Number(value) : value };
}

function act({ forum, moderation }: ForumContext, user: ForumUser, action: string): void {
  switch (action) {
    case 'suspend':
      moderation.suspend(
        user,
        new Date(forum.now().getTime() + 7 * 86_400_000),
        'Suspended on the admin page.',
      );
      break;
    case 'unsuspend':
      moderation.unsuspend(user);
      break;
    case 'deactivate':
      moderation.deactivate(user);
      break;
    case 'activate':
      moderation.activate(user);
      break;
    case 'approve':
      moderation.approve(user);
      break;
    case 'log_out':
      moderation.logOut(user);
      break;
    case 'delete':
      moderation.remove(user);
      break;
    default:
      throw new HttpError(404, 'There is no such action.');
  }
}

function button(
  action: string,
  label: string,
  fields: Readonly<Record<string, string>> = {},
  look = 'plain',
): Html {
  return html`<form class="inline" method="post" action="${action}">${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button class="${look}">${label}</button></form>`;
}

function onOff(action: string, name: string, value: boolean): Html {
  return html`<span class="${value ? 'good' : 'quiet'}">${value ? 'on' : 'off'}</span></td><td>${button(
    action,
    value ? 'Turn off' : 'Turn on',
    { name, value: String(!value) },
  )}`;
}

function adminPage({ forum }: ForumContext): Html {
  return html`<h1>Admin</h1>
<div class="card"><h2>People</h2>${
    forum.directory.users().length === 0
      ? html`<p class="quiet">Nobody is here yet.</p>`
      : html`<div class="table"><table><tbody>${forum.directory.users().map((user) => userRow(user, isSuspended(user, forum.now())))}</tbody></table></div>`
  }</div>
<div class="card"><h2>New group</h2><form class="row" method="post" action="/admin/groups">
<input name="name" aria-label="Name of the group" placeholder="Name" required pattern="[^,\\s]+"><button>Create group</button></form></div>
<div class="card"><h2>State of the forum</h2><div class="table"><table><tbody>
<tr><th scope="row">Read-only</th><td>${onOff('/admin/modes', 'readOnly', forum.modes.readOnly)}</td></tr>
<tr><th scope="row">Archived</th><td>${onOff('/admin/modes', 'archived', forum.modes.archived)}</td></tr>
</tbody></table></div></div>
<div class="card"><h2>Settings</h2><div class="table"><table><tbody>${Object.entries(forum.settings).map(
    ([name, value]) =>
      html`<tr><th scope="row"><code>${name}</code></th><td>${settingCell(name, value)}</td></tr>`,
  )}</tbody></table></div></div>`;
}

function settingCell(name: string, value: string | number | boolean): Html {
  if (typeof value === 'boolean') return onOff('/admin/site_settings', name, value);
  return html`<form class="row" method="post" action="/admin/site_settings"><input type="hidden" name="name" value="${name}">
<input class="wide" name="value" aria-label="${name}" value="${value}"><button class="plain">Save</button></form></td><td>`;
}

function userRow(user: ForumUser, suspended: boolean): Html {
  const path = (action: string): string => `/admin/users/${user.id}/${action}`;
  return html`<tr><th scope="row"><a href="/u/${encodeURIComponent(user.username)}">${user.username}</a></th><td>${badges(user, suspended)}</td><td><div class="row">${
    suspended ? button(path('unsuspend'), 'Unsuspend') : button(path('suspend'), 'Suspend')
  }${user.active ? button(path('deactivate'), 'Deactivate') : button(path('activate'), 'Activate')}${
    !user.approved && button(path('approve'), 'Approve')
  }${button(path('log_out'), 'Log out')}${button(path('delete'), 'Delete', {}, 'danger')}</div></td></tr>`;
}

function logPage({ forum }: ForumContext): Html {
  const entries = [...forum.journal.entries()].reverse();
  if (entries.length === 0)
    return html`<h1>Log</h1><div class="card"><p class="quiet">No message so far.</p></div>`;
  const look = { started: 'quiet', logged_in: 'good', refused: 'bad' };
  return html`<h1>Log</h1><p class="quiet">What Discourse would write with <code>verbose_discourse_connect_logging</code>; newest first.</p>
${entries.map(
  (
    entry,
  ) => html`<div class="card"><p><strong class="${look[entry.outcome]}">${entry.outcome.replace('_', ' ')}</strong>
<code>${entry.route}</code> → ${entry.status} <span class="quiet">${dateText(entry.at)}</span></p>
${entry.reason !== '' && html`<p>${entry.reason}</p>`}
${entry.errorClass !== null && html`<p class="quiet"><code>${entry.errorClass}</code></p>`}
${entry.username !== null && html`<p>User: <a href="/u/${encodeURIComponent(entry.username)}">${entry.username}</a></p>`}
${
  entry.fields !== null &&
  html`<pre>${[
    ...Object.entries(entry.fields),
    ...Object.entries(entry.custom ?? {}).map(([name, value]) => [`custom.${name}`, value]),
  ]
    .map(([name, value]) => `${String(name)}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n')}</pre>`
}</div>`,
)}`;
}

function mailPage({ forum }: ForumContext): Html {
  const mails = [...forum.mailbox.mails()].reverse();
  return html`<h1>Mails</h1><p class="quiet">What the forum would have sent. Nothing leaves this machine.</p><div class="card">${
    mails.length === 0
      ? html`<p class="quiet">No mail so far.</p>`
      : html`<div class="table"><table><tbody>${mails.map(
          ({ at, to, kind, path }) =>
            html`<tr><th scope="row">${dateText(at)}</th><td>${to}</td><td>${
              path === undefined ? 'Welcome!' : html`<a href="${path}">Activate your account</a>`
            }</td><td class="quiet">${kind}</td></tr>`,
        )}</tbody></table></div>`
  }</div>`;
}
