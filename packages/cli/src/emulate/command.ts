import { randomBytes } from 'node:crypto';

import type { Environment } from '@forum-sso/core';

import { type ExitCode, exitCodes } from '../exit-codes.js';
import { readVariables } from '../site/load-options.js';
import { UsageError } from '../usage-error.js';

/** What `forum-sso emulate` was told. */
export interface EmulateArguments {
  readonly port?: string;
  readonly site?: string;
}

/** A running emulator. */
interface Running {
  readonly origin: string;
  /** Variables of the site that fit, those first that were made up. */
  readonly variables: Readonly<Record<string, string>>;
  /** What to do there, a sentence each. */
  readonly hints: readonly string[];
  close(): Promise<void>;
}

interface Place {
  readonly port: number;
  /** Where the site answers: `http://localhost:3000/sso`. */
  readonly site: string;
  readonly environment: Environment;
}

const systems: Readonly<
  Record<string, { readonly port: number; readonly start: (place: Place) => Promise<Running> }>
> = {
  discourse: { port: 4001, start: emulateDiscourse },
  talkyard: { port: 4002, start: emulateTalkyard },
  coral: { port: 4003, start: emulateCoral },
  fruum: { port: 4004, start: emulateFruum },
};

/** `forum-sso emulate <system>`: a stand-in for a community, until Ctrl-C. Secrets of the environment are used. */
export async function emulate(name: string, { port, site }: EmulateArguments): Promise<ExitCode> {
  const system = Object.hasOwn(systems, name) ? systems[name] : undefined;
  if (system === undefined) {
    throw new UsageError(`There is no emulator "${name}". There are: ${Object.keys(systems).join(', ')}.`);
  }
  const environment = readVariables(process.env);
  const running = await start(system.start, {
    port: readPort(port, system.port),
    site: (site ?? environment.FORUM_SSO_BASE_URL ?? 'http://localhost:3000/sso').replace(/\/+$/, ''),
    environment,
  });
  const lines = [
    `An emulated ${name} listens at ${running.origin} (Ctrl-C ends it). For the site:`,
    '',
    ...Object.entries(running.variables).map(([key, value]) => `${key}=${value}`),
    '',
    ...running.hints,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  await untilSignal();
  await running.close();
  return exitCodes.ok;
}

async function start(work: (place: Place) => Promise<Running>, place: Place): Promise<Running> {
  try {
    return await work(place);
  } catch (error) {
    if (isSystemError(error) && error.code === 'EADDRINUSE') {
      throw new UsageError(`Port ${place.port} is in use: name another one by --port.`);
    }
    if (error instanceof TypeError)
      throw new UsageError(`The emulator refuses its settings: ${error.message}`);
    throw error;
  }
}

async function emulateDiscourse({ port, site, environment }: Place): Promise<Running> {
  const { startDiscourseEmulator } = await import('@forum-sso/emulators/discourse');
  const { DISCOURSE_CONNECT_SECRET, DISCOURSE_ADMIN_API_KEY, DISCOURSE_LOGIN_SECRET } = environment;
  const connectSecret = DISCOURSE_CONNECT_SECRET?.[0] ?? secret();
  const apiKey = DISCOURSE_ADMIN_API_KEY ?? secret();
  const loginSecret = DISCOURSE_LOGIN_SECRET?.[0] ?? secret();
  const forum = await startDiscourseEmulator({
    port,
    connectUrl: `${site}/discourse`,
    connectSecret,
    apiKeys: [{ key: apiKey, description: 'the site' }],
    settings: {
      title: 'Emulated Forum',
      enable_discourse_connect_provider: true,
      discourse_connect_provider_secrets: `${new URL(site).hostname}|${loginSecret}`,
    },
  });
  return {
    origin: forum.origin,
    variables: {
      DISCOURSE_URL: forum.origin,
      DISCOURSE_CONNECT_SECRET: connectSecret,
      DISCOURSE_ADMIN_API_KEY: apiKey,
      DISCOURSE_LOGIN_SECRET: loginSecret,
    },
    hints: [
      `"Log In" there asks the site at ${site}/discourse who the person is.`,
      `${forum.origin}/logs says what reached the forum, and why something was refused.`,
    ],
    close: () => forum.close(),
  };
}

async function emulateTalkyard({ port, site, environment }: Place): Promise<Running> {
  const { startTalkyardEmulator } = await import('@forum-sso/emulators/talkyard');
  const apiSecret = environment.TALKYARD_API_SECRET ?? secret();
  const pasetoSecret = environment.TALKYARD_PASETO_SECRET ?? `hex:${secret()}`;
  const server = await startTalkyardEmulator({
    port,
    apiSecrets: [apiSecret],
    settings: {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Talkyard's placeholders look like JavaScript's.
      ssoUrl: `${site}/talkyard${'?returnOrigin=${returnToOrigin}&returnPath=${returnToPathQueryHash}'}`,
      ssoLogoutRedirUrl: `${site}/talkyard/logged-out`,
      ssoPasetoV2LocalSecret: pasetoSecret,
      allowEmbeddingFrom: new URL(site).origin,
    },
  });
  return {
    origin: server.origin,
    variables: {
      TALKYARD_URL: server.origin,
      TALKYARD_API_SECRET: apiSecret,
      TALKYARD_PASETO_SECRET: pasetoSecret,
    },
    hints: [`Logging in there leads to the site at ${site}/talkyard.`],
    close: () => server.close(),
  };
}

async function emulateCoral({ port, site, environment }: Place): Promise<Running> {
  const { startCoralEmulator } = await import('@forum-sso/emulators/coral');
  const { CORAL_SSO_SECRET, CORAL_SSO_KID = randomBytes(8).toString('hex') } = environment;
  const server = await startCoralEmulator({
    port,
    ...(CORAL_SSO_SECRET === undefined
      ? {}
      : { signingSecrets: [{ kid: CORAL_SSO_KID, secret: CORAL_SSO_SECRET, createdAt: new Date() }] }),
    allowedOrigins: [new URL(site).origin],
  });
  const [signing] = server.signingSecrets;
  return {
    origin: server.origin,
    variables: {
      CORAL_URL: server.origin,
      CORAL_SSO_SECRET: signing?.secret ?? '',
      CORAL_SSO_KID: signing?.kid ?? '',
      CORAL_ACCESS_TOKEN: server.accessToken,
    },
    hints: [`Pages of ${new URL(site).origin} may hold its comments.`],
    close: () => server.close(),
  };
}

async function emulateFruum({ port, site, environment }: Place): Promise<Running> {
  const { startFruumEmulator } = await import('@forum-sso/emulators/fruum');
  const forumId = environment.FRUUM_FORUM_ID ?? 'myforum';
  const server = await startFruumEmulator({ port, forums: [{ id: forumId, authUrl: `${site}/fruum/auth` }] });
  return {
    origin: server.origin,
    variables: {
      FRUUM_URL: server.origin,
      FRUUM_FORUM_ID: forumId,
      FRUUM_SECRET: environment.FRUUM_SECRET?.[0] ?? secret(),
    },
    hints: [
      `It asks the site at ${site}/fruum/auth who a visitor is; ${server.origin}/overview shows the forum.`,
    ],
    close: () => server.close(),
  };
}

function secret(): string {
  return randomBytes(32).toString('hex');
}

function readPort(text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError('--port must be a number from 0 (any free port) to 65535.');
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
