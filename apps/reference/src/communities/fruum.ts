import { describeVariable, type Environment } from '@forum-sso/core';
import { fruum, fruumPageHeaders } from '@forum-sso/core/fruum';
import { startFruumEmulator } from '@forum-sso/emulators/fruum';

import type { DemoSecrets } from '../demo-secrets.js';
import { html, trusted } from '../http/html.js';
import { guestNote } from '../pages/guest-note.js';
import type { Community, CommunityPage } from './community.js';

const helpPath = '/help';

/** A Fruum forum inside a page of the site. */
export const fruumPanel: Community = {
  name: 'fruum',
  isReal: ({ FRUUM_URL }) => FRUUM_URL !== undefined,
  problems(environment) {
    if (environment.FRUUM_URL === undefined) return [];
    const needed = ['FRUUM_FORUM_ID', 'FRUUM_SECRET'] as const;
    return needed
      .filter((name) => environment[name] === undefined)
      .map((name) => `FRUUM_URL names a forum: set ${describeVariable(name)}, too.`);
  },
  connect({ environment, secrets, url, real }) {
    const caller = real ? environment.FRUUM_CALLER : callerOf(environment, secrets);
    const connector = fruum({
      fruumUrl: url,
      forumId: forumIdOf(environment),
      secret: environment.FRUUM_SECRET ?? secrets.read('fruum-secret'),
      ...(caller === undefined ? {} : { caller }),
    });
    const help: CommunityPage = {
      path: helpPath,
      title: 'Help',
      async show(user, nonce) {
        const scripts = await connector.embed(user, { settings: { container: '#forum' }, nonce });
        return {
          headers: fruumPageHeaders,
          body: html`<h1>Help, with a forum inside</h1>
<p class="lead">The forum below is Fruum’s. This page hands it a value that only this site can have made; Fruum’s server shows it to this site’s server and asks who you are.</p>
${guestNote(user, 'any')}
<section id="forum" class="community" aria-label="Forum"></section>
<p class="quiet small">The value lives for eight hours, and an open page fetches the next one in time. Sign out, and all that were made before are worthless.</p>
${trusted(scripts)}`,
        };
      },
    };
    return { connector, pages: [help] };
  },
  realUrl: ({ FRUUM_URL = '' }) => FRUUM_URL,
  emulate: ({ environment, secrets, connectorUrl, callbackUrl, port, publicUrl, now }) =>
    startFruumEmulator({
      port,
      publicUrl,
      now,
      forums: [
        {
          id: forumIdOf(environment),
          authUrl: authUrlFor(callerOf(environment, secrets), `${callbackUrl}/auth`),
          fullpageUrl: new URL(connectorUrl).origin + helpPath,
        },
      ],
    }),
  card: ({ environment, real, url }) => ({
    title: 'Help',
    product: 'Fruum',
    summary: 'A forum inside this site’s help page. Its server asks this site’s server who somebody is.',
    open: 'Open the help page',
    opensAt: helpPath,
    steps: [
      'Open the help page. For the forum in it you are anonymous, and nobody was asked.',
      'Sign in as alice and open the page again: now the forum says who you are.',
      'Sign out on that page. The forum forgets you at once, in other tabs, too.',
    ],
    tries: [
      {
        title: 'An address nobody confirmed',
        text: 'Sign in as carol. She may come in, but the forum is not told her address and so sends no mail to it.',
      },
      {
        title: 'A suspended account',
        text: 'Sign in as dave. The forum takes him for anonymous: the account is looked up at each connection.',
      },
      ...(real
        ? []
        : [
            {
              title: 'What Fruum asked',
              text: 'Each connection of a panel is a question to this site. The emulator shows the questions and what came back.',
              link: { text: 'See the questions', href: `${url}/overview` },
            },
            {
              title: 'A borrowed value',
              text: 'Take fruumSettings.user out of the help page with your browser’s console, sign out, and hand it to the panel over there: it is worth nothing any more.',
              link: {
                text: 'Hand it over',
                href: `${url}/try/${encodeURIComponent(forumIdOf(environment))}`,
              },
            },
          ]),
    ],
  }),
};

function forumIdOf({ FRUUM_FORUM_ID }: Environment): string {
  return FRUUM_FORUM_ID ?? 'demo';
}

/** How the emulator shows that it is Fruum: from the environment, else made for this copy of the demo. */
function callerOf({ FRUUM_CALLER }: Environment, secrets: DemoSecrets): string {
  return FRUUM_CALLER ?? `fruum:${secrets.read('fruum-caller')}`;
}

/** The auth URL with name and password, or with the key, in it. */
function authUrlFor(caller: string, url: string): string {
  return caller.includes(':') ? url.replace('://', `://${caller}@`) : `${url}?k=${caller}`;
}
