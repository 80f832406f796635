import { readFileSync } from 'node:fs';

/** One recorded verdict of Coral's own code. Times are seconds since 1970. */
export interface TokenCase {
  readonly name: string;
  readonly now: number;
  readonly secret?: string;
  readonly keys?: readonly {
    readonly kid: string;
    readonly secret: string;
    readonly rotatedAt?: number;
    readonly inactiveAt?: number;
  }[];
  readonly token: string;
  readonly claims?: unknown;
  readonly header?: { readonly kid?: string; readonly typ?: string };
  readonly signedWith?: string;
  readonly expected: {
    readonly verdict: 'accepted' | 'anonymous' | 'rejected';
    readonly code?: string;
    readonly why?: string;
    readonly paths?: readonly string[];
    readonly user?: {
      readonly id: string;
      readonly email?: string;
      readonly username?: string;
      readonly avatar?: string;
      readonly ssoURL?: string;
      readonly badges?: readonly string[];
    };
  };
}

export interface TokenSequence {
  readonly name: string;
  readonly secret: string;
  readonly steps: readonly (
    | (Pick<TokenCase, 'now' | 'token' | 'expected'> & { readonly logout?: undefined })
    | { readonly now: number; readonly logout: string; readonly expected: { readonly httpStatus: number } }
  )[];
}

export interface WebhookCase {
  readonly name: string;
  readonly now: number;
  readonly secrets: readonly {
    readonly kid: string;
    readonly secret: string;
    readonly inactiveAt?: number;
  }[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface CoralVectors {
  readonly cases: readonly TokenCase[];
  readonly sequences: readonly TokenSequence[];
  readonly webhooks: readonly WebhookCase[];
}

const text = readFileSync(new URL('../../../testkit/vectors/coral.json', import.meta.url), 'utf8');

export const vectors: CoralVectors = JSON.parse(text);

export function at(seconds: number): Date {
  return new Date(seconds * 1_000);
}
