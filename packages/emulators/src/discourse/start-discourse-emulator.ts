import type { RequestHandler } from 'express';

import { createPageShell, createSessions, HttpError, startServer } from '../server/index.js';
import { type DiscourseEmulator, emulatorOf } from './emulator.js';
import { Faults } from './forum/faults.js';
import { Forum } from './forum/forum.js';
import { createModeration } from './forum/moderation.js';
import { SlidingWindow } from './forum/sliding-window.js';
import type { BrowserSession } from './forum/sso-login.js';
import { mountAdminRoutes } from './http/admin/admin-routes.js';
import { mountControlRoutes } from './http/admin/control-routes.js';
import { mountAdminUserRoutes } from './http/api/admin-user-routes.js';
import { apiErrorAnswer } from './http/api/api-error.js';
import { mountGroupRoutes } from './http/api/group-routes.js';
import { mountSyncRoutes } from './http/api/sync-routes.js';
import { mountUserRoutes } from './http/api/user-routes.js';
import type { ForumContext } from './http/context.js';
import { mountEmulatorRoutes } from './http/emulator-routes.js';
import { faultInjection } from './http/fault-injection.js';
import { mountForumRoutes } from './http/forum-routes.js';
import { ipLimit } from './http/ip-limit.js';
import { mountLoginRoutes } from './http/login-routes.js';
import { mountPictureRoutes } from './http/picture-routes.js';
import { mountPreferencesRoutes } from './http/preferences-routes.js';
import { mountProviderRoutes } from './http/provider-routes.js';
import { mountSecondFactorRoutes } from './http/second-factor-routes.js';
import { mountSessionRoutes } from './http/session-routes.js';
import type { DiscourseEmulatorOptions } from './options.js';
import { announceEvents } from './webhooks/announce-events.js';
import { type Schedule, Webhooks } from './webhooks/webhooks.js';

const shell = createPageShell({ product: 'Discourse', accent: '#0f6a9a' });

/**
 * Starts a local server that behaves as a Discourse forum: as one whose logins come from a site, as one that logs
 * people in to sites, with its API and its webhooks.
 * @throws TypeError when options do not fit; the system's error when the port is taken
 */
export async function startDiscourseEmulator(
  options: DiscourseEmulatorOptions = {},
): Promise<DiscourseEmulator> {
  const { now = () => new Date(), rateLimits = {}, host = '127.0.0.1' } = options;
  // Wrong options are told before a port is taken.
  parts(options, 'http://127.0.0.1', now);
  let context: ForumContext | undefined;
  const server = await startServer(options, shell, (app, address) => {
    const { forum, webhooks, faults } = parts(options, address.origin, now);
    announceEvents(forum, webhooks);
    const sessions = createSessions({
      name: 'discourse-emulator',
      address,
      create: newSession,
      // Discourse's setting "maximum session age", 1 440 hours.
      lifetimeSeconds: 1_440 * 3_600,
      now,
    });
    const moderation = createModeration(forum, (id) => {
      sessions.endWhere(({ userId }) => userId === id);
    });
    const apiLimit = new SlidingWindow({
      max: rateLimits.adminApiPerMinute ?? 60,
      seconds: rateLimits.adminApiWindowSeconds ?? 60,
      now,
    });
    const mounted = { forum, address, shell, sessions, moderation, webhooks, faults, apiLimit };
    context = mounted;
    app.use(urlLimit(options.maxUrlBytes ?? 8_192));
    if (rateLimits.perIp !== undefined) app.use(ipLimit(rateLimits.perIp, now));
    app.use(faultInjection(faults));
    const routes = [
      mountProviderRoutes,
      mountSecondFactorRoutes,
      mountSessionRoutes,
      mountLoginRoutes,
      mountSyncRoutes,
      mountAdminUserRoutes,
      mountUserRoutes,
      mountGroupRoutes,
      mountForumRoutes,
      mountPreferencesRoutes,
      mountPictureRoutes,
      mountAdminRoutes,
      mountControlRoutes,
      mountEmulatorRoutes,
    ];
    for (const mount of routes) mount(app, mounted);
    app.use(apiErrorAnswer);
  });
  if (context === undefined) throw new TypeError('The server did not start.');
  return emulatorOf(server, context, host);
}

/** The forum, its webhooks and its faults, as the options say. */
function parts(
  options: DiscourseEmulatorOptions,
  origin: string,
  now: () => Date,
): { readonly forum: Forum; readonly webhooks: Webhooks; readonly faults: Faults } {
  const { connectUrl, connectSecret = '', random = Math.random } = options;
  const forum = new Forum({
    origin,
    connectSecret,
    settings: {
      enable_discourse_connect: connectUrl !== undefined,
      ...options.settings,
      ...(connectUrl === undefined ? {} : { discourse_connect_url: connectUrl }),
    },
    modes: options.modes ?? {},
    groups: options.groups ?? [],
    users: options.users ?? [],
    invites: options.invites ?? [],
    apiKeys: options.apiKeys ?? [],
    authenticators: options.authenticators ?? [],
    syncDecodesTwice: options.syncSso === 'before-july-2026',
    nonceLifetimeSeconds: options.nonceLifetimeSeconds ?? 1_800,
    rack: options.rack ?? 2,
    now,
    random,
  });
  const webhooks = new Webhooks({
    origin,
    now,
    schedule: options.schedule ?? later,
    timeoutMs: options.webhookTimeoutMs ?? 20_000,
    retries: () => forum.settings.retry_web_hook_events,
  });
  for (const webhook of options.webhooks ?? []) webhooks.create(webhook);
  const faults = new Faults(random);
  faults.set(options.faults ?? []);
  return { forum, webhooks, faults };
}

const later: Schedule = (action, delayMs) => {
  const timer = setTimeout(action, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

function urlLimit(bytes: number): RequestHandler {
  return (request, _response, next) => {
    if (Buffer.byteLength(request.originalUrl) > bytes) throw new HttpError(414, 'The address is too long.');
    next();
  };
}

function newSession(): BrowserSession {
  return {
    nonces: new Map(),
    userId: null,
    destination: null,
    inviteKey: null,
    accountCreatedMessage: null,
    challenge: null,
  };
}
