import type { Community } from './community.js';
import { coralComments } from './coral.js';
import { discourseForum } from './discourse.js';
import { clubForum } from './discourse-login.js';
import { fruumPanel } from './fruum.js';
import { talkyardForum } from './talkyard.js';
import { wiki } from './wiki.js';

/** What the demo shows, in the order of the home page and of the ports. */
export const communities: readonly Community[] = [
  discourseForum,
  talkyardForum,
  coralComments,
  fruumPanel,
  clubForum,
  wiki,
];
