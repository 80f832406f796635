import { randomBytes } from 'node:crypto';

import {
  type Environment,
  isForumSsoError,
  memoryStore,
  type Numbers,
  readEnvironment,
} from '@forum-sso/core';

import type { Community } from './communities/community.js';
import { createEngine, defaultBaseUrl } from './engine.js';
import { type Framework, frameworks, isFramework } from './frameworks/index.js';
import { isLoopback, isLoopbackName } from './loopback.js';
import { createPeople } from './people.js';

/** How the demo is to run, read from the environment. */
export interface Settings {
  readonly environment: Environment;
  /** Address to listen on. */
  readonly host: string;
  /** Port of the site; 0: any free one. */
  readonly port: number;
  /** Port of the first emulator, the others follow; 0: any free ones. */
  readonly communityPort: number;
  /** Asked for at sign-in, when set. */
  readonly password: string | undefined;
  /** What serves the site. */
  readonly framework: Framework;
  /** Sign browsers in at their first visit that are signed in at the Club forum. */
  readonly seamlessLogin: boolean;
}

/** The environment cannot be used; `problems` has one sentence for each thing to fix. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The demo cannot start:${problems.map((problem) => `\n  - ${problem}`).join('')}`);
    this.name = 'SettingsError';
  }
}

/**
 * Reads and checks everything that can be wrong before anything is started.
 * @throws SettingsError with all problems at once
 */
export function readSettings(
  variables: Readonly<Record<string, string | undefined>>,
  communities: readonly Community[],
): Settings {
  const problems: string[] = [];
  const environment = readVariables(variables, problems);
  const host = (given(variables.HOST) ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  const port = readPort('PORT', given(variables.PORT) ?? '3000', problems);
  const communityPort = readPort(
    'COMMUNITY_PORT',
    given(variables.COMMUNITY_PORT) ?? (port === 0 ? '0' : '4001'),
    problems,
  );
  // Blank is no password; anything else counts as it stands.
  const password = given(variables.DEMO_PASSWORD) && variables.DEMO_PASSWORD;
  const framework = readFramework(given(variables.FRAMEWORK) ?? 'express', problems);
  const seamlessLogin = readSwitch('DEMO_SEAMLESS_LOGIN', given(variables.DEMO_SEAMLESS_LOGIN), problems);
  const real = communities.filter((community) => community.isReal(environment));

  problems.push(...communities.flatMap((community) => community.problems(environment)));
  if (real.length > 0 && password === undefined) {
    if (!isLoopback(host)) {
      problems.push(
        `HOST=${host} opens the demo to other machines while it is connected to a real community, where anyone could then log in: set DEMO_PASSWORD, or leave HOST out.`,
      );
    } else if (!isLoopbackUrl(environment.FORUM_SSO_BASE_URL)) {
      problems.push(
        'FORUM_SSO_BASE_URL is a public address while the demo is connected to a real community, where anyone could then log in: set DEMO_PASSWORD.',
      );
    }
  }
  const lastCommunityPort = communityPort + communities.length - 1;
  if (communityPort !== 0 && port >= communityPort && port <= lastCommunityPort) {
    problems.push(`PORT ${port} is also wanted by an emulated community: change PORT or COMMUNITY_PORT.`);
  }
  if (lastCommunityPort > 65_535)
    problems.push('COMMUNITY_PORT leaves no room for all communities below 65536.');
  problems.push(...engineProblems(environment, communities, port));
  if (problems.length > 0) throw new SettingsError(problems);
  return { environment, host, port, communityPort, password, framework, seamlessLogin };
}

/** `readEnvironment`, with its problems added to the others. */
function readVariables(
  variables: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Environment {
  try {
    return readEnvironment(variables);
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    problems.push(...error.problems);
    return {};
  }
}

/** Builds the engine with everything that is configured, and stand-ins for what is not known before the start. */
function engineProblems(
  environment: Environment,
  communities: readonly Community[],
  port: number,
): readonly string[] {
  const secrets = { read: () => randomBytes(32).toString('hex') };
  const baseUrl = environment.FORUM_SSO_BASE_URL ?? defaultBaseUrl('localhost', port === 0 ? 3000 : port);
  const siteOrigin = URL.canParse(baseUrl) ? new URL(baseUrl).origin : 'http://localhost';
  const people = createPeople({ staffFlags: false });
  const numbers: Numbers = { numberOf: async () => 1, siteUserOf: async () => null };
  const store = { ...memoryStore(), numbers };
  const connections = communities.map((community) => {
    const real = community.isReal(environment);
    const url = real ? community.realUrl(environment) : 'http://localhost';
    return community.connect({
      ...{ environment, secrets, url, real, siteOrigin, people, store },
      connectorPath: `/sso/${community.name}`,
      asksPassword: false,
      seamlessLogin: false,
      accountChanged: async () => {},
    });
  });
  try {
    createEngine({
      environment,
      baseUrl,
      connectors: connections.map(({ connector }) => connector),
      secrets,
      people,
      store,
    });
    return [];
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    return error.problems;
  }
}

function given(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === '' ? undefined : text;
}

function readSwitch(name: string, text: string | undefined, problems: string[]): boolean {
  if (text !== undefined && text !== 'on' && text !== 'off') problems.push(`${name} must be on or off.`);
  return text === 'on';
}

function readPort(name: string, text: string, problems: string[]): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  problems.push(`${name} must be a port number from 0 (any free one) to 65535.`);
  return 0;
}

function readFramework(name: string, problems: string[]): Framework {
  if (isFramework(name)) return name;
  problems.push(`FRAMEWORK (--framework) must be one of ${frameworks.join(', ')}.`);
  return 'express';
}

/** True, too, for what is no address at all: the engine says so. */
function isLoopbackUrl(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return true;
  return isLoopbackName(new URL(url).hostname);
}
