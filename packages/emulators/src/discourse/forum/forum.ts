import type { RackVersion } from '../protocol/form.js';
import { type ProviderSecret, readProviderSecrets } from '../protocol/provider-secrets.js';
import { ApiKeys, type NewApiKey } from './api-keys.js';
import { Directory } from './directory.js';
import { ForumEvents } from './events.js';
import { Invites } from './invites.js';
import { Journal } from './journal.js';
import { Mailbox } from './mailbox.js';
import { Nonces } from './nonces.js';
import type { SeedInvite, SeedUser } from './records.js';
import { type DiscourseSettings, defaultSettings, type ForumModes, settingsProblems } from './settings.js';

export interface ForumOptions {
  /** The forum's address as browsers see it. */
  readonly origin: string;
  /** The setting `discourse_connect_secret`; empty when there is none. */
  readonly connectSecret: string;
  readonly settings: Partial<DiscourseSettings>;
  readonly modes: Partial<ForumModes>;
  readonly groups: readonly string[];
  readonly users: readonly SeedUser[];
  readonly invites: readonly SeedInvite[];
  readonly apiKeys: readonly NewApiKey[];
  /** Names of other login providers that accounts may be linked with. */
  readonly authenticators: readonly string[];
  /** How `sync_sso` decodes, see `decodesTwice` of the codec. */
  readonly syncDecodesTwice: boolean;
  readonly nonceLifetimeSeconds: number;
  readonly rack: RackVersion;
  readonly now: () => Date;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** A whole forum in memory: its settings, accounts, groups, API keys, nonces, mails and log. */
export class Forum {
  readonly origin: string;
  readonly connectSecret: string;
  readonly rack: RackVersion;
  readonly now: () => Date;
  readonly random: () => number;
  readonly authenticators: readonly string[];
  readonly syncDecodesTwice: boolean;
  readonly modes: ForumModes;
  readonly events = new ForumEvents();
  readonly apiKeys: ApiKeys;
  readonly directory: Directory;
  readonly nonces: Nonces;
  readonly invites: Invites;
  readonly mailbox: Mailbox;
  readonly journal: Journal;
  #settings: Readonly<DiscourseSettings>;

  /** @throws TypeError when the settings do not go together */
  constructor(options: ForumOptions) {
    const { now } = options;
    this.origin = options.origin;
    this.connectSecret = options.connectSecret;
    this.rack = options.rack;
    this.now = now;
    this.random = options.random;
    this.authenticators = options.authenticators;
    this.syncDecodesTwice = options.syncDecodesTwice;
    this.modes = { readOnly: false, archived: false, blockedIps: [], ...options.modes };
    this.#settings = checked({ ...defaultSettings, ...options.settings }, options.connectSecret);
    this.directory = new Directory(() => this.#settings, now, this.events);
    this.nonces = new Nonces({
      now,
      lifetimeSeconds: options.nonceLifetimeSeconds,
      boundToSession: () => this.#settings.discourse_connect_csrf_protection,
    });
    this.invites = new Invites(options.invites, now);
    this.mailbox = new Mailbox(now);
    this.journal = new Journal(now);
    this.apiKeys = new ApiKeys(now);
    for (const name of options.groups) this.directory.createGroup(name);
    for (const user of options.users) this.directory.seed(user);
    for (const key of options.apiKeys) this.apiKeys.create(key);
  }

  get settings(): Readonly<DiscourseSettings> {
    return this.#settings;
  }

  /** The sites that the forum logs people in to. */
  get providerSecrets(): readonly ProviderSecret[] {
    return readProviderSecrets(this.#settings.discourse_connect_provider_secrets);
  }

  /** @throws TypeError when the settings would not go together; nothing is changed then */
  changeSettings(changes: Partial<DiscourseSettings>): void {
    const before = this.#settings;
    this.#settings = checked({ ...before, ...changes }, this.connectSecret);
    if (this.#settings.must_approve_users && !before.must_approve_users) {
      // Whoever has an account when the setting is switched on counts as approved.
      for (const user of this.directory.users()) user.approved = true;
    }
  }
}

function checked(settings: DiscourseSettings, connectSecret: string): Readonly<DiscourseSettings> {
  const problems = [...settingsProblems(settings)];
  if (settings.enable_discourse_connect && connectSecret.length < 10) {
    problems.push('enable_discourse_connect needs a discourse_connect_secret of at least 10 characters');
  }
  if (problems.length > 0)
    throw new TypeError(`Discourse does not take these settings: ${problems.join('; ')}.`);
  return settings;
}
