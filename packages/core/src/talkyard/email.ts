import { type Refusal, refusal } from '../errors.js';
import { talkyardUserFields } from './fields.js';

const emailLimit = talkyardUserFields.primaryEmailAddress.limit;

/**
 * Brings an e-mail address into the one form that Talkyard takes, before it is asked: what its database refuses
 * (upper case, `, ; ! ? & | ' " < >`, over 100 characters) would be a server error there.
 *
 * Only A to Z are folded to lower case. Other letters are left as they are, since some of them fold to an ASCII letter
 * and would make two people's addresses equal.
 *
 * Talkyard: non-blanks, one "@", and a "." somewhere behind it.
 *
 * @returns the address in lower case, or a refusal `ERR_TALKYARD_EMAIL_UNUSABLE`
 */
export function talkyardEmail(email: string): string | Refusal {
  if (email.length > emailLimit) return unusable(`it is longer than ${emailLimit} characters`);
  const folded = email.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const at = folded.indexOf('@');
  const dot = folded.lastIndexOf('.');
  if (
    at < 1 ||
    at !== folded.lastIndexOf('@') ||
    dot < at + 2 ||
    dot === folded.length - 1 ||
    blank.test(folded)
  ) {
    return unusable('it needs one "@", a "." behind it, and no blanks');
  }
  if (refusedCharacter.test(folded)) return unusable('it holds one of the characters , ; ! ? & | \' " < >');
  if (folded !== folded.toLowerCase()) return unusable('it has upper-case letters beyond A to Z');
  return folded;
}

const blank = /[\s\p{Cc}]/u;
const refusedCharacter = /[,;!?&|'"<>]/;

function unusable(reason: string): Refusal {
  return refusal(
    'ERR_TALKYARD_EMAIL_UNUSABLE',
    `Talkyard does not take the person's e-mail address: ${reason}.`,
  );
}
