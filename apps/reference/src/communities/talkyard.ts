import { describeVariable, type Environment } from '@forum-sso/core';
import { talkyard } from '@forum-sso/core/talkyard';
import { startTalkyardEmulator } from '@forum-sso/emulators/talkyard';

import type { DemoSecrets } from '../demo-secrets.js';
import { html, trusted } from '../http/html.js';
import { guestNote } from '../pages/guest-note.js';
import type { Community, CommunityPage } from './community.js';

const blogPath = '/blog';

/** A Talkyard forum, and Talkyard's comments below the site's blog. */
export const talkyardForum: Community = {
  name: 'talkyard',
  isReal: ({ TALKYARD_URL }) => TALKYARD_URL !== undefined,
  problems: ({ TALKYARD_URL, TALKYARD_API_SECRET }) =>
    TALKYARD_URL !== undefined && TALKYARD_API_SECRET === undefined
      ? [`TALKYARD_URL names a forum: set ${describeVariable('TALKYARD_API_SECRET')}, too.`]
      : [],
  connect({ environment, secrets, url, real, siteOrigin }) {
    const pasetoSecret = pasetoSecretOf(environment, real, secrets);
    const connector = talkyard({
      serverUrl: url,
      apiSecret: apiSecretOf(environment, secrets),
      pasetoSecret,
      allowEmbeddingFrom: [siteOrigin],
      staffFlags: !real,
    });
    const blog: CommunityPage = {
      path: blogPath,
      title: 'Blog',
      async show(user, scriptNonce) {
        const comments = connector.embedComments(user, { discussionId: 'demo-blog-post', scriptNonce });
        return {
          headers: comments.headers,
          body: html`<article>
<h1>A blog post with comments</h1>
<p class="lead">The comments below are Talkyard’s. This page brings along who you are, in a token that works for two minutes; a guest’s page brings none.</p>
<p>Talkyard’s script reads the token once, when the page opens. That is why signing out of this site needs no word to Talkyard: the next page has no token, and so no login.</p>
</article>
${guestNote(user, 'confirmed')}
<section class="community" aria-label="Comments">${trusted(comments.html)}</section>`,
        };
      },
    };
    return { connector, pages: pasetoSecret === undefined ? [] : [blog] };
  },
  realUrl: ({ TALKYARD_URL = '' }) => TALKYARD_URL,
  emulate: ({ environment, secrets, connectorUrl, port, publicUrl, now }) =>
    startTalkyardEmulator({
      port,
      publicUrl,
      now,
      apiSecrets: [apiSecretOf(environment, secrets)],
      settings: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Talkyard's placeholders look like JavaScript's.
        ssoUrl: `${connectorUrl}${'?returnOrigin=${returnToOrigin}&returnPath=${returnToPathQueryHash}'}`,
        ssoLogoutRedirUrl: `${connectorUrl}/logged-out`,
        ssoPasetoV2LocalSecret: pasetoSecretOf(environment, false, secrets) ?? '',
        allowEmbeddingFrom: new URL(connectorUrl).origin,
      },
    }),
  card: ({ environment, real, connectorPath }) => ({
    title: 'Discussions',
    product: 'Talkyard',
    summary: 'A forum with an address of its own, and comments below this site’s blog.',
    open: 'Open the discussions',
    steps: [
      'Open the discussions and choose “Log In” there. Talkyard sends you to this site.',
      'Pick alice. This site tells Talkyard’s server about her, gets a secret that works once within 30 seconds, and sends you back with it.',
      'You are back where you were, logged in.',
    ],
    tries: [
      ...(real && environment.TALKYARD_PASETO_SECRET === undefined
        ? []
        : [
            {
              title: 'Comments below the blog',
              text: 'As a guest, choose “Log In” or “Reply” in the comments: you are taken to the sign-in, and back to that very comment.',
              link: { text: 'Open the blog', href: blogPath },
            },
          ]),
      {
        title: 'Logging out',
        text: 'Log out there, and you land on a page of this site that offers to end your session here, too. In the other direction there is no way: signing out here leaves you logged in there.',
      },
      {
        title: 'An address nobody confirmed',
        text: 'Sign in as carol. Talkyard would give her any account that has her address, so she has to confirm it before she may go there.',
      },
      {
        title: 'A way back to a stranger',
        text: 'A login that should end at a page of somebody else ends before anybody is asked to sign in.',
        link: { text: 'Open it', href: `${connectorPath}?${strangeReturn}` },
      },
    ],
  }),
};

const strangeReturn = new URLSearchParams({
  returnOrigin: 'check_if_legit!https://stranger.example',
  returnPath: '/',
});

/** From the environment, else made for this copy of the demo. */
function apiSecretOf({ TALKYARD_API_SECRET }: Environment, secrets: DemoSecrets): string {
  return TALKYARD_API_SECRET ?? secrets.read('talkyard-api-secret');
}

/** Undefined when a real Talkyard is used without comments. */
function pasetoSecretOf(
  { TALKYARD_PASETO_SECRET }: Environment,
  real: boolean,
  secrets: DemoSecrets,
): string | undefined {
  if (TALKYARD_PASETO_SECRET !== undefined || real) return TALKYARD_PASETO_SECRET;
  return `hex:${secrets.read('talkyard-paseto-secret')}`;
}
