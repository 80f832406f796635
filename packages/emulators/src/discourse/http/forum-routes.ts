import type { Express, Request, RequestHandler } from 'express';

import { type Html, HttpError, html, ownPagesOnly } from '../../server/index.js';
import type { ForumUser } from '../forum/records.js';
import { isSuspended } from '../forum/sso-login.js';
import { startSession } from './browser-session.js';
import { currentUser, type ForumContext, logInPath, sendForumPage } from './context.js';
import { continueAfterLogin } from './login-routes.js';
import { avatar, badges, dateText, factTable, tags } from './parts.js';
import { onwardTargets, readPayload } from './sso-payload.js';

const topics = [
  {
    id: 1,
    slug: 'welcome',
    title: 'Welcome to the forum',
    text: 'Say hello, and tell us what brought you here.',
  },
  {
    id: 2,
    slug: 'how-logins-work-here',
    title: 'How logins work here',
    text: 'You log in at our site; the forum knows you from there.',
  },
  {
    id: 3,
    slug: 'ideas',
    title: 'Ideas for the next version',
    text: 'What would you like to see? Every idea counts.',
  },
];

/** The pages that everybody sees: topics, users, groups, invitations, activation. */
export function mountForumRoutes(app: Express, context: ForumContext): void {
  const { forum, sessions, address, moderation } = context;
  const membersOnly: RequestHandler = (request, response, next) => {
    if (!forum.settings.login_required || currentUser(context, request) !== null) return next();
    sessions.open(request, response).destination = request.originalUrl;
    response.redirect(
      302,
      `${forum.origin}${forum.settings.enable_discourse_connect ? '/session/sso' : '/login'}`,
    );
  };

  app.get('/', membersOnly, (request, response) => {
    const user = currentUser(context, request);
    sendForumPage(context, request, response, {
      title: 'Topics',
      body: html`${user === null ? greeting(context) : introduction(user, forum.directory.groupNames(user))}
<div class="card"><h2>Latest topics</h2><div class="table"><table><tbody>${topics.map(
        (topic) => html`<tr><td><a href="/t/${topic.slug}/${topic.id}">${topic.title}</a></td></tr>`,
      )}</tbody></table></div></div>`,
    });
  });

  app.get(['/t/:slug/:id', '/t/:id'], membersOnly, (request, response) => {
    const topic = topics.find(({ id }) => String(id) === request.params.id);
    if (topic === undefined) throw new HttpError(404, 'There is no such topic.');
    const user = currentUser(context, request);
    sendForumPage(context, request, response, {
      title: topic.title,
      body: html`<article class="card"><h1>${topic.title}</h1><p>${topic.text}</p></article>
<p>${
        user === null
          ? html`<a class="button" href="${logInPath(context, request.path)}">Log in to reply</a>`
          : html`<span class="quiet">You would reply as <strong>${user.username}</strong>.</span>`
      }</p>`,
    });
  });

  app.get('/u', membersOnly, (request, response) => {
    const users = forum.directory.users();
    sendForumPage(context, request, response, {
      title: 'Users',
      body: html`<h1>Users</h1><div class="card">${
        users.length === 0
          ? html`<p class="quiet">Nobody is here yet. An account is made at the first login.</p>`
          : html`<div class="table"><table><thead><tr><th scope="col">User</th><th scope="col">Name</th><th scope="col">E-mail</th><th scope="col">External id</th><th scope="col"></th></tr></thead>
<tbody>${users.map(
              (user) =>
                html`<tr><td><a class="person" href="/u/${encodeURIComponent(user.username)}">${avatar(user, 'small')}${user.username}</a></td><td>${user.name}</td><td>${user.email}</td><td><code>${user.signOn?.externalId ?? '–'}</code></td><td>${badges(user, isSuspended(user, forum.now()))}</td></tr>`,
            )}</tbody></table></div>`
      }</div>`,
    });
  });

  app.get('/u/account-created', (request, response) => {
    const message = sessions.read(request)?.accountCreatedMessage ?? null;
    sendForumPage(context, request, response, {
      title: 'Account created',
      body: html`<div class="card"><h1>Almost there</h1><p>${message ?? 'There is nothing to activate in this browser.'}</p>
<p class="quiet">No mail leaves the emulator: see <a href="/mails">what it would have sent</a>.</p></div>`,
    });
  });

  app.get('/u/activate-account/:token', (request, response) =>
    sendForumPage(context, request, response, {
      title: 'Activate account',
      formTargets: onwardTargets(readPayload(context, request)),
      body: html`<div class="card"><h1>Welcome!</h1><p>Press the button to activate your account.</p>
<form method="post"><button>Activate my account</button></form></div>`,
    }),
  );

  app.post('/u/activate-account/:token', ownPagesOnly(address), (request, response) => {
    const user = forum.directory.byId(forum.mailbox.takeActivation(parameter(request, 'token')));
    if (user === undefined)
      throw new HttpError(404, 'This activation link is not valid, or was used before.');
    moderation.activate(user);
    const mayLogIn = (!forum.settings.must_approve_users || user.approved) && !isSuspended(user, forum.now());
    if (!mayLogIn) {
      response.redirect(302, `${forum.origin}/`);
      return;
    }
    startSession(context, request, response, user);
    continueAfterLogin(context, request, response);
  });

  app.get('/u/:username', membersOnly, (request, response) => {
    const user = forum.directory.byUsername(parameter(request, 'username'));
    if (user === undefined) throw new HttpError(404, 'There is no such user.');
    sendForumPage(context, request, response, { title: user.username, body: profile(context, user) });
  });

  app.get('/g', membersOnly, (request, response) =>
    sendForumPage(context, request, response, {
      title: 'Groups',
      body: html`<h1>Groups</h1><div class="card"><div class="table"><table>
<thead><tr><th scope="col">Group</th><th scope="col">Kind</th><th scope="col">Members</th></tr></thead><tbody>${forum.directory
        .groupViews()
        .map(
          ({ name, automatic, members }) =>
            html`<tr><td><strong>${name}</strong></td><td class="quiet">${automatic ? 'automatic' : 'custom'}</td><td>${tags(members)}</td></tr>`,
        )}</tbody></table></div></div>`,
    }),
  );

  app.get('/invites/:key', (request, response) => {
    const key = parameter(request, 'key');
    if (!forum.invites.has(key)) throw new HttpError(404, 'There is no such invitation.');
    sessions.open(request, response).inviteKey = key;
    sendForumPage(context, request, response, {
      title: 'Invitation',
      body: html`<div class="card"><h1>You are invited</h1><p>Log in at our site to accept the invitation.</p>
<p><a class="button" href="/session/sso">Accept and log in</a></p></div>`,
    });
  });
}

