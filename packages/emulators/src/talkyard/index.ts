export type { Member, SeedMember } from './community.js';
export type { TalkyardSettings } from './settings.js';
export type { ApiSecret } from './site.js';
export {
  startTalkyardEmulator,
  type TalkyardEmulator,
  type TalkyardEmulatorOptions,
} from './start-talkyard-emulator.js';
export type { WebhookOptions } from './webhook-sender.js';
