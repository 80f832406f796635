import type { Environment } from '@forum-sso/core';
import { discourseConnectProvider } from '@forum-sso/core/discourse';
import { startWikiEmulator } from '@forum-sso/emulators/connect-client';

import type { DemoSecrets } from '../demo-secrets.js';
import { isLoopbackName } from '../loopback.js';
import { demoGroups } from '../people.js';
import type { CardOptions, Community, CommunityCard } from './community.js';

const name = 'discourse-connect-provider';

/** Where a Discourse forum would answer; the connector's addresses stand at the site's root. */
const loginPath = '/session/sso_provider';

/** A wiki that can log people in "with Discourse": the site stands in for the forum. */
export const wiki: Community = {
  name,
  isReal: ({ DISCOURSE_CONNECT_PROVIDER_SECRETS }) => DISCOURSE_CONNECT_PROVIDER_SECRETS !== undefined,
  problems: ({ DISCOURSE_CONNECT_PROVIDER_SECRETS, WEBHOOK_TARGETS }) =>
    WEBHOOK_TARGETS !== undefined && DISCOURSE_CONNECT_PROVIDER_SECRETS === undefined
      ? [
          'WEBHOOK_TARGETS needs DISCOURSE_CONNECT_PROVIDER_SECRETS: webhooks go to clients that log people in.',
        ]
      : [],
  connect({ environment, secrets, url, real }) {
    if (!real) {
      const connector = discourseConnectProvider({
        name,
        clients: [
          {
            domain: new URL(url).hostname,
            secret: secrets.read('wiki-secret'),
            returnUrls: [`${url}/index.php`],
          },
        ],
        apiKey: apiKeyOf(environment, secrets),
        webhooks: [
          {
            url: `${url}/index.php?title=Special:DiscourseSsoConsumerWebhook`,
            secret: secrets.read('wiki-webhook-secret'),
          },
        ],
      });
      return { connector, pages: [] };
    }
    const { DISCOURSE_CONNECT_PROVIDER_SECRETS: clients = [], DISCOURSE_API_KEY: apiKey } = environment;
    const connector = discourseConnectProvider({
      name,
      clients,
      ...(apiKey === undefined ? {} : { apiKey }),
      webhooks: environment.WEBHOOK_TARGETS ?? [],
    });
    return { connector, pages: [], formTargets: hostsOf(environment).map(formTarget) };
  },
  realUrl(environment) {
    const [host = 'localhost'] = hostsOf(environment);
    const hostname = host.replace(/^\*\./, '');
    const known = webhookUrlsOf(environment).find((url) => url.hostname === hostname);
    return known?.origin ?? `${isLoopbackName(hostname) ? 'http' : 'https'}://${hostname}`;
  },
  emulate({ environment, secrets, connectorUrl, callbackUrl, port, publicUrl, now }) {
    const site = new URL(connectorUrl).origin;
    return startWikiEmulator({
      port,
      publicUrl,
      now,
      config: {
        DiscourseUrl: site,
        Sso: {
          Enable: true,
          SharedSecret: secrets.read('wiki-secret'),
          EnableSeamlessLogin: true,
          EnableAutoRelogin: true,
        },
        User: {
          ExposeName: true,
          ExposeEmail: true,
          GroupMaps: {
            sysop: ['@ADMIN@'],
            ...Object.fromEntries(demoGroups.map((group) => [group.replace('demo-', ''), [group]])),
          },
        },
        DiscourseApi: { EnableLogout: true, Key: apiKeyOf(environment, secrets) },
        Webhook: {
          Enable: true,
          SharedSecret: secrets.read('wiki-webhook-secret'),
          AllowedIpList: ['127.0.0.1'],
        },
        Logout: { OfferGlobalOptionToUser: true, ForwardToDiscourse: true, HandleEventFromDiscourse: true },
      },
      fetch: fetchLocally(site, new URL(callbackUrl).origin),
    });
  },
  card: (options) => (options.real ? clientsCard(options) : wikiCard(options)),
};