function parameter(request: Request, name: string): string {
  const value: unknown = request.params[name];
  return typeof value === 'string' ? value : '';
}

function greeting(context: ForumContext): Html {
  return html`<div class="card"><h1>Welcome to ${context.forum.settings.title}</h1><p>You are not logged in.</p>
<p><a class="button" href="${logInPath(context, '/')}">Log In</a></p></div>`;
}

function introduction(user: ForumUser, groups: readonly string[]): Html {
  return html`<div class="card"><div class="person">${avatar(user)}<div><h1 class="flat">You are ${user.name || user.username}</h1>
<span class="quiet">@${user.username}</span> ${badges(user, false)}</div></div>
<h2>Your groups</h2><p>${tags(groups)}</p></div>`;
}

function profile({ forum }: ForumContext, user: ForumUser): Html {
  const suspended = isSuspended(user, forum.now());
  const record = user.signOn;
  const image = (fetched: ForumUser['avatar']): string =>
    fetched === null ? '' : `${fetched.url} (fetched ${fetched.count}×, last ${dateText(fetched.fetchedAt)})`;
  return html`<div class="card"><div class="person">${avatar(user)}<div><h1 class="flat">${user.name || user.username}</h1>
<span class="quiet">@${user.username}</span> ${badges(user, suspended)}</div></div>
${user.bio !== '' && html`<p class="pre">${user.bio}</p>`}</div>
<div class="card"><h2>Account</h2>${factTable([
    ['User id', String(user.id)],
    ['E-mail', user.email],
    ['Title', user.title ?? ''],
    ['Locale', user.locale ?? ''],
    ['Website', user.website],
    ['Location', user.location],
    ['Trust level', String(user.trustLevel)],
    ['Groups', tags(forum.directory.groupNames(user))],
    ['Avatar', image(user.avatar)],
    ['Profile background', image(user.profileBackground)],
    ['Card background', image(user.cardBackground)],
    ['Suspended', suspended ? `until ${dateText(user.suspendedTill)}: ${user.suspendReason ?? ''}` : 'no'],
    ['Created', dateText(user.createdAt)],
    ['Last seen', dateText(user.lastSeenAt)],
    ['IP address', user.ipAddress ?? ''],
  ])}</div>
<div class="card"><h2>Custom fields</h2>${
    Object.keys(user.customFields).length === 0
      ? html`<p class="quiet">none</p>`
      : factTable(Object.entries(user.customFields))
  }</div>
<div class="card"><h2>DiscourseConnect record</h2>${
    record === null
      ? html`<p class="quiet">This account is not linked to the site.</p>`
      : factTable([
          ['External id', html`<code>${record.externalId}</code>`],
          ['Username', record.externalUsername ?? ''],
          ['E-mail', record.externalEmail ?? ''],
          ['Name', record.externalName ?? ''],
          ['Avatar', record.externalAvatarUrl ?? ''],
          ['Last payload', html`<code>${record.lastPayload}</code>`],
        ])
  }</div>`;
}
