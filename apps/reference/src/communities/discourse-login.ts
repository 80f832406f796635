import type { Environment } from '@forum-sso/core';
import { discourseLogin, readForumProfile } from '@forum-sso/core/discourse';
import { startDiscourseEmulator } from '@forum-sso/emulators/discourse';

import { clubAccounts, clubGroupMap } from '../club-accounts.js';
import type { DemoSecrets } from '../demo-secrets.js';
import { clubSection } from '../pages/club-section.js';
import type { Community } from './community.js';
import { realDirections } from './discourse-directions.js';

const name = 'discourse-login';

/** A second Discourse forum, the other way round: people sign in to the site with their account there. */
export const clubForum: Community = {
  name,
  isReal: (environment) => realDirections(environment).forumToSite,
  problems: () => [],
  connect({ environment, secrets, url, real, connectorPath, people, store, ...site }) {
    const api = apiOf(environment, secrets, real);
    const webhookSecrets = webhookSecretsOf(environment, secrets, real);
    const connector = discourseLogin({
      name,
      forumUrl: url,
      secret: loginSecretsOf(environment, secrets),
      autoRelogin: true,
      seamlessLogin: site.seamlessLogin,
      groupMap: clubGroupMap,
      ...(api === undefined ? {} : { api }),
      ...(webhookSecrets === undefined ? {} : { webhook: { secret: webhookSecrets } }),
      logout: {
        offerEverywhere: api !== undefined,
        forwardToForum: true,
        followForum: webhookSecrets !== undefined,
      },
      ...clubAccounts({
        people,
        // A number at an emulator is nobody's at a real forum.
        idPrefix: real ? 'demo-club-' : 'demo-emulated-club-',
        createsAccounts: !site.asksPassword,
        changed: site.accountChanged,
      }),
    });
    return {
      connector,
      pages: [],
      signIn: {
        path: connectorPath,
        note: site.asksPassword
          ? 'For accounts that are connected with one of this site.'
          : 'You need no account here; the site makes one for you.',
        async account({ id }) {
          const profile = await readForumProfile(store, name, { siteUserId: id });
          return clubSection({ profile, connectorPath, adminUrl: real ? undefined : `${url}/admin` });
        },
      },
    };
  },
  realUrl: ({ DISCOURSE_URL = '' }) => DISCOURSE_URL,
  emulate: ({ environment, secrets, connectorUrl, callbackUrl, port, publicUrl, now }) =>
    startDiscourseEmulator({
      port,
      publicUrl,
      now,
      settings: {
        title: 'Club Forum',
        enable_discourse_connect_provider: true,
        discourse_connect_provider_secrets: `${new URL(connectorUrl).hostname}|${loginSecretsOf(environment, secrets)[0]}`,
        // With it on, as forums have it by default, each log-out there ends all of the person's sessions.
        log_out_strict: false,
        logout_redirect: `${connectorUrl}/forum-logout`,
      },
      groups: ['readers', 'hosts'],
      users: [
        {
          username: 'erin',
          name: 'Erin Example',
          email: 'erin@example.com',
          groups: ['readers'],
          title: 'Early reader',
          timezone: 'Europe/Lisbon',
        },
        { username: 'mona', name: 'Mona Example', email: 'mona@example.com', moderator: true },
        { username: 'ally', name: 'Alice Example', email: 'alice@example.com', groups: ['readers', 'hosts'] },
      ],
      apiKeys: [{ key: secrets.read('discourse-login-api-key'), description: 'The site' }],
      webhooks: [{ url: `${callbackUrl}/webhook`, secret: emulatorsWebhookSecret(environment, secrets) }],
    }),
  card: ({ real, url, connectorPath }) => ({
    title: 'Club forum',
    product: 'Discourse',
    summary:
      'The other way round: its people have accounts of their own there, and sign in to this site with them.',
    open: 'Open the sign-in page',
    startsAt: '/login',
    steps: [
      'Choose “Sign in with the Club forum” on this site’s sign-in page.',
      real
        ? 'The forum asks you to log in there, unless you are logged in already.'
        : 'The forum asks you to log in there. It is emulated and has no passwords: take erin, who has no account here.',
      'You are back, signed in. The site has made an account for the forum’s, and the account page shows what the forum told.',
    ],
    tries: [
      {
        title: 'A group that changes there',
        text: real
          ? 'Put somebody into the forum’s group “readers” or “hosts”. Its webhook tells this site, and their account page has the group at once.'
          : 'Sign in with erin, then give her the group “hosts” at the forum, or take “readers” away. A webhook tells this site, and her account page has it at once. Send the webhook once more: nothing happens twice.',
        ...(real ? {} : { link: { text: 'The forum’s admin area', href: `${url}/admin` } }),
      },
      {
        title: 'Two accounts become one',
        text: real
          ? 'Sign in as alice at the site’s own form, and connect an account of the forum on her account page. From then on it signs you in as alice.'
          : 'Sign in with ally: the site refuses, since an address that it knows is no proof. Sign in as alice at the site’s own form, connect ally on the account page, and try again.',
        link: { text: 'The account page', href: '/account' },
      },
      {
        title: 'Signing out, here and there',
        text: 'Whoever signed in with the forum can be asked where to sign out: in this browser, or on all devices. Or they log out at the forum, which leads back here and ends this session, too.',
        link: { text: 'The sign-out that asks', href: `${connectorPath}/logout?returnTo=%2F` },
      },
      {
        title: 'Without a click',
        text: 'A session that began with the forum and ran out comes back by itself, as long as you are logged in there. Start the demo with DEMO_SEAMLESS_LOGIN=on, and even the first visit needs no click.',
      },
    ],
  }),
};

/** From the environment, else made for this copy of the demo. Never empty. */
function loginSecretsOf(
  { DISCOURSE_LOGIN_SECRET }: Environment,
  secrets: DemoSecrets,
): readonly [string, ...string[]] {
  return DISCOURSE_LOGIN_SECRET ?? [secrets.read('discourse-login-secret')];
}

/** A real forum's key goes to the other connector when both meet the same forum: no two share one. */
function apiOf(environment: Environment, secrets: DemoSecrets, real: boolean) {
  if (!real) return { key: secrets.read('discourse-login-api-key') };
  const { DISCOURSE_ADMIN_API_KEY: key, DISCOURSE_ADMIN_API_USER: user = 'system' } = environment;
  return key === undefined || realDirections(environment).siteToForum ? undefined : { key, user };
}

/** What the webhook is signed with; undefined when a real forum sends none. */
function webhookSecretsOf(environment: Environment, secrets: DemoSecrets, real: boolean) {
  return real ? environment.DISCOURSE_WEBHOOK_SECRET : [emulatorsWebhookSecret(environment, secrets)];
}

/** A secret of a real forum is not told to the emulator of another. */
function emulatorsWebhookSecret(
  { DISCOURSE_URL, DISCOURSE_WEBHOOK_SECRET }: Environment,
  secrets: DemoSecrets,
): string {
  const [given] = DISCOURSE_URL === undefined ? (DISCOURSE_WEBHOOK_SECRET ?? []) : [];
  return given ?? secrets.read('discourse-webhook-secret');
}
