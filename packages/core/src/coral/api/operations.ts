/** What is asked about a user, in every answer that holds one. */
const userSelection = `id username email role badges avatar createdAt deletedAt
  profiles { __typename ... on SSOProfile { id } }
  status { ban { active } suspension { active until } premod { active } warning { active } }`;

const secretsSelection =
  'settings { auth { integrations { sso { enabled allowRegistration signingSecrets { kid secret createdAt lastUsedAt rotatedAt inactiveAt } } } } }';

/**
 * Every change that we make in Coral: its input type and what is asked of the answer. All inputs have a
 * `clientMutationId` as well, which Coral only echoes.
 */
export const mutations = {
  updateUserUsername: { input: 'UpdateUserUsernameInput', selection: `user { ${userSelection} }` },
  updateUserEmail: { input: 'UpdateUserEmailInput', selection: `user { ${userSelection} }` },
  updateUserAvatar: { input: 'UpdateUserAvatarInput', selection: `user { ${userSelection} }` },
  updateUserRole: { input: 'UpdateUserRoleInput', selection: `user { ${userSelection} }` },
  updateUserModerationScopes: {
    input: 'UpdateUserModerationScopesInput',
    selection: `user { ${userSelection} }`,
  },
  updateUserMembershipScopes: {
    input: 'UpdateUserMembershipScopesInput',
    selection: `user { ${userSelection} }`,
  },
  updateSSOProfileID: { input: 'UpdateSSOProfileIDInput', selection: `user { ${userSelection} }` },
  // A deleted user has no profiles, which Coral may refuse to print: only the id is asked.
  deleteUserAccount: { input: 'DeleteUserAccountInput', selection: 'user { id }' },
  requestUserCommentsDownload: { input: 'RequestUserCommentsDownloadInput', selection: 'archiveURL' },
  banUser: { input: 'BanUserInput', selection: `user { ${userSelection} }` },
  updateUserBan: { input: 'UpdateUserBanInput', selection: `user { ${userSelection} }` },
  removeUserBan: { input: 'RemoveUserBanInput', selection: `user { ${userSelection} }` },
  suspendUser: { input: 'SuspendUserInput', selection: `user { ${userSelection} }` },
  removeUserSuspension: { input: 'RemoveUserSuspensionInput', selection: `user { ${userSelection} }` },
  premodUser: { input: 'PremodUserInput', selection: `user { ${userSelection} }` },
  removeUserPremod: { input: 'RemovePremodUserInput', selection: `user { ${userSelection} }` },
  warnUser: { input: 'WarnUserInput', selection: `user { ${userSelection} }` },
  removeUserWarning: { input: 'RemoveUserWarningInput', selection: `user { ${userSelection} }` },
  sendModMessage: { input: 'SendModMessageInput', selection: `user { ${userSelection} }` },
  rotateSSOSigningSecret: { input: 'RotateSSOSigningSecretInput', selection: secretsSelection },
  deactivateSSOSigningSecret: { input: 'DeactivateSSOSigningSecretInput', selection: secretsSelection },
  deleteSSOSigningSecret: { input: 'DeleteSSOSigningSecretInput', selection: secretsSelection },
  createToken: { input: 'CreateTokenInput', selection: 'signedToken token { id name createdAt }' },
  deactivateToken: { input: 'DeactivateTokenInput', selection: 'token { id name createdAt }' },
} as const satisfies Record<string, { readonly input: string; readonly selection: string }>;

export type MutationName = keyof typeof mutations;

/** The document of a mutation. */
export function mutationQuery(name: MutationName): string {
  const { input, selection } = mutations[name];
  return `mutation ($input: ${input}!) { ${name}(input: $input) { clientMutationId ${selection} } }`;
}

export const viewerQuery = 'query { viewer { id username role } }';
export const userQuery = `query ($id: ID!) { viewer { id } user(id: $id) { ${userSelection} } }`;
export const usersQuery = `query ($first: Int!, $after: Cursor, $role: USER_ROLE, $query: String, $status: USER_STATUS_FILTER) {
  users(first: $first, after: $after, role: $role, query: $query, status: $status) {
    nodes { ${userSelection} }
    pageInfo { hasNextPage endCursor }
  }
}`;
export const signingSecretsQuery = `query { ${secretsSelection} }`;
