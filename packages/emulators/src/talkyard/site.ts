import type { Community } from './community.js';
import type { Discussions } from './discussions.js';
import type { OneTimeSecrets } from './one-time-secrets.js';
import type { TalkyardSessions } from './sessions.js';
import type { TalkyardSettings } from './settings.js';

/** An API secret of the emulated site. */
export interface ApiSecret {
  readonly secret: string;
  /** The only user whom it may act as; undefined: any. */
  readonly userId?: number;
}

/** The emulated Talkyard: everything that its routes share. */
export interface Site {
  /** `http://127.0.0.1:4002` */
  readonly origin: string;
  readonly apiSecrets: readonly ApiSecret[];
  readonly community: Community;
  readonly discussions: Discussions;
  readonly loginSecrets: OneTimeSecrets;
  readonly sessions: TalkyardSessions;
  readonly now: () => Date;
  /** As they are at the moment. */
  settings(): TalkyardSettings;
  /** @throws TypeError with a sentence when Talkyard would not save them */
  changeSettings(changes: Partial<TalkyardSettings>): void;
}
