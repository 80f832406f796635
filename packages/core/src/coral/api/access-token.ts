import { isRecord } from '../claims.js';

/**
 * Checks what was given as personal access token of Coral: a JWT whose payload says `pat`. Nothing is verified,
 * only mix-ups are found: tokens of single sign-on, secrets, tokens cut off while copying.
 * @returns what is wrong with it, or null
 */
export function accessTokenProblem(token: string, option: string): string | null {
  const parts = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token);
  const payload = parts === null ? undefined : decode(parts[1] ?? '');
  if (!isRecord(payload)) {
    return `${option} must be a personal access token of Coral, three parts with two full stops between them. An administrator makes one with the mutation createToken or with "coral-cli token:create".`;
  }
  if (payload.pat !== true) {
    return `${option} is a token for logins, not a personal access token. An administrator makes one with the mutation createToken or with "coral-cli token:create".`;
  }
  return null;
}

function decode(part: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return value;
  } catch {
    return undefined;
  }
}
