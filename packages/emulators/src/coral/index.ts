export type { AccountSeed, AccountSnapshot, Profile, Role } from './account.js';
export type { EmailDomain } from './settings.js';
export { type CoralEmulator, type CoralEmulatorOptions, startCoralEmulator } from './start-coral-emulator.js';
export type { StoryPageOptions } from './story-page.js';
export type { SigningSecret } from './token/hs256.js';
export { type Delivery, signatureHeader, type WebhookEndpoint } from './webhooks.js';
