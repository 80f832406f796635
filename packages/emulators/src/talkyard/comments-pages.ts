import type { Express } from 'express';

import { html, ownPagesOnly, readForm, sendPage } from '../server/index.js';
import { commentsScript, frameScript } from './comments-script.js';
import { sendForumPage, shell } from './frame.js';
import { readJsonBody } from './json-body.js';
import { embeddingSources } from './settings.js';
import type { Site } from './site.js';
import { TalkyardError } from './talkyard-error.js';
import { asObject } from './user-input.js';

/** Comments for other sites' pages: the script they load, the frame, and what the frame calls. */
export function mountComments(app: Express, site: Site, port: number): void {
  for (const name of ['talkyard-comments.min.js', 'talkyard-comments.js']) {
    app.get(`/-/${name}`, (_request, response) => {
      response.type('text/javascript').send(commentsScript);
    });
  }

  app.get('/-/embedded-comments', (request, response) => {
    const query = new URL(request.originalUrl, site.origin).searchParams;
    const allowed = [site.origin, ...embeddingSources(site.settings(), site.origin)];
    const embeddingUrl = query.get('embeddingUrl') ?? '';
    const discussion = query.get('discussionId') || embeddingUrl;
    const page = URL.canParse(embeddingUrl) ? new URL(embeddingUrl).origin : '';
    sendPage(response, shell, {
      title: 'Comments',
      body: html`<div id="comments" data-discussion="${discussion.slice(0, 500)}" data-page="${allowed.includes(page) ? page : ''}"
 data-template="${site.settings().ssoUrl}" data-sso-how="${query.get('ssoHow') ?? ''}">
<p class="card"><span id="who" data-you="">You are a guest.</span>
<button type="button" id="logIn">Log In</button> <button type="button" id="logOut" class="plain">Log Out</button></p>
<pre id="error" role="alert"></pre>
<ol id="list"></ol>
<form id="write"><label for="text">Comment</label><textarea id="text" name="text" rows="3" cols="50" required></textarea>
<p><button>Post comment</button></p></form></div>`,
      script: frameScript,
      frameAncestors: ["'self'", ...allowed].join(' '),
    });
  });

  app.post('/-/embedded-state', ownPagesOnly({ origin: site.origin, port }), async (request, response) => {
    const body = asObject(await readJsonBody(request, 5_000));
    const session = site.sessions.read(request);
    const member = session === undefined ? undefined : site.community.byId(session.memberId);
    if (member?.state === 'suspended')
      throw new TalkyardError(403, 'TyESUSPENDED_', 'Your account has been suspended');
    const discussion = site.discussions.embedded(String(body?.discussion ?? '').slice(0, 500));
    response.json({
      you: member === undefined ? null : { username: member.username, fullName: member.fullName ?? null },
      comments: discussion?.posts ?? [],
    });
  });

  app.post('/-/embedded-comment', ownPagesOnly({ origin: site.origin, port }), async (request, response) => {
    const body = asObject(await readJsonBody(request, 5_000));
    const session = site.sessions.read(request);
    const member = session === undefined ? undefined : site.community.byId(session.memberId);
    if (session === undefined || member === undefined) {
      throw new TalkyardError(403, 'TyE0AUTHN_', 'You need to be logged in');
    }
    if (request.headers['x-xsrf-token'] !== session.xsrfToken)
      throw new TalkyardError(403, 'TyEXSRF', 'Bad xsrf token');
    const discussion = site.discussions.embedded(String(body?.discussion ?? '').slice(0, 500));
    const text = body?.text;
    const posted = discussion !== undefined && typeof text === 'string';
    if (!posted || !site.discussions.reply(discussion, member.username, text)) {
      throw new TalkyardError(400, 'TyEBADCOMMENT', 'The comment could not be stored');
    }
    response.json({ ok: true });
  });

  // A page as a blog would have it, for trying a token by hand.
  app.get('/-/embed-test', (request, response) => {
    sendForumPage(request, response, site, {
      title: 'Comments test',
      body: html`<h1>Comments as on a blog</h1>
<form class="card" method="post" action="/-/embed-test"><label for="token">Token for the page, <code>paseto:v2.local.…</code></label>
<textarea id="token" name="token" rows="4" cols="70"></textarea><p><button>Show the page with it</button></p></form>`,
    });
  });
  app.post('/-/embed-test', ownPagesOnly({ origin: site.origin, port }), async (request, response) => {
    const token = (await readForm(request)).get('token')?.trim() ?? '';
    const globals = {
      talkyardServerUrl: site.origin,
      talkyardAuthnToken: token,
      talkyardSsoHow: 'RedirPage',
    };
    sendPage(response, shell, {
      title: 'Comments test',
      body: html`<h1>A blog page</h1><p>Its comments stand below.</p>
<div class="talkyard-comments" data-discussion-id="embed-test"></div>
<script defer src="${site.origin}/-/talkyard-comments.min.js"></script>`,
      script: `Object.assign(window, ${JSON.stringify(globals).replaceAll('<', '\\u003c')});`,
      scriptOrigins: [site.origin],
    });
  });
}
