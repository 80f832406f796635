import { randomBytes } from 'node:crypto';

import type { ForumUser } from './records.js';

/** Discourse's numbers for the ways to confirm. */
export const secondFactorMethods = { totp: 1, backupCode: 2, securityKey: 3 } as const;

/** A second factor that a person was asked for, kept in the browser's session. */
export interface SecondFactorChallenge {
  readonly nonce: string;
  /** The provider request that waits for it: a raw query. */
  readonly query: string;
  readonly userId: number;
  /** Milliseconds since 1970. */
  generatedAt: number;
  successful: boolean;
}

/** Why there is no such challenge, with the status that says so. */
export interface BadChallenge {
  readonly refused: 'challenge_not_found' | 'challenge_expired' | 'challenge_not_completed';
  readonly status: 404 | 401;
}

const lifetimeMs = 300_000;
const graceMs = 60_000;

export function createChallenge(query: string, userId: number, now: Date): SecondFactorChallenge {
  return {
    nonce: randomBytes(16).toString('hex'),
    query,
    userId,
    generatedAt: now.getTime(),
    successful: false,
  };
}

/** The challenge of that nonce, if it is this person's and not older than five minutes. */
export function findChallenge(
  challenge: SecondFactorChallenge | null,
  nonce: string,
  userId: number | null,
  now: Date,
): SecondFactorChallenge | BadChallenge {
  if (challenge === null || challenge.nonce !== nonce || challenge.userId !== userId) {
    return { refused: 'challenge_not_found', status: 404 };
  }
  if (challenge.generatedAt < now.getTime() - lifetimeMs)
    return { refused: 'challenge_expired', status: 401 };
  return challenge;
}

/** The same, once the person has proved it. */
export function findCompletedChallenge(
  ...given: Parameters<typeof findChallenge>
): SecondFactorChallenge | BadChallenge {
  const found = findChallenge(...given);
  return 'refused' in found || found.successful ? found : { refused: 'challenge_not_completed', status: 401 };
}

/** The person proved it; there is a minute more to go on with it. */
export function completeChallenge(challenge: SecondFactorChallenge): void {
  challenge.successful = true;
  challenge.generatedAt += graceMs;
}

/** Does this person have such a way to confirm? */
export function hasMethod(user: ForumUser, method: number): boolean {
  if (user.secondFactor === null) return false;
  return (
    method === secondFactorMethods.totp ||
    (method === secondFactorMethods.backupCode && user.secondFactor.backupCodes.length > 0)
  );
}

/** Is the code right? A backup code is used up by it. */
export function checkSecondFactor(user: ForumUser, method: number, code: string): boolean {
  const { secondFactor } = user;
  if (secondFactor === null) return false;
  if (method === secondFactorMethods.totp) return code === secondFactor.token;
  if (method !== secondFactorMethods.backupCode || !secondFactor.backupCodes.includes(code)) return false;
  user.secondFactor = {
    ...secondFactor,
    backupCodes: secondFactor.backupCodes.filter((other) => other !== code),
  };
  return true;
}
