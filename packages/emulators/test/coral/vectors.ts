import { readFileSync } from 'node:fs';

import type { AccountSeed, CoralEmulatorOptions, SigningSecret } from '../../src/coral/index.js';

/** A user as the recorded verdicts describe one. Dates are in ISO form. */
export interface RecordedUser {
  readonly id: string;
  readonly banned: boolean;
  readonly premod: boolean;
  readonly profiles: readonly {
    readonly type: string;
    readonly id: string;
    readonly lastIssuedAt?: string;
  }[];
}

export interface Expected {
  readonly verdict: 'accepted' | 'anonymous' | 'rejected';
  readonly httpStatus: number;
  readonly code?: string;
  readonly user?: RecordedUser;
  readonly storedAfterwards?: Partial<RecordedUser>;
}

interface RecordedSecret {
  readonly kid: string;
  readonly secret: string;
  readonly rotatedAt?: number;
  readonly inactiveAt?: number;
}

export interface TokenCase {
  readonly name: string;
  readonly now: number;
  readonly secret?: string;
  readonly keys?: readonly RecordedSecret[];
  readonly tenant?: {
    readonly enabled?: boolean;
    readonly allowRegistration?: boolean;
    readonly oidcEnabled?: boolean;
    readonly emailDomainModeration?: readonly {
      readonly domain: string;
      readonly newUserModeration: 'BAN' | 'PREMOD';
    }[];
  };
  readonly seedUsers?: readonly AccountSeed[];
  readonly revoked?: readonly string[];
  readonly transport?: 'bearer-lower' | 'query';
  readonly token: string;
  readonly expected: Expected;
}

export type Step =
  | { readonly now: number; readonly token: string; readonly logout?: undefined; readonly expected: Expected }
  | {
      readonly now: number;
      readonly logout: string;
      readonly expected: { readonly httpStatus: number; readonly revokedForSeconds: number | null };
    };

export interface CoralVectors {
  readonly cases: readonly TokenCase[];
  readonly sequences: readonly {
    readonly name: string;
    readonly secret: string;
    readonly steps: readonly Step[];
  }[];
  readonly webhooks: readonly {
    readonly name: string;
    readonly now: number;
    readonly secrets: readonly RecordedSecret[];
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }[];
}

const text = readFileSync(new URL('../../../testkit/vectors/coral.json', import.meta.url), 'utf8');

export const vectors: CoralVectors = JSON.parse(text);

export function at(seconds: number): Date {
  return new Date(seconds * 1_000);
}

export function signingSecret({ kid, secret, rotatedAt, inactiveAt }: RecordedSecret): SigningSecret {
  return {
    kid,
    secret,
    ...(rotatedAt === undefined ? {} : { rotatedAt: at(rotatedAt) }),
    ...(inactiveAt === undefined ? {} : { inactiveAt: at(inactiveAt) }),
  };
}

/** How the emulator has to be set up for a case. */
export function optionsFor({
  secret,
  keys,
  tenant,
  seedUsers,
  revoked,
  now,
}: TokenCase): CoralEmulatorOptions {
  const secrets = keys ?? (secret === undefined ? [] : [{ kid: 'only', secret }]);
  return {
    signingSecrets: secrets.map(signingSecret),
    rawQueries: 'everybody',
    now: () => at(now),
    sso: {
      ...(tenant?.enabled === undefined ? {} : { enabled: tenant.enabled }),
      ...(tenant?.allowRegistration === undefined ? {} : { allowRegistration: tenant.allowRegistration }),
    },
    oidcEnabled: tenant?.oidcEnabled === true,
    emailDomains: tenant?.emailDomainModeration ?? [],
    users: seedUsers ?? [],
    revokedTokens: revoked ?? [],
  };
}
