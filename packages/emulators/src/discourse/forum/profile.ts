import type { Forum } from './forum.js';
import { isLocale } from './locales.js';
import { RecordInvalid } from './record-invalid.js';
import type { ForumUser } from './records.js';
import { fixUsername } from './username.js';

/** What a person changes on the preferences page. */
export interface ProfileChanges {
  readonly name?: string;
  readonly bio?: string;
  readonly website?: string;
  readonly location?: string;
  readonly title?: string;
  readonly locale?: string;
  readonly timezone?: string;
}

/**
 * Changes somebody's profile. A bio that the site decides about stays; unknown locales are passed over.
 * @throws RecordInvalid
 */
export function updateProfile(forum: Forum, user: ForumUser, changes: ProfileChanges): void {
  const { directory, settings } = forum;
  const { name, bio, website, location, title, locale, timezone } = changes;
  const bioIsFixed = settings.enable_discourse_connect && settings.discourse_connect_overrides_bio;
  directory.saveProfile(user, {
    ...(bio === undefined || bioIsFixed ? {} : { bio }),
    ...(website === undefined ? {} : { website: withScheme(website) }),
    ...(location === undefined ? {} : { location }),
  });
  directory.save(user, {
    ...(name === undefined ? {} : { name }),
    ...(title === undefined ? {} : { title }),
    ...(locale === undefined || !isLocale(locale) ? {} : { locale }),
    ...(timezone === undefined ? {} : { timezone }),
  });
  forum.events.user('user_updated', user);
}

/** Takes over a new address that the person has confirmed. @throws RecordInvalid */
export function changeEmail(forum: Forum, user: ForumUser, email: string): void {
  forum.directory.save(user, { email });
  forum.events.user('user_updated', user);
}

/** @throws RecordInvalid when the name is taken or holds what no name may hold */
export function changeUsername(forum: Forum, user: ForumUser, username: string): void {
  requireCleanUsername(forum, username);
  forum.directory.save(user, { username });
  forum.events.user('user_updated', user);
}

/** @throws RecordInvalid when cleaning would change the name */
export function requireCleanUsername({ settings }: Forum, username: string): void {
  if (username === '' || fixUsername(username, settings) !== username) {
    throw new RecordInvalid(
      'User',
      'username',
      'Username holds characters that are not allowed, or is too short or long',
    );
  }
}

/**
 * Links an account with the site's user of that id, or takes the link away.
 * @throws RecordInvalid when another account has this id
 */
export function setExternalId(forum: Forum, user: ForumUser, externalId: string): void {
  if (externalId.trim() === '') {
    forum.directory.link(user, null);
    return;
  }
  const other = forum.directory.byExternalId(externalId);
  if (other !== undefined && other.id !== user.id) {
    throw new RecordInvalid('SingleSignOnRecord', 'external_id', 'External id has already been taken');
  }
  forum.directory.link(user, {
    externalUsername: null,
    externalEmail: null,
    externalName: null,
    externalAvatarUrl: null,
    externalProfileBackgroundUrl: null,
    externalCardBackgroundUrl: null,
    ...user.signOn,
    externalId,
    lastPayload: `external_id=${externalId}`,
  });
}

function withScheme(website: string): string {
  return website === '' || website.startsWith('http') ? website : `http://${website}`;
}
