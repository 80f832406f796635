export type { BlogAccount, SeedBlogAccount } from './blog/accounts.js';
export type { BlogLogEntry, BlogWebhookRecord } from './blog/blog.js';
export type { BlogOptions } from './blog/options.js';
export {
  type BlogEmulator,
  type BlogEmulatorOptions,
  startBlogEmulator,
} from './blog/start-blog-emulator.js';
export type { SeedWikiAccount, WikiAccount } from './wiki/accounts.js';
export type { GivenWikiConfig, WikiConfig } from './wiki/config.js';
export {
  startWikiEmulator,
  type WikiEmulator,
  type WikiEmulatorOptions,
} from './wiki/start-wiki-emulator.js';
export type { WikiLogEntry, WikiWebhookRecord } from './wiki/wiki.js';
