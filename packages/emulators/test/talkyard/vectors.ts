import { readFileSync } from 'node:fs';

/** The golden vectors, in the shape the tests read them. */
export interface TalkyardVectors {
  readonly http: readonly HttpVector[];
  readonly paseto: readonly PasetoVector[];
  readonly thenGoTo: readonly ThenGoToVector[];
  readonly ssoUrl: readonly SsoUrlVector[];
  readonly usernames: readonly { readonly wanted: string; readonly stored: string }[];
}

export interface HttpVector {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly expected: {
    readonly status: number;
    readonly bodyIncludes?: readonly string[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly bodyStartsWith?: string;
    readonly contentType?: string;
    readonly json?: unknown;
    readonly setsCookies?: readonly string[];
    readonly storedUserAfter?: Readonly<Record<string, string>>;
    readonly secretConsumed?: boolean;
  };
}

export interface PasetoVector {
  readonly name: string;
  readonly settingValue: string;
  readonly encryptedWithKeyHex?: string;
  readonly nonceSeedHex: string;
  readonly payload: string;
  readonly footer?: string;
  readonly v2LocalToken: string;
  readonly valueSentToTalkyard: string;
  readonly now: string;
  readonly expected: {
    readonly status: number;
    readonly user?: Readonly<Record<string, string>>;
    readonly expAsRead?: string;
    readonly errorCodes?: readonly string[];
  };
}

export interface ThenGoToVector {
  readonly thenGoTo: string;
  readonly serverOrigin: string;
  readonly allowEmbeddingFrom: readonly string[];
  readonly talkyard: string;
  readonly toolkitShouldSend: boolean;
}

export interface SsoUrlVector {
  readonly name: string;
  readonly template: string;
  readonly pageOrigin: string;
  readonly pageUrl: string;
  readonly browserGoesTo: string;
  readonly trigger: string;
  readonly endsUpAt?: string;
  readonly thenGoToToSend?: string;
  readonly siteReads?: Readonly<Record<string, string>>;
}

export const vectors: TalkyardVectors = JSON.parse(
  readFileSync(new URL('../../../testkit/vectors/talkyard.json', import.meta.url), 'utf8'),
);
