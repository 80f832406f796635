import type { Accounts } from './accounts.js';
import type { Revocations } from './login.js';
import type { Installation } from './personal-tokens.js';
import type { Settings } from './settings.js';
import type { Stories } from './stories.js';
import type { Webhooks } from './webhooks.js';

/** Everything that one emulated Coral knows. */
export interface CoralState {
  readonly accounts: Accounts;
  readonly settings: Settings;
  readonly stories: Stories;
  readonly revocations: Revocations;
  readonly installation: Installation;
  readonly webhooks: Webhooks;
  /** Where it is, as browsers see it. */
  readonly origin: string;
  readonly now: () => Date;
}
