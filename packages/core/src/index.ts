export type {
  ActiveConnector,
  Capability,
  Connector,
  ConnectorSetup,
  Delivery,
  Exchange,
  Route,
  SignedOut,
  Sound,
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
  refusalForThrown,
} from './errors.js';
export type {
  AccountLinked,
  EventListener,
  ForumSsoEvent,
  LoginAnswered,
  LoginCompleted,
  LoginSlimmed,
  LogoutCompleted,
  NewEvent,
  OldSecretUsed,
  PersonSynced,
  PushDone,
  PushFailed,
  PushStalled,
  RequestRefused,
  SetupWarning,
  WebhookReceived,
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
export { BackPressure } from './push/back-pressure.js';
export type { ConnectorResult, PushReport, RemovalReport } from './push/delivery.js';
export { type JobKind, type JobOutcome, jobKinds, type PushJob } from './push/job.js';
export type { JobSeal } from './push/job-seal.js';
export type { Leave } from './push/lanes.js';
export { type Pace, type Slots, slotsOf } from './push/pace.js';
export type { PushReceipt, QueueControl, ReceiptResult } from './push/pusher.js';
export type {
  DeadLetter,
  PushQueue,
  QueueMetrics,
  QueueOptions,
  QueueSetup,
  RunningQueue,
} from './push/queue.js';
export { type ReadQueueOptions, readQueueOptions } from './push/queue-options.js';
export type { Decision, RetryPolicy } from './push/retry.js';
export { type StoreQueueOptions, storeQueue } from './push/store-queue.js';
export { Tally } from './push/tally.js';
export { siteUserSchema } from './read-site-user.js';
export type { PageForum } from './session/page-forum.js';
export type { SiteCallbacks } from './session/site-callbacks.js';
export type { SiteSession } from './session/site-session.js';
export type { SiteUser } from './site-user.js';
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from './store/memory-store.js';
export type {
  DeadJob,
  ForumSsoStore,
  JobCounts,
  Jobs,
  LinkOutcome,
  Links,
  Locks,
  NewJob,
  Numbers,
  OneTimeValues,
  People,
  Profiles,
  Revocations,
  Standing,
  StoredProfile,
  WaitingJob,
} from './store/store.js';
