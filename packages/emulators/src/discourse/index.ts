export type { DiscourseEmulator } from './emulator.js';
export type { ApiKey, NewApiKey } from './forum/api-keys.js';
export type { ApiScope } from './forum/api-scopes.js';
export type { FaultRule } from './forum/faults.js';
export type { JournalEntry } from './forum/journal.js';
export type { ProfileChanges } from './forum/profile.js';
export type {
  FetchedImage,
  ForumMail,
  GroupView,
  SecondFactor,
  SeedInvite,
  SeedUser,
  SignOnRecord,
  UserView,
} from './forum/records.js';
export { type DiscourseSettings, defaultSettings, type ForumModes } from './forum/settings.js';
export type { IpLimits } from './http/ip-limit.js';
export type { DiscourseEmulatorOptions, RateLimits } from './options.js';
export { DiscourseError } from './protocol/errors.js';
export { startDiscourseEmulator } from './start-discourse-emulator.js';
export type { Delivery, HeaderList } from './webhooks/delivery.js';
export {
  type NewWebhook,
  type Webhook,
  type WebhookContentType,
  type WebhookEventName,
  webhookEventNames,
} from './webhooks/webhook.js';
export type { Schedule } from './webhooks/webhooks.js';
