/**
 * What is wrong with an API secret, as a sentence that says what to do; undefined when it can be used.
 * Talkyard: 20 to 200 letters and digits.
 */
export function apiSecretProblem(apiSecret: unknown): string | undefined {
  const setting = 'apiSecret (TALKYARD_API_SECRET, in Talkyard: Admin, API)';
  if (typeof apiSecret !== 'string' || apiSecret === '') return `${setting} is missing.`;
  if (apiSecret.startsWith('hex:') || apiSecret.startsWith('base64:')) {
    return `${setting} looks like the PASETO secret, which belongs into pasetoSecret (TALKYARD_PASETO_SECRET).`;
  }
  return /^[A-Za-z0-9]{20,200}$/.test(apiSecret)
    ? undefined
    : `${setting} must be 20 to 200 letters and digits, as Talkyard shows it, without blanks or line breaks.`;
}
