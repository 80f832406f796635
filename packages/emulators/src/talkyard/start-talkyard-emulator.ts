import { type ListenOptions, type RunningServer, startServer } from '../server/index.js';
import { mountApi, mountUnknownApi } from './api-routes.js';
import { mountComments } from './comments-pages.js';
import { Community, describeMember, type Member, type SeedMember } from './community.js';
import { Discussions } from './discussions.js';
import { mountForumPages } from './forum-pages.js';
import { shell } from './frame.js';
import { mountLogins } from './login-routes.js';
import { OneTimeSecrets } from './one-time-secrets.js';
import { TalkyardSessions } from './sessions.js';
import { defaultSettings, settingsProblem, type TalkyardSettings } from './settings.js';
import { mountSettings } from './settings-pages.js';
import type { ApiSecret, Site } from './site.js';
import { answerTalkyardErrors } from './talkyard-error.js';
import { type WebhookOptions, WebhookSender } from './webhook-sender.js';

/** Options of {@link startTalkyardEmulator}. */
export interface TalkyardEmulatorOptions extends ListenOptions {
  /** Settings of the site, by Talkyard's names. Single sign-on is on as soon as there is an `ssoUrl`. */
  readonly settings?: Partial<TalkyardSettings>;
  /** Secrets with which servers may call the API: 20 to 200 letters and digits each. */
  readonly apiSecrets?: readonly (string | ApiSecret)[];
  /** Accounts that are there from the start. */
  readonly members?: readonly SeedMember[];
  /** How long a one-time secret lives, in seconds. Default 30, as in production. */
  readonly oneTimeSecretSeconds?: number;
  /** Where events are sent; default nowhere. */
  readonly webhook?: WebhookOptions;
  /** The clock. */
  readonly now?: () => Date;
}

/** A running emulator, with a view behind the scenes for tests. */
export interface TalkyardEmulator extends RunningServer {
  readonly members: readonly Readonly<Member>[];
  readonly settings: TalkyardSettings;
  /** @throws TypeError with a sentence when Talkyard would not save them */
  changeSettings(changes: Partial<TalkyardSettings>): void;
  /** Lets a member in, or keeps them out as a moderator would. */
  setMemberState(username: string, state: Member['state']): void;
  /** Sends waiting webhook events now. */
  sendWebhooks(): Promise<void>;
  /** True when the webhook has been given up. */
  readonly webhookBroken: boolean;
}

/**
 * Starts a stand-in for a Talkyard server: its forum with single sign-on by redirect, its API for users, comments for
 * embedding with login by token, and its webhook. It is as strict as Talkyard, keeps everything in memory, and answers on
 * this machine only.
 *
 * Not emulated: sessions of embedded comments that outlive a page, categories, e-mail, moderation.
 *
 * @throws TypeError for options that Talkyard would not save
 */
export async function startTalkyardEmulator(
  options: TalkyardEmulatorOptions = {},
): Promise<TalkyardEmulator> {
  const {
    apiSecrets = [],
    members = [],
    oneTimeSecretSeconds = 30,
    webhook,
    now = () => new Date(),
  } = options;
  let settings = checked({
    ...defaultSettings,
    enableSso: (options.settings?.ssoUrl ?? '') !== '',
    ...options.settings,
  });
  const secrets = apiSecrets.map((entry) => (typeof entry === 'string' ? { secret: entry } : entry));
  if (!secrets.every(({ secret }) => /^[A-Za-z0-9]{20,200}$/.test(secret))) {
    throw new TypeError('An API secret of Talkyard has 20 to 200 letters and digits.');
  }

  let sender: WebhookSender | undefined;
  const community = new Community(members, (member) =>
    sender?.add('PatCreated', { pat: describeMember(member) }),
  );
  const discussions = new Discussions((discussion, post) =>
    sender?.add('PostCreated', { post: { pageId: String(discussion.id), nr: post.nr } }),
  );

  const server = await startServer(options, shell, (app, address) => {
    const site: Site = {
      origin: address.origin,
      apiSecrets: secrets,
      community,
      discussions,
      loginSecrets: new OneTimeSecrets(oneTimeSecretSeconds, now),
      sessions: new TalkyardSessions(address.origin),
      now,
      settings: () => settings,
      changeSettings: (changes) => {
        settings = checked({ ...settings, ...changes });
      },
    };
    if (webhook !== undefined) sender = new WebhookSender(webhook, address.origin, now);
    mountLogins(app, site);
    mountApi(app, site);
    mountUnknownApi(app);
    mountComments(app, site, address.port);
    mountSettings(app, site, address.port);
    mountForumPages(app, site, address.port);
    app.use(answerTalkyardErrors);
  });

  return {
    origin: server.origin,
    port: server.port,
    get members() {
      return community.members;
    },
    get settings() {
      return settings;
    },
    changeSettings(changes) {
      settings = checked({ ...settings, ...changes });
    },
    setMemberState(username, state) {
      const member = community.find((candidate) => candidate.username === username);
      if (member === undefined) throw new TypeError(`There is no member @${username}.`);
      member.state = state;
    },
    sendWebhooks: async () => sender?.flush(),
    get webhookBroken() {
      return sender?.broken ?? false;
    },
    async close() {
      sender?.stop();
      await server.close();
    },
  };
}

function checked(settings: TalkyardSettings): TalkyardSettings {
  const problem = settingsProblem(settings);
  if (problem !== undefined) throw new TypeError(problem);
  return settings;
}
