import { writePayload } from '../protocol/connect-message.js';
import { DiscourseError } from '../protocol/errors.js';
import { isBlank, readExternalId } from '../protocol/external-id.js';
import type { ConnectFields, ConnectMessage, TextName } from '../protocol/fields.js';
import { normalizeEmail } from './accounts.js';
import type { Directory } from './directory.js';
import type { ForumEvents } from './events.js';
import { applyGroupRules } from './group-rules.js';
import { isLocale } from './locales.js';
import type { Mailbox } from './mailbox.js';
import type { FetchedImage, ForumUser, SignOnRecord } from './records.js';
import type { DiscourseSettings, ForumModes } from './settings.js';
import { fixUsername, normalizeUsername, suggestName, suggestUsername } from './username.js';

/** The forum as far as a message can reach it. */
export interface SignOnForum {
  readonly directory: Directory;
  readonly mailbox: Mailbox;
  readonly events: ForumEvents;
  readonly settings: Readonly<DiscourseSettings>;
  readonly modes: Readonly<ForumModes>;
  readonly now: () => Date;
}

/**
 * Finds the account that a verified message is about, or makes it, and brings it up to date: what a login and a
 * `sync_sso` call have in common.
 * @param ipAddress null when the message did not come through a browser
 * @throws DiscourseError `DiscourseConnect::BlankExternalId`, `DiscourseConnect::BannedExternalId`, and others for what
 * Discourse cannot handle; RecordInvalid. As in Discourse, what was saved before the error stays.
 */
export function lookupOrCreateUser(
  message: ConnectMessage,
  forum: SignOnForum,
  ipAddress: string | null,
): ForumUser {
  const texts = readTexts(message.fields);
  const externalId = readExternalId(texts.external_id);
  const lastPayload = writePayload(message.fields, message.custom);
  const user =
    forum.directory.byExternalId(externalId) ?? matchEmailOrCreate(message.fields, texts, forum, ipAddress);
  const record = { externalId, lastPayload, ...externalDetails(texts) };
  const before = user.signOn;
  const { username, avatar } = user;
  if (before === null) forum.directory.link(user, record);

  forum.directory.save(user, { staged: false });
  const draft = overrides(user, before, message.fields, texts, forum);
  activate(user, draft, message.fields, forum);
  forum.directory.save(user, {
    ...draft,
    customFields: withCustomFields(user.customFields, message),
    ipAddress,
    ...(message.fields.admin === undefined ? {} : { admin: message.fields.admin }),
    ...(message.fields.moderator === undefined ? {} : { moderator: message.fields.moderator }),
    ...(texts.title === undefined ? {} : { title: texts.title }),
  });
  if (texts.bio !== undefined && (isBlank(user.bio) || forum.settings.discourse_connect_overrides_bio)) {
    forum.directory.saveProfile(user, { bio: texts.bio });
  }
  if (texts.website !== undefined) forum.directory.saveProfile(user, { website: texts.website });
  if (texts.location !== undefined) forum.directory.saveProfile(user, { location: texts.location });
  // An account found by its e-mail gets this link in place of an earlier one.
  forum.directory.link(user, record);
  applyGroupRules(user, message.fields, forum.directory, forum.settings.discourse_connect_overrides_groups);
  // A new user name or picture is told to webhooks; a new name or e-mail address is not.
  if (user.username !== username) forum.events.user('user_updated', user);
  if (user.avatar !== avatar) forum.events.user('user_updated', user);
  return user;
}

const textNames = [
  'avatar_url',
  'bio',
  'card_background_url',
  'email',
  'external_id',
  'locale',
  'location',
  'name',
  'profile_background_url',
  'title',
  'username',
  'website',
] as const satisfies readonly TextName[];

type Texts = { [Name in (typeof textNames)[number]]?: string };

/**
 * The text fields that an account is made of.
 * @throws DiscourseError for a repeated key or what the database does not take: Discourse fails on them further on
 */
function readTexts(fields: ConnectFields): Texts {
  const texts: Texts = {};
  for (const name of textNames) {
    const value = fields[name];
    if (value === undefined) continue;
    if (!isStorable(value)) throw notStorable(name);
    texts[name] = value;
  }
  return texts;
}

