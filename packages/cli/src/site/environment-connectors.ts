import { type Connector, describeVariable, type Environment } from '@forum-sso/core';
import { coral } from '@forum-sso/core/coral';
import { discourse, type GroupsOption } from '@forum-sso/core/discourse';
import { fruum } from '@forum-sso/core/fruum';
import { talkyard } from '@forum-sso/core/talkyard';

/** The connectors that an environment describes, and what it leaves half said. */
export interface EnvironmentConnectors {
  readonly connectors: readonly Connector[];
  readonly problems: readonly string[];
}

/**
 * Makes the connectors of all communities that the environment names, under the names of their kinds.
 * @param groups which groups of the Discourse forum follow the site; an environment cannot say that
 */
export function environmentConnectors(
  environment: Environment,
  groups: GroupsOption | undefined,
): EnvironmentConnectors {
  const problems: string[] = [];
  const connectors = [
    discourseConnector(environment, groups, problems),
    talkyardConnector(environment, problems),
    coralConnector(environment, problems),
    fruumConnector(environment, problems),
  ].filter((connector) => connector !== null);
  return { connectors, problems };
}

function discourseConnector(
  environment: Environment,
  groups: GroupsOption | undefined,
  problems: string[],
): Connector | null {
  const { DISCOURSE_URL, DISCOURSE_CONNECT_SECRET, DISCOURSE_ADMIN_API_KEY, DISCOURSE_ADMIN_API_USER } =
    environment;
  if (DISCOURSE_URL === undefined) {
    if (DISCOURSE_CONNECT_SECRET !== undefined || DISCOURSE_ADMIN_API_KEY !== undefined) {
      problems.push(`Set ${describeVariable('DISCOURSE_URL')}, too.`);
    }
    return null;
  }
  if (DISCOURSE_CONNECT_SECRET === undefined) {
    // Without it the forum may be the one that people sign in to the site with.
    if (DISCOURSE_ADMIN_API_KEY !== undefined && environment.DISCOURSE_LOGIN_SECRET === undefined) {
      problems.push(`DISCOURSE_URL names a forum: set ${describeVariable('DISCOURSE_CONNECT_SECRET')}, too.`);
    }
    return null;
  }
  return discourse({
    forumUrl: DISCOURSE_URL,
    secret: DISCOURSE_CONNECT_SECRET,
    ...(groups === undefined ? {} : { groups }),
    ...(DISCOURSE_ADMIN_API_KEY === undefined
      ? {}
      : {
          api: {
            key: DISCOURSE_ADMIN_API_KEY,
            ...(DISCOURSE_ADMIN_API_USER === undefined ? {} : { user: DISCOURSE_ADMIN_API_USER }),
          },
        }),
  });
}

function talkyardConnector(
  { TALKYARD_URL, TALKYARD_API_SECRET, TALKYARD_PASETO_SECRET }: Environment,
  problems: string[],
): Connector | null {
  if (TALKYARD_URL === undefined) {
    if (TALKYARD_API_SECRET !== undefined || TALKYARD_PASETO_SECRET !== undefined) {
      problems.push(`Set ${describeVariable('TALKYARD_URL')}, too.`);
    }
    return null;
  }
  return talkyard({
    serverUrl: TALKYARD_URL,
    apiSecret: TALKYARD_API_SECRET,
    pasetoSecret: TALKYARD_PASETO_SECRET,
  });
}

function coralConnector(
  { CORAL_URL, CORAL_SSO_SECRET, CORAL_SSO_KID, CORAL_ACCESS_TOKEN }: Environment,
  problems: string[],
): Connector | null {
  if (CORAL_URL === undefined && CORAL_SSO_SECRET === undefined) {
    if (CORAL_ACCESS_TOKEN !== undefined) problems.push(`Set ${describeVariable('CORAL_URL')}, too.`);
    return null;
  }
  if (CORAL_URL === undefined || CORAL_SSO_SECRET === undefined) {
    const missing = CORAL_URL === undefined ? 'CORAL_URL' : 'CORAL_SSO_SECRET';
    problems.push(`Set ${describeVariable(missing)}, too.`);
    return null;
  }
  return coral({
    coralUrl: CORAL_URL,
    secret: CORAL_SSO_SECRET,
    kid: CORAL_SSO_KID,
    ...(CORAL_ACCESS_TOKEN === undefined
      ? {}
      : { api: { accessToken: CORAL_ACCESS_TOKEN, provision: true } }),
  });
}

function fruumConnector(
  { FRUUM_URL, FRUUM_FORUM_ID, FRUUM_SECRET, FRUUM_CALLER }: Environment,
  problems: string[],
): Connector | null {
  if (FRUUM_FORUM_ID === undefined && FRUUM_SECRET === undefined) return null;
  if (FRUUM_FORUM_ID === undefined || FRUUM_SECRET === undefined) {
    const missing = FRUUM_SECRET === undefined ? 'FRUUM_SECRET' : 'FRUUM_FORUM_ID';
    problems.push(`Set ${describeVariable(missing)}, too.`);
    return null;
  }
  return fruum({
    forumId: FRUUM_FORUM_ID,
    secret: FRUUM_SECRET,
    ...(FRUUM_CALLER === undefined ? {} : { caller: FRUUM_CALLER }),
    ...(FRUUM_URL === undefined ? {} : { fruumUrl: FRUUM_URL }),
    // Nobody connects through this process.
    findUser: async () => null,
  });
}
