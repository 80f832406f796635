import { randomBytes, randomUUID } from 'node:crypto';

import { createPageShell, type ListenOptions, sendPage, startServer } from '../server/index.js';
import { type AccountSeed, type AccountSnapshot, snapshot } from './account.js';
import { Accounts } from './accounts.js';
import { mountAdmin } from './admin-page.js';
import { mountApi } from './api-routes.js';
import type { CoralState } from './coral-state.js';
import { embedScript } from './embed-script.js';
import { Revocations } from './login.js';
import { createPersonalToken } from './personal-tokens.js';
import { type EmailDomain, newSecret, rotate, type Settings } from './settings.js';
import { Stories } from './stories.js';
import { type StoryPageOptions, storyPage } from './story-page.js';
import type { SigningSecret } from './token/hs256.js';
import { type Delivery, type WebhookEndpoint, Webhooks } from './webhooks.js';

export interface CoralEmulatorOptions extends ListenOptions {
  /** Single sign-on. In a fresh Coral both are off; here both are on unless said otherwise. */
  readonly sso?: { readonly enabled?: boolean; readonly allowRegistration?: boolean };
  /** Signing secrets, in the order in which they are tried. Default: a new one. */
  readonly signingSecrets?: readonly Readonly<SigningSecret>[];
  /** OpenID Connect is enabled, too: it takes tokens with `iss`, `aud`, `sub` and `exp` for its own. */
  readonly oidcEnabled?: boolean;
  /** Login with password is enabled. */
  readonly localEnabled?: boolean;
  /** Login with Google or Facebook is enabled. */
  readonly socialEnabled?: boolean;
  /** What happens to people with addresses of certain domains. */
  readonly emailDomains?: readonly EmailDomain[];
  /** Users who exist already, beside the administrator. */
  readonly users?: readonly AccountSeed[];
  /** Ids of tokens that were logged out; they stay so for a day. */
  readonly revokedTokens?: readonly string[];
  /** Origins of pages that may hold the comments. */
  readonly allowedOrigins?: readonly string[];
  /** Who may send queries of their own. Default `admins`, as in production. */
  readonly rawQueries?: 'admins' | 'everybody';
  /** Where events are sent. A new secret is made for an endpoint without any. */
  readonly webhooks?: readonly {
    readonly url: string;
    readonly events?: readonly string[];
    readonly secrets?: readonly Readonly<SigningSecret>[];
  }[];
  /** What the story's page needs of the site. */
  readonly page?: StoryPageOptions;
  readonly now?: () => Date;
}

