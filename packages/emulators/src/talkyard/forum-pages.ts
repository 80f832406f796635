import type { Express, Request, RequestHandler, Response } from 'express';

import { HttpError, html, ownPagesOnly, readForm } from '../server/index.js';
import type { Member } from './community.js';
import type { Discussion } from './discussions.js';
import { readVisitor, sendForumPage, ssoHref, ssoLink } from './frame.js';
import type { Site } from './site.js';
import { fillSsoUrl } from './sso-url.js';
import { TalkyardError } from './talkyard-error.js';

/** The pages of the forum itself. */
export function mountForumPages(app: Express, site: Site, port: number): void {
  /** Refuses members who may not come in, and strangers where only members may read. */
  const readers: RequestHandler = (request, response, next) => {
    const visitor = readVisitor(request, site);
    if (visitor?.state === 'suspended')
      throw new TalkyardError(403, 'TyESUSPENDED_', 'Your account has been suspended');
    if (visitor?.state === 'unapproved') {
      throw new TalkyardError(403, 'TyMAPPRPEND_', 'Your account has not yet been approved');
    }
    if (visitor !== undefined || !site.settings().userMustBeAuthenticated) next();
    else sendAccessDenied(request, response, site);
  };

  app.get('/', readers, (request, response) => {
    const visitor = readVisitor(request, site);
    sendForumPage(request, response, site, {
      title: 'Topics',
      body: html`<h1>Topics</h1>${greeting(visitor)}
${site.discussions.topics.map(
  (topic) => html`<article class="card"><h2><a href="${topicPath(topic)}">${topic.title}</a></h2>
<p class="quiet">${topic.posts.length} ${topic.posts.length === 1 ? 'post' : 'posts'}</p></article>`,
)}`,
    });
  });

  app.get(/^\/-(\d{1,9})\/[a-z0-9-]*$/, readers, (request, response) => {
    const topic = site.discussions.topic(Number(request.params[0]));
    if (topic === undefined) throw new HttpError(404, 'There is no such topic.');
    const visitor = readVisitor(request, site);
    sendForumPage(request, response, site, {
      title: topic.title,
      body: html`<h1>${topic.title}</h1>${greeting(visitor)}
${topic.posts.map(
  ({
    nr,
    author,
    text,
  }) => html`<article class="card" id="post-${nr}"><p><strong>@${author}</strong></p><p>${text}</p>
${visitor === undefined && ssoLink(request, site, `Reply to post ${nr}`, `#post-${nr}`)}</article>`,
)}
${
  visitor !== undefined &&
  html`<form class="card" method="post" action="/-/reply"><input type="hidden" name="topic" value="${topic.id}">
<label for="text">Reply as @${visitor.username}</label><textarea id="text" name="text" rows="3" cols="60" required></textarea>
<p><button>Post reply</button></p></form>`
}`,
    });
  });

  app.post('/-/reply', ownPagesOnly({ origin: site.origin, port }), readers, async (request, response) => {
    const visitor = readVisitor(request, site);
    if (visitor === undefined) throw new TalkyardError(403, 'TyE0AUTHN_', 'You need to be logged in');
    const form = await readForm(request);
    const topic = site.discussions.topic(Number(form.get('topic')));
    if (topic === undefined) throw new HttpError(404, 'There is no such topic.');
    site.discussions.reply(topic, visitor.username, form.get('text') ?? '');
    response.redirect(303, `${topicPath(topic)}#post-${topic.posts.length}`);
  });

  app.get('/-/search', readers, (request, response) => {
    const query = new URL(request.originalUrl, site.origin).searchParams;
    const words = query.get('q') ?? '';
    const sort = query.get('sort') ?? '';
    const found = site.discussions.topics.filter(({ title, posts }) =>
      [title, ...posts.map(({ text }) => text)].some((text) =>
        text.toLowerCase().includes(words.toLowerCase()),
      ),
    );
    sendForumPage(request, response, site, {
      title: 'Search',
      body: html`<h1>Search</h1>${greeting(readVisitor(request, site))}
<form class="card row" method="get" action="/-/search"><label for="q">Words</label><input id="q" name="q" value="${words}">
<label for="sort">Order</label><input id="sort" name="sort" value="${sort}"><button>Search</button></form>
<ul id="found">${found.map((topic) => html`<li><a href="${topicPath(topic)}">${topic.title}</a></li>`)}</ul>`,
    });
  });

  // Lets an administrator try the site's login while nobody else is sent there yet.
  app.get('/-/sso-test', (request, response) => {
    const { ssoUrl, enableSso } = site.settings();
    const page = { origin: site.origin, path: request.originalUrl, hash: '' };
    sendForumPage(request, response, site, {
      title: 'Single sign-on test',
      body: html`<h1>Single sign-on test</h1>${greeting(readVisitor(request, site))}
<div class="card"><p>Single sign-on is ${enableSso ? 'on' : 'off'}.</p>
${
  ssoUrl === ''
    ? html`<p>No single sign-on URL has been set.</p>`
    : html`<p>Template: <code id="template">${ssoUrl}</code></p>
<p><a class="button" id="test" href="${fillSsoUrl(ssoUrl, page)}" data-sso-template="${ssoUrl}" data-sso-anchor="">Try it</a></p>`
}</div>`,
    });
  });

  app.get('/-/login-popup', (request, response) => {
    const visitor = readVisitor(request, site);
    const session = site.sessions.read(request);
    sendForumPage(request, response, site, {
      title: 'Log in',
      body: html`<h1>Log in</h1>${greeting(visitor)}<p>${visitor === undefined && ssoLink(request, site, 'Go to the login')}</p>
<p id="session" data-weak-id="${session?.weakId ?? ''}" data-xsrf="${session?.xsrfToken ?? ''}"></p>`,
      script: popupScript,
    });
  });
}

/** Hands the session over to the comments whose button opened the window, and closes it. */
const popupScript = `
const { weakId, xsrf } = document.getElementById('session').dataset;
if (weakId !== '' && window.opener !== null) {
  window.opener.postMessage({ talkyard: 'popupLoggedIn', weakId, xsrf }, location.origin);
  window.close();
}
`;

function sendAccessDenied(request: Request, response: Response, site: Site): void {
  const { ssoLogoutRedirUrl, ssoLoginRequiredLogoutUrl } = site.settings();
  // Without a place to go to after a log-out, going on by itself would log everybody in again at once.
  const goesOn = ssoLogoutRedirUrl !== '' || ssoLoginRequiredLogoutUrl !== '';
  const href = ssoHref(request, site);
  sendForumPage(request, response, site, {
    status: 403,
    title: 'Access denied',
    body: html`<h1>Access denied</h1><p>Only members may read this. [TyM0LGDIN_]</p>`,
    ...(goesOn && href !== undefined
      ? { script: "document.querySelector('a[data-sso-template]').click();" }
      : {}),
  });
}

function greeting(visitor: Member | undefined) {
  if (visitor === undefined) return html`<p class="card" data-you="">You are a guest.</p>`;
  return html`<p class="card" data-you="${visitor.username}">You are <strong>@${visitor.username}</strong>${
    visitor.fullName !== undefined && html` (${visitor.fullName})`
  }, member ${visitor.id}${visitor.admin && ', administrator'}.</p>`;
}

function topicPath({ id, title }: Discussion): string {
  return `/-${id}/${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
}
