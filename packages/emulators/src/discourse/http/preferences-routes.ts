import type { Express, Request } from 'express';

import { type Html, HttpError, html, ownPagesOnly, readForm } from '../../server/index.js';
import { changeEmail, updateProfile } from '../forum/profile.js';
import { RecordInvalid } from '../forum/record-invalid.js';
import type { ForumUser } from '../forum/records.js';
import { currentUser, type ForumContext, sendForumPage } from './context.js';

/** What people change about themselves: `/u/<username>/preferences`. */
export function mountPreferencesRoutes(app: Express, context: ForumContext): void {
  const { forum, sessions, address } = context;
  const path = '/u/:username/preferences';
  const ownPages = ownPagesOnly(address);

  app.get(path, (request, response) => {
    const user = owner(context, request);
    sendForumPage(context, request, response, {
      title: 'Preferences',
      body: preferences(forum.settings.email_editable, user),
    });
  });

  app.post(path, ownPages, async (request, response) => {
    const user = owner(context, request);
    if (forum.modes.readOnly) throw new HttpError(503, 'The forum is read-only for now.');
    const form = await readForm(request);
    const text = (name: string): string => form.get(name)?.trim() ?? '';
    try {
      if (forum.settings.email_editable && text('email') !== user.email)
        changeEmail(forum, user, text('email'));
      updateProfile(forum, user, {
        name: text('name'),
        bio: text('bio'),
        website: text('website'),
        location: text('location'),
        ...(text('timezone') === '' ? {} : { timezone: text('timezone') }),
      });
    } catch (error) {
      if (error instanceof RecordInvalid) throw new HttpError(422, error.message);
      throw error;
    }
    response.redirect(303, `${forum.origin}/u/${encodeURIComponent(user.username)}`);
  });

  // "Log out all" ends every session and tells no webhook.
  app.post(`${path}/log-out-all`, ownPages, (request, response) => {
    const user = owner(context, request);
    sessions.endWhere(({ userId }) => userId === user.id);
    response.redirect(303, `${forum.origin}/`);
  });
}

/** The person whose page it is, who must be the one who is logged in. */
function owner(context: ForumContext, request: Request): ForumUser {
  const user = currentUser(context, request);
  if (user === null || context.forum.directory.byUsername(String(request.params.username)) !== user) {
    throw new HttpError(404, 'These are not your preferences.');
  }
  return user;
}

function preferences(emailIsEditable: boolean, user: ForumUser): Html {
  const field = (name: string, label: string, value: string): Html =>
    html`<label for="${name}">${label}</label><input id="${name}" name="${name}" value="${value}">`;
  const path = `/u/${encodeURIComponent(user.username)}/preferences`;
  return html`<h1>Preferences</h1><div class="card"><form method="post" action="${path}">
${field('name', 'Name', user.name)}
${
  emailIsEditable
    ? field('email', 'E-mail', user.email)
    : html`<p><strong>E-mail</strong> ${user.email} <span class="quiet">(cannot be changed here)</span></p>`
}
<label for="bio">About me</label><textarea id="bio" name="bio" rows="4" cols="50">${user.bio}</textarea>
${field('website', 'Website', user.website)}${field('location', 'Location', user.location)}
${field('timezone', 'Time zone', user.timezone ?? '')}
<p><button>Save</button></p></form></div>
<div class="card"><h2>Sessions</h2><p>End all your sessions, in every browser.</p>
<form method="post" action="${path}/log-out-all"><button class="plain">Log out all</button></form></div>`;
}
