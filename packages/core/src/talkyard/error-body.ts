import { type ErrorCode, type Refusal, refusal } from '../errors.js';

/** A refusal of Talkyard's, with what helps to act on it. */
export interface TalkyardRefusal extends Refusal {
  /** The HTTP status; undefined when there was no answer. */
  readonly httpStatus: number | undefined;
  /** Talkyard's own codes, the telling one first: `TyESSOEMLCONFL_`. Empty when it gave none. */
  readonly talkyardCodes: readonly string[];
  /** Seconds to wait, when another try may succeed; undefined when it will not by itself. */
  readonly retryAfter: number | undefined;
}

/** Longest part of an error body that is searched for codes, in characters. */
const searchLimit = 10_000;
const codeLimit = 10;

/**
 * Finds Talkyard's error codes in the text of an answer.
 *
 * Talkyard: errors are plain text with codes in brackets, which can be nested and can lack the closing one; only some
 * answers repeat the code in the header `X-Error-Code`. The text itself quotes e-mail addresses, and with status 500 holds
 * a stack trace: it is read for the codes and goes no further.
 */
export function talkyardCodes(body: string, headerCode?: string | null): readonly string[] {
  const codes = new Set<string>();
  if (headerCode !== undefined && headerCode !== null && /^[A-Za-z0-9_]{3,40}$/.test(headerCode))
    codes.add(headerCode);
  for (const [, code] of body
    .slice(0, searchLimit)
    .matchAll(/\[((?:Ty[EMA]|TYE|DwE|EsE|EdE)[A-Za-z0-9_]{0,40})/g)) {
    if (code !== undefined && codes.size < codeLimit) codes.add(code);
  }
  return [...codes];
}

/** Reads an answer that is no success. */
export function readErrorAnswer(
  httpStatus: number,
  body: string,
  headerCode: string | null,
): TalkyardRefusal {
  const codes = talkyardCodes(body, headerCode);
  const { code, advice, retryAfter } = judge(httpStatus, codes);
  const named = codes.length === 0 ? '' : `, ${codes.join(', ')}`;
  return {
    ...refusal(code, `${advice} (Talkyard: HTTP ${httpStatus}${named})`),
    httpStatus,
    talkyardCodes: codes,
    retryAfter,
  };
}

interface Judgement {
  readonly code: ErrorCode;
  readonly advice: string;
  readonly retryAfter?: number;
}

function judge(httpStatus: number, codes: readonly string[]): Judgement {
  for (const code of codes) {
    const known = knownCodes.get(code);
    if (known !== undefined) return known;
  }
  return byStatus(httpStatus);
}

function byStatus(httpStatus: number): Judgement {
  if (httpStatus === 429) {
    return {
      code: 'ERR_TALKYARD_RATE_LIMITED',
      advice: 'Talkyard limits the rate of requests.',
      retryAfter: 15,
    };
  }
  if (httpStatus >= 500) {
    return {
      code: 'ERR_TALKYARD_UNAVAILABLE',
      advice: 'Talkyard failed; its own log says why.',
      retryAfter: 0,
    };
  }
  return { code: 'ERR_TALKYARD_REQUEST_REFUSED', advice: 'Talkyard refused the request.' };
}

const wrongSecret = {
  code: 'ERR_TALKYARD_API_SECRET_REFUSED',
  advice: 'Make an API secret in Talkyard (Admin, API) that may act as any user, and set it as apiSecret.',
} as const;
const emailTaken = {
  code: 'ERR_TALKYARD_EMAIL_TAKEN',
  advice: "Another Talkyard account has the person's e-mail address; an administrator there has to free it.",
} as const;
const emailUnusable = {
  code: 'ERR_TALKYARD_EMAIL_UNUSABLE',
  advice: "Talkyard does not take the person's e-mail address.",
} as const;
const userUnusable = {
  code: 'ERR_TALKYARD_USER_UNUSABLE',
  advice: 'Talkyard could not read or use the details of the person.',
} as const;
const limited = (retryAfter: number) => ({
  code: 'ERR_TALKYARD_RATE_LIMITED' as const,
  advice: `Talkyard limits the rate of requests: wait ${retryAfter} seconds.`,
  retryAfter,
});
const endpointMissing = {
  code: 'ERR_TALKYARD_ADDRESS_WRONG',
  advice: 'This Talkyard does not know the request: it is too old, or the address is not a Talkyard.',
} as const;

const knownCodes: ReadonlyMap<string, Judgement> = new Map<string, Judgement>([
  [
    'TyEAPI0ENB_',
    { code: 'ERR_TALKYARD_API_OFF', advice: 'Switch the API on in Talkyard (Admin, Settings, Features).' },
  ],
  ['TyEAPI0SECRET01_', wrongSecret],
  ['TyEAPI0SECRET03', wrongSecret],
  ['TyEAPI0SECR04', wrongSecret],
  ['TyE0APISECR_', wrongSecret],
  ['TyE0AUTHN_', wrongSecret],
  ['TyE0APIRQ', wrongSecret],
  ['TyEAPIWRNGUSR_', wrongSecret],
  ['TyEAPISYSUSR_', wrongSecret],
  ['TyEAPIBADUSR_', wrongSecret],
  ['TyEAPIUSERID', wrongSecret],
  ['TyESSOUSERNAME', wrongSecret],
  ['TyAPI0USR_', wrongSecret],
  [
    'TyESSOEMLUNVERF',
    { code: 'ERR_EMAIL_NOT_VERIFIED', advice: 'Talkyard takes verified e-mail addresses only.' },
  ],
  ['TyESSOEMLCONFL_', emailTaken],
  ['TyEUPSDUPEML_', emailTaken],
  [
    'TyE7BKG52A4',
    {
      code: 'ERR_TALKYARD_EMAIL_TAKEN',
      advice:
        'A Talkyard account has this e-mail address and never confirmed it; an administrator there has to do that, or to remove it.',
    },
  ],
  ['TyE5KBW02', emailUnusable],
  ['TyE35M0ABT4', emailUnusable],
  ['TyE35M0ABT5', emailUnusable],
  ['TyE35M0ABT2', emailUnusable],
  ['TyEBADEXTUSR', userUnusable],
  ['TyEBADEXTUSR03', userUnusable],
  ['TyE5S204RTE', userUnusable],
  ['TyE402TKUHR24', userUnusable],
  ['TyEEXTIDLNG', userUnusable],
  ['TyEBADJSN', userUnusable],
  ['TyE2GKRC4C2', userUnusable],
  ['TyE4BKR03J', userUnusable],
  [
    'TyEUPDSYSUSR',
    { code: 'ERR_TALKYARD_USER_REFUSED', advice: "The id belongs to one of Talkyard's built-in users." },
  ],
  ['TyEUSRDLD', { code: 'ERR_TALKYARD_USER_REFUSED', advice: 'Talkyard has deleted this user.' }],
  ['TyEBANND1', { code: 'ERR_TALKYARD_USER_REFUSED', advice: 'Talkyard has banned this user.' }],
  ['TyESUSPENDED_', { code: 'ERR_TALKYARD_USER_REFUSED', advice: 'Talkyard has suspended this user.' }],
  [
    'TyE404HOSTNAME',
    {
      code: 'ERR_TALKYARD_ADDRESS_WRONG',
      advice: 'The server knows no Talkyard site of this host name; check serverUrl.',
    },
  ],
  ['TyEAPIPST404', endpointMissing],
  ['TyEAPIGET404', endpointMissing],
  [
    'TyMMAINTWORK',
    { code: 'ERR_TALKYARD_UNAVAILABLE', advice: 'Talkyard is under maintenance.', retryAfter: 0 },
  ],
  ['DwE35BG8', limited(15)],
  ['DwE8IJF4', limited(900)],
  ['DwE42KJ2', limited(86_400)],
]);
