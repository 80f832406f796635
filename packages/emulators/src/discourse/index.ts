export type { JournalEntry } from './forum/journal.js';
export type {
  FetchedImage,
  ForumMail,
  GroupView,
  SeedInvite,
  SeedUser,
  SignOnRecord,
  UserView,
} from './forum/records.js';
export { type DiscourseSettings, defaultSettings, type ForumModes } from './forum/settings.js';
export { DiscourseError } from './protocol/errors.js';
export {
  type DiscourseEmulator,
  type DiscourseEmulatorOptions,
  startDiscourseEmulator,
} from './start-discourse-emulator.js';
