export type {
  ActiveConnector,
  Capability,
  Connector,
  ConnectorSetup,
  Delivery,
  Exchange,
  Route,
  SuspendOptions,
  Zod,
} from './connector.js';
export {
  type ErrorCode,
  errorFrom,
  errorTable,
  ForumSsoError,
  isForumSsoError,
  isRefusal,
  type Refusal,
  refusal,
} from './errors.js';
export type {
  EventListener,
  ForumSsoEvent,
  LoginAnswered,
  LoginSlimmed,
  NewEvent,
  OldSecretUsed,
  RequestRefused,
  SetupWarning,
} from './events/event.js';
export { createForumSso, type ForumSso, type Visit } from './forum-sso.js';
export { escapeHtml, type PageContent, type PageRenderer, pageReply } from './http/page.js';
export { jsonReply, type ReplyHeader, redirectReply, type SsoReply } from './http/reply.js';
export { type HeadersLike, readHeader, type SsoRequest } from './http/request.js';
export { safeReturnPath } from './http/return-path.js';
export type { SiteAddress } from './http/site-address.js';
export {
  describeVariable,
  type Environment,
  type EnvironmentName,
  environmentTable,
  readEnvironment,
} from './options/environment.js';
export type { ForumSsoOptions } from './options/forum-sso-options.js';
export type { ConnectorResult, PushReport } from './push/delivery.js';
export type { PageForum } from './session/page-forum.js';
export type { SiteCallbacks } from './session/site-callbacks.js';
export type { SiteSession } from './session/site-session.js';
export { type SiteUser, siteUserSchema } from './site-user.js';
export { memoryStore } from './store/memory-store.js';
export type {
  ForumSsoStore,
  LinkOutcome,
  Links,
  Locks,
  Numbers,
  OneTimeValues,
  Profiles,
  Revocations,
  StoredProfile,
} from './store/store.js';
