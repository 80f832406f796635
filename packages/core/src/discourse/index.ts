export {
  DiscourseApi,
  DiscourseApiError,
  type DiscourseApiOptions,
  type ForumAccount,
} from './api/discourse-api.js';
export type { GroupsMode, SyncedUser, SyncFields } from './api/sync.js';
export { type DiscourseOptions, discourse } from './forum/connector.js';
export type { GroupsOption, UserFieldsMapper } from './forum/user-fields.js';
export type { SiteAccounts, SiteUserChange, SiteUserQuery } from './login/accounts.js';
export { discourseLogin } from './login/connector.js';
export { type ForumProfile, type ProfileSource, readForumProfile } from './login/forum-profile.js';
export type { ForumUser, ForumUserUpdate } from './login/forum-user.js';
export { type GroupChange, type GroupMap, mapGroups } from './login/group-map.js';
export type { DiscourseLoginOptions } from './login/options.js';
export type { ForumFlavour } from './protocol/flavour.js';
export {
  customPrefix,
  type DiscourseEvent,
  type DiscourseFields,
  fieldTable,
  messageUrl,
  type SignedMessage,
  signMessage,
  verifyMessage,
  verifyWebhook,
} from './protocol/index.js';
export type { ProviderClient } from './provider/clients.js';
export { discourseConnectProvider } from './provider/connector.js';
export type { DiscourseConnectProviderOptions, TwoFactorAnswer, WebhookTarget } from './provider/options.js';
export type { SyncedPerson } from './provider/sync-receiver.js';