function wikiCard({ url }: CardOptions): CommunityCard {
  return {
    title: 'Wiki',
    product: 'MediaWiki',
    summary: 'A program that can log people in “with Discourse”. It takes this site for the forum.',
    open: 'Open the wiki',
    steps: [
      'Open the wiki and choose “Log in” there. It sends you to this site, as it would to a Discourse forum.',
      'You are not signed in here yet, so you see this site’s own sign-in. Pick alice.',
      'You are back at the wiki, with an account there that has the rights of your groups here.',
    ],
    tries: [
      {
        title: 'Without a click',
        text: 'Signed in here, let the wiki forget that you were there, on its main page. At your next visit it asks this site in passing, and knows you before the page is shown.',
      },
      {
        title: 'A group that changes here',
        text: 'Once alice is known at the wiki, change her groups on her account’s page here. A webhook tells the wiki, which lists them with its users.',
        link: { text: 'The users of the wiki', href: `${url}/index.php?title=Special:ListUsers` },
      },
      {
        title: 'Signing out, here and there',
        text: 'Log out at the wiki: your session here ends first, with “Make it global” those of all your devices. Or sign out here, and a webhook ends your sessions at the wiki.',
        link: { text: 'What the wiki was told', href: `${url}/emulator` },
      },
      {
        title: 'Whom the wiki never sees',
        text: 'Log in there as carol, whose address nobody confirmed, or as dave, who is suspended. It ends on a page of this site that says why.',
      },
      forgedRequestTry,
    ],
  };
}

function clientsCard({ environment, url }: CardOptions): CommunityCard {
  const hosts = hostsOf(environment).join(', ');
  return {
    title: 'Clients',
    product: 'DiscourseConnect',
    summary: `Programs that log people in “with Discourse”, here with this site: ${hosts}.`,
    open: `Open ${new URL(url).host}`,
    steps: [
      `Open one of them (${hosts}) and log in there. It sends you to this site, as it would to a Discourse forum.`,
      'You are not signed in here yet, so you see this site’s own sign-in. Pick alice.',
      'You are back, logged in with her name.',
    ],
    tries: [
      {
        title: 'A group that changes here',
        text: 'With WEBHOOK_TARGETS set, change alice’s groups on her account’s page here. A webhook tells of it.',
        link: { text: 'Open the account', href: '/account' },
      },
      {
        title: 'Whom they never see',
        text: 'Log in there as carol, whose address nobody confirmed, or as dave, who is suspended. It ends on a page of this site that says why.',
      },
      forgedRequestTry,
    ],
  };
}

const forgedRequestTry = {
  title: 'A forged request',
  text: 'A login request that was not signed with the secret of any client, and wants to lead you elsewhere.',
  link: {
    text: 'Open it',
    href: `${loginPath}?sso=${encodeURIComponent(
      Buffer.from('nonce=forged&return_sso_url=https%3A%2F%2Fevil.example%2F').toString('base64'),
    )}&sig=${'0'.repeat(64)}`,
  },
};

/** The hosts in the clients' lines, in their order; all that can stand in an address. */
function hostsOf({ DISCOURSE_CONNECT_PROVIDER_SECRETS: lines }: Environment): readonly string[] {
  const hosts = beforeBar(lines).map((host) => host.toLowerCase());
  return [...new Set(hosts)].filter((host) => /^(\*\.)?[a-z0-9.-]+$/.test(host));
}

function webhookUrlsOf({ WEBHOOK_TARGETS: lines }: Environment): readonly URL[] {
  return beforeBar(lines)
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url));
}

function beforeBar(lines: readonly string[] = []): readonly string[] {
  return lines.map((line) => line.split('|', 1)[0]?.trim() ?? '');
}

/** What of a content security policy lets a form end at a client; a line says no port. */
function formTarget(host: string): string {
  return `${isLoopbackName(host) ? 'http' : 'https'}://${host}:*`;
}

/** The emulator's, unless one was given for it. */
function apiKeyOf({ DISCOURSE_API_KEY }: Environment, secrets: DemoSecrets): string {
  return DISCOURSE_API_KEY ?? secrets.read('wiki-api-key');
}

/** `fetch` that reaches the site on this machine, whatever its name is for browsers. */
function fetchLocally(site: string, local: string): typeof fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const target = url.origin === site ? local + url.pathname + url.search : url;
    return fetch(input instanceof Request ? new Request(target, input) : target, init);
  };
}