/** The database takes UTF-8 without zero bytes. */
function isStorable(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function notStorable(name: string): DiscourseError {
  const text = `The field ${name} was sent twice, is not UTF-8 or holds a zero byte.`;
  return new DiscourseError('ActiveRecord::StatementInvalid', text);
}

function matchEmailOrCreate(
  fields: ConnectFields,
  texts: Texts,
  forum: SignOnForum,
  ipAddress: string | null,
): ForumUser {
  // With require_activation nobody has proved that the address is theirs: no account is taken over by it.
  const matched = fields.require_activation === true ? undefined : forum.directory.byEmail(texts.email ?? '');
  if (matched !== undefined) return matched;
  if (forum.modes.archived) {
    throw new DiscourseError('Discourse::SiteArchived', 'The site is archived: no new accounts.');
  }
  const { settings, directory } = forum;
  const nameSource = isBlank(texts.username) ? undefined : texts.username;
  const withEmail = settings.use_email_for_username_and_name_suggestions ? texts.email : undefined;
  return directory.create({
    email: texts.email ?? '',
    name: isBlank(texts.name) ? suggestName(nameSource ?? withEmail) : (texts.name ?? ''),
    username: suggestUsername(
      [texts.username, settings.use_name_for_username_suggestions ? texts.name : undefined, withEmail],
      settings,
      (name) => directory.byUsername(name) !== undefined,
    ),
    ipAddress,
    ...(settings.allow_user_locale && isLocale(texts.locale ?? '') ? { locale: texts.locale ?? null } : {}),
  });
}

function externalDetails(texts: Texts): Omit<SignOnRecord, 'externalId' | 'lastPayload'> {
  return {
    externalUsername: texts.username ?? null,
    externalEmail: texts.email ?? null,
    externalName: texts.name ?? null,
    externalAvatarUrl: texts.avatar_url ?? null,
    externalProfileBackgroundUrl: texts.profile_background_url ?? null,
    externalCardBackgroundUrl: texts.card_background_url ?? null,
  };
}

/** What the message changes of an account's own details, as far as the settings allow. */
function overrides(
  user: ForumUser,
  /** The link as it was before this message; null when there was none. */
  link: SignOnRecord | null,
  fields: ConnectFields,
  texts: Texts,
  { settings, directory, now }: SignOnForum,
): Partial<ForumUser> {
  const draft: Partial<ForumUser> = {};
  const { email, username, name, locale } = texts;
  if (
    settings.auth_overrides_email &&
    email !== undefined &&
    !isBlank(email) &&
    user.email !== normalizeEmail(email)
  ) {
    draft.email = email;
    if (fields.require_activation === true) draft.active = false;
  }
  if (settings.auth_overrides_username && username !== undefined && !isBlank(username)) {
    draft.username = overriddenUsername(user, username, settings, directory);
  }
  if (settings.auth_overrides_name && name !== undefined && !isBlank(name)) draft.name = name;
  if (
    fields.locale_force_update === true &&
    settings.allow_user_locale &&
    locale !== undefined &&
    isLocale(locale)
  ) {
    draft.locale = locale;
  }
  const fetched = (
    before: FetchedImage | null,
    url: string | undefined,
    knownUrl: string | null | undefined,
    override: boolean,
    force = false,
  ): FetchedImage | null => {
    if (url === undefined || isBlank(url)) return before;
    const isDue = before === null || link === null || force || (override && url !== knownUrl);
    return isDue ? { url, fetchedAt: now(), count: (before?.count ?? 0) + 1 } : before;
  };
  draft.avatar = fetched(
    user.avatar,
    texts.avatar_url,
    link?.externalAvatarUrl,
    settings.discourse_connect_overrides_avatar,
    fields.avatar_force_update,
  );
  draft.profileBackground = fetched(
    user.profileBackground,
    texts.profile_background_url,
    link?.externalProfileBackgroundUrl,
    settings.discourse_connect_overrides_profile_background,
  );
  draft.cardBackground = fetched(
    user.cardBackground,
    texts.card_background_url,
    link?.externalCardBackgroundUrl,
    settings.discourse_connect_overrides_card_background,
  );
  return draft;
}

/** A change of case is taken as it is; a name that cleans to the present one changes nothing. */
function overriddenUsername(
  user: ForumUser,
  username: string,
  settings: Readonly<DiscourseSettings>,
  directory: Directory,
): string {
  if (normalizeUsername(username) === normalizeUsername(user.username)) return username;
  if (fixUsername(username, settings) === user.username) return user.username;
  const isTaken = (name: string): boolean => directory.byUsername(name) !== undefined;
  return suggestUsername([username], settings, isTaken, user.username);
}

/** Whoever comes without `require_activation` is active, also after an admin deactivated the account. */
function activate(
  user: ForumUser,
  draft: Partial<ForumUser>,
  fields: ConnectFields,
  forum: SignOnForum,
): void {
  const isActive = draft.active ?? user.active;
  if (isActive || fields.require_activation === true) return;
  forum.directory.save(user, { ...draft, active: true });
  if (fields.suppress_welcome_message !== true) forum.mailbox.sendWelcome(user);
}

function withCustomFields(
  before: Readonly<Record<string, string>>,
  { custom }: ConnectMessage,
): Record<string, string> {
  const fields = new Map(Object.entries(before));
  for (const [name, value] of custom) {
    if (value === null) fields.delete(name);
    else if (isStorable(value)) fields.set(name, value);
    else throw notStorable(`custom.${name}`);
  }
  return Object.fromEntries(fields);
}
