import { isRecord, parseJson } from '../../json.js';

/**
 * Checks what was given as personal access token of Coral: a JWT whose payload says `pat`. Nothing is verified,
 * only mix-ups are found: tokens of single sign-on, secrets, tokens cut off while copying.
 * @returns what is wrong with it, or null
 */
export function accessTokenProblem(token: string, option: string): string | null {
  const parts = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token);
  const payload =
    parts === null ? undefined : parseJson(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
  if (!isRecord(payload)) {
    return `${option} must be a personal access token of Coral, three parts with two full stops between them. An administrator makes one with the mutation createToken or with "coral-cli token:create".`;
  }
  if (payload.pat !== true) {
    return `${option} is a token for logins, not a personal access token. An administrator makes one with the mutation createToken or with "coral-cli token:create".`;
  }
  return null;
}
