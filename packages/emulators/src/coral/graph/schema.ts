import { type Account, roles } from '../account.js';
import type { FieldType, Schema } from '../graphql/type-system.js';
import type { Settings } from '../settings.js';
import type { Comment } from '../stories.js';
import { isObject } from '../token/decode.js';
import { actor, allow, type GraphContext } from './context.js';
import { Input, inputTypes } from './inputs.js';
import { mutations } from './mutations.js';

type Field = FieldType<GraphContext>;
type Fields = Readonly<Record<string, Field>>;

/** Most users in one page. */
const pageLimit = 50;

/** Fields that are read off the object under their own names. */
function plain(types: Readonly<Record<string, string>>): Fields {
  const entries = Object.entries(types).map(([name, type]): [string, Field] => [
    name,
    { type, resolve: (source) => (isObject(source) ? source[name] : undefined) },
  ]);
  return Object.fromEntries(entries);
}

/** Fields of an account that only some may read. */
function ofAccount(
  access: Parameters<typeof allow>[1],
  fields: Readonly<
    Record<string, readonly [type: string, read: (account: Account, context: GraphContext) => unknown]>
  >,
): Fields {
  const entries = Object.entries(fields).map(([name, [type, read]]): [string, Field] => [
    name,
    {
      type,
      resolve(source, _args, context) {
        const account = accountOf(source, context);
        allow(context, access, account.id);
        return read(account, context);
      },
    },
  ]);
  return Object.fromEntries(entries);
}

/** A user in an answer. The viewer is read as it was when the request came, everybody else as stored now. */
function accountOf(source: unknown, context: GraphContext): Account {
  const { viewer, accounts } = context;
  if (viewer !== null && source === viewer) return viewer;
  return accounts.require(isObject(source) && typeof source.id === 'string' ? source.id : '');
}

const staff = ['ADMIN', 'MODERATOR'] as const;

const userFields: Fields = {
  ...plain({ id: 'ID!', createdAt: 'Time!' }),
  username: { type: 'String', resolve: (source, _args, context) => accountOf(source, context).username },
  avatar: { type: 'String', resolve: (source, _args, context) => accountOf(source, context).avatar },
  badges: { type: '[String!]', resolve: (source, _args, context) => accountOf(source, context).badges },
  ...ofAccount(
    { roles: staff, self: true },
    {
      email: ['String', ({ email }) => email],
      emailVerified: ['Boolean', ({ emailVerified }) => emailVerified],
      role: ['USER_ROLE!', ({ role }) => role],
      deletedAt: ['Time', ({ deletedAt }) => deletedAt],
      profiles: ['[Profile!]!', ({ profiles }) => profiles],
      status: ['UserStatus!', (account) => account],
      moderationScopes: ['Scopes', ({ moderationScopes }) => moderationScopes],
      membershipScopes: ['Scopes', ({ membershipScopes }) => membershipScopes],
    },
  ),
  ...ofAccount({ roles: ['ADMIN'], self: true }, { tokens: ['[Token!]!', ({ tokens }) => tokens] }),
  ...ofAccount(
    { self: true },
    {
      ssoURL: ['String', ({ ssoURL }) => ssoURL],
      duplicateEmail: ['String', ({ duplicateEmail }) => duplicateEmail],
    },
  ),
};

const statusFields: Fields = {
  current: {
    type: '[USER_STATUS!]!',
    resolve(source, _args, context) {
      const { banned, suspension, premod, warning } = accountOf(source, context);
      const current = [
        ...(banned ? ['BANNED'] : []),
        ...(isSuspended(suspension, context.now) ? ['SUSPENDED'] : []),
        ...(premod ? ['PREMOD'] : []),
        ...(warning === undefined ? [] : ['WARNED']),
      ];
      return current.length === 0 ? ['ACTIVE'] : current;
    },
  },
  ban: {
    type: 'BanStatus!',
    resolve(source, _args, context) {
      const { banned, bannedSites } = accountOf(source, context);
      return { active: banned, sites: bannedSites.map((id) => ({ id })) };
    },
  },
  suspension: {
    type: 'SuspensionStatus!',
    resolve(source, _args, context) {
      const { suspension } = accountOf(source, context);
      const active = isSuspended(suspension, context.now);
      return active ? { active, until: suspension?.until } : { active };
    },
  },
  premod: {
    type: 'FlagStatus!',
    resolve: (source, _args, context) => ({ active: accountOf(source, context).premod }),
  },
  warning: {
    type: 'MessageStatus!',
    resolve(source, _args, context) {
      const { warning } = accountOf(source, context);
      return { active: warning !== undefined, message: warning };
    },
  },
  modMessage: {
    type: 'MessageStatus!',
    resolve(source, _args, context) {
      const { modMessage } = accountOf(source, context);
      return { active: modMessage !== undefined, message: modMessage };
    },
  },
};