/** A Coral at work on this machine. */
export interface CoralEmulator {
  readonly origin: string;
  readonly port: number;
  /** Id of the administrator whom {@link accessToken} belongs to. */
  readonly adminId: string;
  /** A personal access token of the administrator. */
  readonly accessToken: string;
  /** The signing secrets as they are now. */
  readonly signingSecrets: readonly Readonly<SigningSecret>[];
  /** The endpoints with their secrets. */
  readonly webhooks: readonly WebhookEndpoint[];
  /** The oldest 50 deliveries, as Coral keeps them. */
  readonly deliveries: readonly Delivery[];
  /** All accounts, the administrator first. */
  users(): readonly AccountSnapshot[];
  /** An account by Coral's id. */
  user(id: string): AccountSnapshot | undefined;
  /** Switches settings while it runs. */
  setSso(sso: { readonly enabled?: boolean; readonly allowRegistration?: boolean }): void;
  /** Makes a new signing secret; the others die in so many seconds. */
  rotateSigningSecret(inactiveIn: number): Readonly<SigningSecret>;
  /** Makes a personal access token for a user. */
  createAccessToken(userId: string): string;
  /** True when a token with this id is logged out. */
  isRevoked(jti: string): boolean;
  /** Sends one event to all endpoints that want it, and waits for the answers. */
  sendWebhook(type: string, data: Readonly<Record<string, unknown>>): Promise<readonly Delivery[]>;
  /** Waits for events that are under way. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const shell = createPageShell({ product: 'Coral', accent: '#b0362b' });

/** Starts a stand-in for Coral 9.11. */
export async function startCoralEmulator(options: CoralEmulatorOptions = {}): Promise<CoralEmulator> {
  const now = options.now ?? (() => new Date());
  const settings = settingsOf(options, now());
  const accounts = new Accounts();
  const admin = accounts.insert(
    {
      id: randomUUID(),
      username: 'coral_admin',
      email: 'admin@coral.invalid',
      emailVerified: true,
      role: 'ADMIN',
      profiles: [{ type: 'local', id: 'admin@coral.invalid' }],
    },
    now(),
  );
  for (const seed of options.users ?? []) accounts.insert(seed, now());
  const installation = { tenantID: settings.tenantID, signingSecret: randomBytes(32).toString('hex') };
  const revocations = new Revocations();
  for (const jti of options.revokedTokens ?? [])
    revocations.revoke(jti, new Date(now().getTime() + 86_400_000));
  const endpoints = (options.webhooks ?? []).map(({ secrets, ...endpoint }) => ({
    ...endpoint,
    secrets: secrets?.map((secret) => ({ ...secret })) ?? [newSecret('whsec_', now())],
  }));
  const tenant = { tenantID: settings.tenantID, tenantDomain: 'coral.localhost' };
  const webhooks = new Webhooks(endpoints, tenant, now);
  const stories = new Stories(webhooks.announce);

  const server = await startServer(options, shell, (app, address) => {
    const state: CoralState = {
      accounts,
      settings,
      stories,
      revocations,
      installation,
      webhooks,
      origin: address.origin,
      now,
    };
    mountApi(app, state);
    mountAdmin(app, state, shell, address);
    app.get('/assets/js/embed.js', (_request, response) => {
      response.set('Cross-Origin-Resource-Policy', 'cross-origin').type('text/javascript').send(embedScript);
    });
    app.get('/', (_request, response) =>
      sendPage(response, shell, storyPage(address.origin, options.page ?? {})),
    );
  });

  return {
    origin: server.origin,
    port: server.port,
    adminId: admin.id,
    accessToken: createPersonalToken(installation, admin, 'emulator', now()).signedToken,
    signingSecrets: settings.signingSecrets,
    webhooks: endpoints,
    deliveries: webhooks.log,
    users: () => accounts.all().map(snapshot),
    user(id) {
      const account = accounts.byId(id);
      return account === undefined ? undefined : snapshot(account);
    },
    setSso({ enabled = settings.ssoEnabled, allowRegistration = settings.allowRegistration }) {
      settings.ssoEnabled = enabled;
      settings.allowRegistration = allowRegistration;
    },
    rotateSigningSecret: (inactiveIn) => rotate(settings.signingSecrets, 'ssosec_', inactiveIn, now()),
    createAccessToken: (userId) =>
      createPersonalToken(installation, accounts.require(userId), 'test', now()).signedToken,
    isRevoked: (jti) => revocations.isRevoked(jti, now()),
    sendWebhook: (type, data) => webhooks.send(type, data),
    settled: () => webhooks.settled(),
    close: () => server.close(),
  };
}

function settingsOf(options: CoralEmulatorOptions, now: Date): Settings {
  return {
    tenantID: 'tenant-1',
    ssoEnabled: options.sso?.enabled ?? true,
    allowRegistration: options.sso?.allowRegistration ?? true,
    signingSecrets: options.signingSecrets?.map((secret) => ({ ...secret })) ?? [newSecret('ssosec_', now)],
    oidcEnabled: options.oidcEnabled ?? false,
    localEnabled: options.localEnabled ?? false,
    socialEnabled: options.socialEnabled ?? false,
    emailDomains: options.emailDomains ?? [],
    allowedOrigins: new Set(options.allowedOrigins ?? []),
    rawQueries: options.rawQueries ?? 'admins',
  };
}
