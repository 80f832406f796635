import { type Refusal, refusal, refusalForThrown } from '../../errors.js';
import type { SiteUser } from '../../site-user.js';
import type { Numbers } from '../../store/store.js';
import type { DiscourseConnectProviderOptions } from './options.js';

/** The whole numbers by which clients know people. */
export interface PersonNumbers {
  numberOf(user: SiteUser): Promise<number | Refusal>;
  siteUserOf(number: number): Promise<string | null>;
}

/** From the site's callbacks if it has them, else from the store; null when there is neither. */
export function personNumbers(
  { numberOf, siteUserOf }: Pick<DiscourseConnectProviderOptions, 'numberOf' | 'siteUserOf'>,
  stored: Numbers | undefined,
): PersonNumbers | null {
  if (numberOf !== undefined && siteUserOf !== undefined) {
    return {
      numberOf: (user) => checked(async () => numberOf(user)),
      // What looks people up in a map gives undefined.
      siteUserOf: async (number) => (await siteUserOf(number)) ?? null,
    };
  }
  if (stored === undefined) return null;
  return {
    numberOf: ({ id }) => checked(() => stored.numberOf(id)),
    siteUserOf: (number) => stored.siteUserOf(number),
  };
}

/** Clients keep the number for ever and give rights by it: a wrong one is another person. */
async function checked(ask: () => Promise<unknown>): Promise<number | Refusal> {
  let number: unknown;
  try {
    number = await ask();
  } catch (cause) {
    return refusalForThrown(cause, 'ERR_SITE_CALLBACK_FAILED', "The site's numberOf callback failed.");
  }
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0
    ? number
    : refusal('ERR_SITE_USER_INVALID', 'numberOf must give a positive whole number.');
}

/** Reads a person's number from an address; null for anything else. */
export function readNumber(text: string | undefined): number | null {
  if (text === undefined || !/^[1-9]\d{0,15}$/.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : null;
}