const queryFields: Fields = {
  viewer: { type: 'User', resolve: (_source, _args, { viewer }) => viewer },
  user: {
    type: 'User',
    args: { id: 'ID!' },
    resolve(_source, { id }, context) {
      allow(context, { roles: staff });
      return context.accounts.byId(String(id));
    },
  },
  users: {
    type: 'UsersConnection!',
    args: { first: 'Int', after: 'Cursor', role: 'USER_ROLE', query: 'String', status: 'USER_STATUS_FILTER' },
    resolve: (_source, args, context) => usersPage(args, context),
  },
  settings: { type: 'Settings!', resolve: (_source, _args, { settings }) => settings },
  story: {
    type: 'Story',
    args: { id: 'ID', url: 'String' },
    resolve: (_source, { id }, { stories }) => (typeof id === 'string' ? stories.byId(id) : undefined),
  },
  stream: {
    type: 'Story',
    args: { id: 'ID', url: 'String' },
    resolve: (_source, { id, url }, { stories }) =>
      typeof id === 'string' && typeof url === 'string' ? stories.open(id, url) : undefined,
  },
};

function usersPage(args: Readonly<Record<string, unknown>>, context: GraphContext): unknown {
  allow(context, { roles: staff });
  const first = typeof args.first === 'number' ? args.first : 10;
  if (first > pageLimit || first < 1) throw new Error(`first must be at most ${pageLimit}`);
  const { role, query, status } = args;
  const start = typeof args.after === 'string' ? Number(args.after) : 0;
  const phrase = typeof query === 'string' && query !== '' ? query.toLowerCase() : undefined;
  const matches = context.accounts.all().filter((account) => {
    if (account.deletedAt !== undefined || (typeof role === 'string' && account.role !== role)) return false;
    if (typeof status === 'string' && !hasStatus(account, status, context.now)) return false;
    if (phrase === undefined) return true;
    return [account.username, account.email].some((text) => text?.toLowerCase().includes(phrase) === true);
  });
  const nodes = matches.slice(start, start + first);
  const end = start + nodes.length;
  return {
    nodes,
    edges: nodes.map((node, index) => ({ node, cursor: String(start + index + 1) })),
    pageInfo: {
      hasNextPage: end < matches.length,
      hasPreviousPage: false,
      endCursor: nodes.length > 0 ? String(end) : null,
    },
  };
}

function hasStatus(
  { banned, bannedSites, premod, suspension, warning }: Account,
  status: string,
  now: Date,
): boolean {
  const suspended = isSuspended(suspension, now);
  switch (status) {
    case 'ACTIVE':
      return !banned && !premod && !suspended;
    case 'BANNED':
      return banned;
    case 'SUSPENDED':
      return suspended;
    case 'PREMOD':
      return premod;
    case 'WARNED':
      return warning !== undefined;
    default:
      return bannedSites.length > 0;
  }
}

function isSuspended(suspension: Account['suspension'], now: Date): boolean {
  return suspension !== undefined && suspension.until.getTime() > now.getTime();
}

function mutationFields(): Fields {
  const entries = Object.entries(mutations).map(([name, mutation]): [string, Field] => [
    name,
    {
      type: `${payloadName(name)}!`,
      args: { input: `${mutation.input}!` },
      resolve(_source, { input }, context) {
        const who = actor(context, mutation.roles);
        const values = new Input(input);
        return { ...mutation.run(values, context, who), clientMutationId: values.text('clientMutationId') };
      },
    },
  ]);
  return Object.fromEntries(entries);
}

function payloadTypes(): Readonly<Record<string, Fields>> {
  const entries = Object.entries(mutations).map(([name, { payload }]): [string, Fields] => [
    payloadName(name),
    plain({ ...payload, clientMutationId: 'String!' }),
  ]);
  return Object.fromEntries(entries);
}

