import { describeVariable, type Environment } from '@forum-sso/core';
import { coral } from '@forum-sso/core/coral';
import { startCoralEmulator } from '@forum-sso/emulators/coral';

import type { DemoSecrets } from '../demo-secrets.js';
import { html, trusted } from '../http/html.js';
import { guestNote } from '../pages/guest-note.js';
import type { Community, CommunityPage } from './community.js';

const newsPath = '/news';

/** Coral's comments below the site's news. */
export const coralComments: Community = {
  name: 'coral',
  isReal: ({ CORAL_URL }) => CORAL_URL !== undefined,
  problems: ({ CORAL_URL, CORAL_SSO_SECRET }) =>
    CORAL_URL !== undefined && CORAL_SSO_SECRET === undefined
      ? [`CORAL_URL names a Coral: set ${describeVariable('CORAL_SSO_SECRET')}, too.`]
      : [],
  connect({ environment, secrets, url, real, siteOrigin }) {
    const { CORAL_SSO_KID, CORAL_ACCESS_TOKEN, CORAL_WEBHOOK_SECRET } = environment;
    const webhookSecret = CORAL_WEBHOOK_SECRET ?? (real ? undefined : webhookSecretOf(environment, secrets));
    const connector = coral({
      coralUrl: url,
      secret: signingSecretOf(environment, secrets),
      kid: real ? CORAL_SSO_KID : keyIdOf(environment, secrets),
      // The emulator has a sample page of its own, on its own origin.
      origins: real ? [] : [url],
      // A real Coral decides about roles itself.
      roles: real ? 'coral' : 'site',
      api: CORAL_ACCESS_TOKEN === undefined ? undefined : { accessToken: CORAL_ACCESS_TOKEN },
      // What the site would do with an event is its own business; the event log shows that it came.
      webhook: webhookSecret === undefined ? undefined : { secret: webhookSecret, onEvent: () => {} },
    });
    const news: CommunityPage = {
      path: newsPath,
      title: 'News',
      async show(user, nonce) {
        const stream = await connector.embed({
          storyId: 'demo-news-story',
          storyUrl: siteOrigin + newsPath,
          nonce,
        });
        return {
          headers: [],
          body: html`<article>
<h1>A news story with comments</h1>
<p class="lead">The comments below are Coral’s. Its script gets a token from this site that says who you are and works for 15 minutes; the page fetches the next one by itself.</p>
<p>This page itself holds nothing of you for Coral and might come from a cache. Only the address for tokens looks at your session.</p>
</article>
${guestNote(user, 'confirmed')}
<section class="community card" aria-label="Comments">${trusted(stream)}</section>`,
        };
      },
    };
    return { connector, pages: [news] };
  },
  realUrl: ({ CORAL_URL = '' }) => CORAL_URL,
  async emulate({ environment, secrets, connectorUrl, callbackUrl, port, publicUrl, now }) {
    const { accessToken, close } = await startCoralEmulator({
      port,
      publicUrl,
      now,
      signingSecrets: [
        {
          kid: keyIdOf(environment, secrets),
          secret: signingSecretOf(environment, secrets),
          createdAt: now(),
        },
      ],
      allowedOrigins: [new URL(connectorUrl).origin],
      webhooks: [
        {
          url: `${callbackUrl}/webhook`,
          secrets: [{ kid: 'demo', secret: webhookSecretOf(environment, secrets), createdAt: now() }],
        },
      ],
      page: {
        tokenUrl: `${connectorUrl}/token`,
        signInUrl: `${connectorUrl}/sign-in?returnTo={return}`,
        signOutUrl: `${connectorUrl}/sign-out`,
      },
    });
    return { close, variables: { CORAL_ACCESS_TOKEN: accessToken } };
  },
  card: ({ real, url }) => ({
    title: 'Comments',
    product: 'Coral',
    summary: 'Comments below this site’s news; the page fetches a token for whoever is signed in.',
    open: 'Open the news page',
    opensAt: newsPath,
    steps: [
      'Open the news page. In its comments you are a guest; choose “Sign In” there.',
      'Pick alice: you are taken back to the comments, and they know you.',
      'Write something. Coral learned your name from a token of this site, and asks for no password.',
    ],
    tries: [
      {
        title: 'Signing out in the comments',
        text: '“Sign Out” there makes the token worthless and ends your session here, too.',
      },
      {
        title: 'Another address, without a login',
        text: 'Once alice has been in the comments, change her address on her account’s page here and confirm it: Coral’s list of people has the new one.',
        link: { text: 'Open the account', href: '/account' },
      },
      {
        title: 'An address nobody confirmed',
        text: 'Sign in as carol. Coral joins accounts by their addresses, so this site gives out no token for one that nobody confirmed: she stays a guest.',
      },
      {
        title: 'A suspended account',
        text: 'Sign in as dave. He gets no token, either, and none of the next ones if he is suspended while he reads.',
      },
      ...(real
        ? []
        : [
            {
              title: 'A page on another origin',
              text: 'Coral’s sample page stands on Coral’s origin. That is on the list of this site, so it gets your token; a page of anybody else gets nothing.',
              link: { text: 'Open the sample page', href: url },
            },
          ]),
    ],
  }),
};

/** From the environment, else made for this copy of the demo, in the form in which Coral makes them. */
function signingSecretOf({ CORAL_SSO_SECRET }: Environment, secrets: DemoSecrets): string {
  return CORAL_SSO_SECRET ?? `ssosec_${secrets.read('coral-sso-secret')}`;
}

function keyIdOf({ CORAL_SSO_KID }: Environment, secrets: DemoSecrets): string {
  return CORAL_SSO_KID ?? secrets.read('coral-sso-kid').slice(0, 16);
}

function webhookSecretOf({ CORAL_WEBHOOK_SECRET }: Environment, secrets: DemoSecrets): string {
  return CORAL_WEBHOOK_SECRET?.[0] ?? `whsec_${secrets.read('coral-webhook-secret')}`;
}
