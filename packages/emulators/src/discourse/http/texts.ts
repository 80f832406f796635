import type { BadChallenge } from '../forum/second-factor.js';

/** What people read for Discourse's keys below `discourse_connect.`; our own words. */
const texts: Readonly<Record<string, string>> = {
  payload_parse_error:
    'The login answer of the other site could not be read. Please tell the people who run it.',
  signature_error:
    'The login answer of the other site is not signed correctly. Please tell the people who run it.',
  timeout_expired: 'This login took too long or was used before. Please try to log in again.',
  account_not_approved: 'Your account is waiting for the approval of a moderator.',
  blank_id_error: 'The other site did not say who you are. Please tell the people who run it.',
  no_email: 'The other site did not tell us your e-mail address, which is needed for an account.',
  invite_redeem_failed: 'Your invitation could not be redeemed.',
  unknown_error: 'There is a problem with your account. Please tell the people who run this forum.',
};

export function errorText(key: string): string {
  return texts[key] ?? 'The login failed.';
}

const challengeTexts: Readonly<Record<BadChallenge['refused'], string>> = {
  challenge_not_found: 'There is no such question in this browser.',
  challenge_expired: 'This took too long. Please start again at the site that you came from.',
  challenge_not_completed: 'The second factor is still missing.',
};

/** What people read when a second factor cannot be asked for or was not given. */
export function challengeText(refused: BadChallenge['refused']): string {
  return challengeTexts[refused];
}
