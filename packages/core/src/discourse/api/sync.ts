import { refusal } from '../../errors.js';
import type { OutgoingAnswer } from '../../http/outgoing.js';
import { isRecord, parseJson } from '../../json.js';
import type { DiscourseFields } from '../protocol/fields.js';
import { type DiscourseRefusal, unexpected } from './call.js';

/**
 * How the forum takes groups from a push. The forum's setting "discourse connect overrides groups" decides it, and it
 * must be said: with `exact`, a push without `groups` would empty all memberships, so the type asks for them.
 */
export type GroupsMode = 'exact' | 'managed';

type GroupFields = 'groups' | 'addGroups' | 'removeGroups';

/** Fields of a push; `externalId` is the site's id of the person. A new account needs `email` and `username` as well. */
export type SyncFields<Mode extends GroupsMode> = Omit<DiscourseFields, GroupFields | 'externalId'> & {
  readonly externalId: string;
} & (Mode extends 'exact'
    ? {
        readonly groups: readonly string[];
        readonly addGroups?: undefined;
        readonly removeGroups?: undefined;
      }
    : {
        readonly groups?: undefined;
        readonly addGroups?: readonly string[] | undefined;
        readonly removeGroups?: readonly string[] | undefined;
      });

/** For callers without types. */
export const groupsAreMissing = refusal(
  'ERR_SSO_FIELD_UNUSABLE',
  'groups is missing, and in mode "exact" the forum would empty all memberships: give the whole list, [] for none.',
);

/** What the forum made of a push. */
export interface SyncedUser {
  /** The forum's own number of the account. */
  readonly id: string;
  /** The user name that the forum gave, which need not be the one that was sent. */
  readonly username: string;
  /** False for an account that still waits for its e-mail to be confirmed. */
  readonly active: boolean;
}

/**
 * Reads the answer to `POST /admin/users/sync_sso`. Two meanings each of 403 and 404 are told apart by the body; texts
 * are never matched, since forums translate them.
 */
export function readSyncAnswer(answer: OutgoingAnswer): SyncedUser | DiscourseRefusal {
  const body = parseJson(answer.text);
  const failed = isRecord(body) && body.failed === 'FAILED';
  switch (answer.status) {
    case 200: {
      if (!isRecord(body) || typeof body.id !== 'number' || typeof body.username !== 'string')
        return unexpected(answer);
      return { id: String(body.id), username: body.username, active: body.active !== false };
    }
    case 404:
      return answer.text.trim() === ''
        ? refusal(
            'ERR_DISCOURSE_CONNECT_OFF',
            'The forum does not use DiscourseConnect: switch on its setting "enable discourse connect".',
          )
        : refusal('ERR_DISCOURSE_KEY_REFUSED', 'The API key does not act as an admin of the forum.');
    case 422:
      return refusal(
        'ERR_DISCOURSE_SYNC_REFUSED',
        'The forum could not verify the message, or takes the id for blank: compare secret (DISCOURSE_CONNECT_SECRET) with the forum\'s "discourse connect secret".',
      );
    case 403:
      return failed
        ? refusal(
            'ERR_DISCOURSE_RECORD_INVALID',
            'The forum cannot store this person: the address is missing, taken by another account, or from a blocked domain. With an unverified address, an existing account is not taken over.',
          )
        : unexpected(answer);
    default:
      return unexpected(answer);
  }
}
