import type { Environment } from '@forum-sso/core';
import { discourse } from '@forum-sso/core/discourse';
import { startDiscourseEmulator } from '@forum-sso/emulators/discourse';
import { clubGroupMap } from '../club-accounts.js';
import type { DemoSecrets } from '../demo-secrets.js';
import { demoGroups } from '../people.js';
import type { Community } from './community.js';
import { missingSecret, realDirections } from './discourse-directions.js';

/** Groups of the site that the forum has as well. */
const forumGroups = [...demoGroups, ...Object.keys(clubGroupMap)];

/** A Discourse forum: the site logs people in to it. */
export const discourseForum: Community = {
  name: 'discourse',
  isReal: (environment) => realDirections(environment).siteToForum,
  problems: missingSecret,
  connect: ({ environment, secrets, url, real }) => ({
    connector: discourse({
      forumUrl: url,
      secret: connectSecrets(environment, secrets),
      groups: { mode: 'managed', names: forumGroups },
      api: apiOf(environment, real, secrets),
    }),
    pages: [],
  }),
  realUrl: ({ DISCOURSE_URL = '' }) => DISCOURSE_URL,
  emulate: ({ environment, secrets, connectorUrl, port, publicUrl, now }) =>
    startDiscourseEmulator({
      port,
      publicUrl,
      now,
      connectUrl: connectorUrl,
      connectSecret: connectSecrets(environment, secrets)[0],
      settings: {
        title: 'Example Forum',
        // What changes at the site changes here, not only at the first login.
        auth_overrides_email: true,
        email_editable: false,
        auth_overrides_name: true,
      },
      groups: forumGroups,
      apiKeys: [{ key: apiKeyOf(environment, secrets), description: 'The site beside this forum' }],
    }),
  card: ({ real, url, connectorPath }) => ({
    title: 'Forum',
    product: 'Discourse',
    summary: 'A forum with an address of its own. It sends people here, with a signed question, to sign in.',
    open: 'Open the forum',
    steps: [
      'Open the forum and choose “Log In” there. The forum asks this site who you are.',
      'You are not signed in here yet, so you see this site’s own sign-in. Pick alice.',
      real
        ? 'You are back at the forum, logged in under the same name, without another password.'
        : 'You are back at the forum, logged in under the same name, with your groups and rights, without another password.',
    ],
    tries: [
      {
        title: 'Straight to a topic',
        text: 'Logged out at the forum, open a topic and choose “Log in to reply”: you come back to that very topic.',
      },
      {
        title: 'An address nobody confirmed',
        text: 'Sign in as carol. The site does not vouch for her address, so the forum makes an account that waits for her confirmation.',
      },
      {
        title: 'A suspended account',
        text: 'Sign in as dave. On his way to the forum he gets a page that says why it ends here.',
      },
      {
        title: 'Groups, without a login',
        text: 'Once alice is known at the forum, change her groups or her address on her account’s page here. The forum follows at once, and shows it on her page there.',
        link: { text: 'Open the account', href: '/account' },
      },
      ...(real
        ? []
        : [
            {
              title: 'A forum that fails',
              text: 'Let its API fail below /admin/users, change something here, and watch the queue try again until the forum is well.',
              link: { text: 'Open the switches for faults', href: `${url}/admin/faults` },
            },
          ]),
      {
        title: 'A forged request',
        text: 'A login request that was not signed with the forum’s secret.',
        link: {
          text: 'Open it',
          href: `${connectorPath}?sso=${forgedRequest}&sig=${'0'.repeat(64)}`,
        },
      },
    ],
  }),
};

/** `nonce=forged`, in base64, percent-encoded. */
const forgedRequest = encodeURIComponent(Buffer.from('nonce=forged').toString('base64'));

/** From the environment, else made for this copy of the demo. Never empty. */
function connectSecrets(
  { DISCOURSE_CONNECT_SECRET }: Environment,
  secrets: DemoSecrets,
): readonly [string, ...string[]] {
  return DISCOURSE_CONNECT_SECRET ?? [secrets.read('discourse-connect-secret')];
}

/** Without a key of a real forum, it learns of people when they log in, and of nothing between. */
function apiOf(
  environment: Environment,
  real: boolean,
  secrets: DemoSecrets,
): { readonly key: string; readonly user?: string | undefined } | undefined {
  if (!real) return { key: apiKeyOf(environment, secrets) };
  const { DISCOURSE_ADMIN_API_KEY: key, DISCOURSE_ADMIN_API_USER: user } = environment;
  return key === undefined ? undefined : { key, user };
}

/** The emulator's. The key of a real forum is not told to the emulator of another. */
function apiKeyOf({ DISCOURSE_URL, DISCOURSE_ADMIN_API_KEY }: Environment, secrets: DemoSecrets): string {
  const given = DISCOURSE_URL === undefined ? DISCOURSE_ADMIN_API_KEY : undefined;
  return given ?? secrets.read('discourse-admin-api-key');
}
