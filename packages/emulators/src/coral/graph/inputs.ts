import { CoralError } from '../coral-error.js';
import { isObject } from '../token/decode.js';

/** Fields of the input types; all have a `clientMutationId: String!` as well. */
const fields = {
  UpdateUserUsernameInput: { userID: 'ID!', username: 'String!' },
  UpdateUserEmailInput: { userID: 'ID!', email: 'String!' },
  UpdateUserAvatarInput: { userID: 'ID!', avatar: 'String' },
  UpdateUserRoleInput: { userID: 'ID!', role: 'USER_ROLE!', scoped: 'Boolean!' },
  UpdateUserModerationScopesInput: { userID: 'ID!', moderationScopes: 'ModerationScopesInput!' },
  UpdateUserMembershipScopesInput: { userID: 'ID!', membershipScopes: 'MembershipScopesInput!' },
  UpdateSSOProfileIDInput: { userID: 'ID!', ssoProfileID: 'String!' },
  DeleteUserAccountInput: { userID: 'ID!' },
  RequestUserCommentsDownloadInput: { userID: 'ID!' },
  BanUserInput: { userID: 'ID!', message: 'String!', siteIDs: '[ID!]', rejectExistingComments: 'Boolean' },
  UpdateUserBanInput: {
    userID: 'ID!',
    message: 'String!',
    banSiteIDs: '[ID!]',
    unbanSiteIDs: '[ID!]',
    rejectExistingComments: 'Boolean',
  },
  RemoveUserBanInput: { userID: 'ID!' },
  SuspendUserInput: { userID: 'ID!', timeout: 'Int!', message: 'String!' },
  RemoveUserSuspensionInput: { userID: 'ID!' },
  PremodUserInput: { userID: 'ID!' },
  RemovePremodUserInput: { userID: 'ID!' },
  WarnUserInput: { userID: 'ID!', message: 'String!' },
  RemoveUserWarningInput: { userID: 'ID!' },
  SendModMessageInput: { userID: 'ID!', message: 'String!' },
  RotateSSOSigningSecretInput: { inactiveIn: 'Int!' },
  DeactivateSSOSigningSecretInput: { kid: 'ID!' },
  DeleteSSOSigningSecretInput: { kid: 'ID!' },
  CreateTokenInput: { name: 'String!' },
  DeactivateTokenInput: { id: 'ID!' },
  CreateCommentInput: { storyID: 'ID!', body: 'String!', parentID: 'ID', nudge: 'Boolean' },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type InputName = keyof typeof fields;

/** The input types of the schema. */
export const inputTypes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...Object.fromEntries(
    Object.entries(fields).map(([name, own]) => [name, { ...own, clientMutationId: 'String!' }]),
  ),
  ModerationScopesInput: { scoped: 'Boolean!', siteIDs: '[ID!]!' },
  MembershipScopesInput: { scoped: 'Boolean!', siteIDs: '[ID!]!' },
};

/** An input that was checked against its type; read by kind. */
export class Input {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    this.#values = isObject(value) ? value : {};
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== 'string') throw new CoralError('VALIDATION', `The input has no ${name}.`);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number {
    return Number(this.#values[name]);
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  inner(name: string): Input {
    return new Input(this.#values[name]);
  }
}
