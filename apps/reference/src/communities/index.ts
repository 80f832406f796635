import type { Community } from './community.js';
import { discourseForum } from './discourse.js';

/** What the demo shows, in the order of the home page and of the ports. */
export const communities: readonly Community[] = [discourseForum];
