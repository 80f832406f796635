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
