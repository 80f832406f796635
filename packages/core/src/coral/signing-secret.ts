import { type Refusal, refusal } from '../errors.js';

/**
 * Checks a signing secret of Coral: `ssosec_` and 64 to 72 hexadecimal digits. The whole text, prefix included,
 * is the key; a secret that lost its prefix on the way signs tokens that Coral refuses.
 * @returns null when it is fine
 */
export function signingSecretFault(secret: string, option: string): Refusal | null {
  if (/^ssosec_[\da-f]{64,72}$/.test(secret)) return null;
  if (/^[\da-f]{64,72}$/.test(secret)) {
    return refusal(
      'ERR_CORAL_SECRET_UNUSABLE',
      `${option} lacks its beginning "ssosec_": copy the whole key from Coral, Configure > Authentication > Single Sign On.`,
    );
  }
  if (secret.startsWith('whsec_')) {
    return refusal(
      'ERR_CORAL_SECRET_UNUSABLE',
      `${option} is a webhook secret (whsec_): the key for logins begins with "ssosec_" and stands in Coral under Configure > Authentication > Single Sign On.`,
    );
  }
  return refusal(
    'ERR_CORAL_SECRET_UNUSABLE',
    `${option} must be the key that Coral shows under Configure > Authentication > Single Sign On: "ssosec_" and 64 to 72 hexadecimal digits in lower case.`,
  );
}

/**
 * Checks a key id. Coral ignores it as long as one key is active, so a wrong one shows only at the first
 * rotation.
 * @returns null when it can be sent
 */
export function keyIdFault(kid: string, option: string): Refusal | null {
  if (/^[\x21-\x7e]{1,255}$/.test(kid)) return null;
  return refusal('ERR_CORAL_SECRET_UNUSABLE', `${option} must be the ID that Coral shows beside the key.`);
}