function payloadName(mutation: string): string {
  return `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Payload`;
}

/** The schema: the part of Coral's that logins and account changes need, and a stream with comments. */
export const schema: Schema<GraphContext> = {
  objects: {
    Query: queryFields,
    Mutation: mutationFields(),
    ...payloadTypes(),
    User: userFields,
    UserStatus: statusFields,
    BanStatus: plain({ active: 'Boolean!', sites: '[Site!]' }),
    SuspensionStatus: plain({ active: 'Boolean!', until: 'Time' }),
    FlagStatus: plain({ active: 'Boolean!' }),
    MessageStatus: plain({ active: 'Boolean!', message: 'String' }),
    Site: plain({ id: 'ID!' }),
    Scopes: plain({ scoped: 'Boolean!', siteIDs: '[String!]' }),
    Token: plain({ id: 'ID!', name: 'String!', createdAt: 'Time!' }),
    LocalProfile: plain({ id: 'String!' }),
    OIDCProfile: plain({ id: 'String!' }),
    SSOProfile: plain({ id: 'String!' }),
    FacebookProfile: plain({ id: 'String!' }),
    GoogleProfile: plain({ id: 'String!' }),
    UsersConnection: plain({ nodes: '[User!]!', edges: '[UserEdge!]!', pageInfo: 'PageInfo!' }),
    UserEdge: plain({ node: 'User!', cursor: 'Cursor!' }),
    PageInfo: plain({ hasNextPage: 'Boolean!', hasPreviousPage: 'Boolean!', endCursor: 'Cursor' }),
    Settings: { auth: { type: 'Auth!', resolve: (source) => source } },
    Auth: { integrations: { type: 'AuthIntegrations!', resolve: (source) => source } },
    AuthIntegrations: { sso: { type: 'SSOAuthIntegration!', resolve: (source) => source } },
    SSOAuthIntegration: {
      enabled: {
        type: 'Boolean!',
        resolve: (_source, _args, { settings }: { settings: Settings }) => settings.ssoEnabled,
      },
      allowRegistration: {
        type: 'Boolean!',
        resolve: (_source, _args, { settings }: { settings: Settings }) => settings.allowRegistration,
      },
      signingSecrets: {
        type: '[SigningSecret!]!',
        resolve(_source, _args, context) {
          allow(context, { roles: ['ADMIN'] });
          return context.settings.signingSecrets;
        },
      },
    },
    SigningSecret: plain({
      kid: 'ID!',
      secret: 'String!',
      createdAt: 'Time',
      lastUsedAt: 'Time',
      rotatedAt: 'Time',
      inactiveAt: 'Time',
    }),
    Story: {
      ...plain({ id: 'ID!', url: 'String!' }),
      comments: {
        type: 'CommentsConnection!',
        resolve: (source, _args, { stories }) => {
          const id = isObject(source) ? String(source.id) : '';
          const nodes: readonly Comment[] = stories.byId(id)?.comments ?? [];
          return { nodes, edges: nodes.map((node) => ({ node, cursor: node.createdAt })) };
        },
      },
    },
    CommentsConnection: plain({ nodes: '[Comment!]!', edges: '[CommentEdge!]!' }),
    CommentEdge: plain({ node: 'Comment!', cursor: 'Cursor!' }),
    Comment: plain({ id: 'ID!', body: 'String', createdAt: 'Time!', author: 'User' }),
  },
  unions: { Profile: ['LocalProfile', 'OIDCProfile', 'SSOProfile', 'FacebookProfile', 'GoogleProfile'] },
  enums: {
    USER_ROLE: roles,
    USER_STATUS: ['ACTIVE', 'BANNED', 'SUSPENDED', 'PREMOD', 'WARNED'],
    USER_STATUS_FILTER: ['ACTIVE', 'BANNED', 'SUSPENDED', 'PREMOD', 'WARNED', 'SITE_BANNED'],
  },
  inputs: inputTypes,
  typeOf(value) {
    const names: Readonly<Record<string, string>> = {
      local: 'LocalProfile',
      oidc: 'OIDCProfile',
      sso: 'SSOProfile',
      facebook: 'FacebookProfile',
      google: 'GoogleProfile',
    };
    const type = isObject(value) ? String(value.type) : '';
    return names[type] ?? 'LocalProfile';
  },
};
