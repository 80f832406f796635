import { parseUri } from '../protocol/ruby-uri.js';
import { Accounts, normalizeEmail } from './accounts.js';
import { automaticGroups, isAutomaticName } from './automatic-groups.js';
import type { ForumEvents } from './events.js';
import { Memberships } from './memberships.js';
import { RecordInvalid } from './record-invalid.js';
import type {
  ForumGroup,
  ForumUser,
  GroupInfo,
  GroupView,
  SeedUser,
  SignOnRecord,
  UserView,
} from './records.js';
import { type DiscourseSettings, listSetting } from './settings.js';
import { normalizeUsername } from './username.js';

const emailAddress =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;

/** What an account is made of; what is left out has a default. */
export type NewUser = Pick<ForumUser, 'username' | 'name' | 'email'> & Partial<ForumUser>;

/** The accounts and groups of the forum. */
export class Directory {
  readonly #accounts = new Accounts();
  readonly #groups = new Map<number, ForumGroup>();
  readonly #settings: () => Readonly<DiscourseSettings>;
  readonly #now: () => Date;
  readonly #events: ForumEvents;
  readonly #memberships: Memberships;
  /** The account that the forum itself acts as. It is in no list. */
  readonly system: ForumUser;
  #lastUserId = 0;
  #lastGroupId = 40;

  constructor(settings: () => Readonly<DiscourseSettings>, now: () => Date, events: ForumEvents) {
    this.#settings = settings;
    this.#now = now;
    this.#events = events;
    this.#memberships = new Memberships(now);
    this.system = {
      ...this.#blank({ username: 'system', name: 'system', email: 'no_reply@forum.invalid' }),
      id: -1,
      active: true,
      approved: true,
      admin: true,
      moderator: true,
      trustLevel: 4,
    };
  }

  users(): readonly ForumUser[] {
    return this.#accounts.all();
  }

  byId(id: number | null | undefined): ForumUser | undefined {
    return id === null || id === undefined ? undefined : this.#accounts.byId(id);
  }

  byExternalId(externalId: string): ForumUser | undefined {
    return this.#accounts.byExternalId(externalId);
  }

  byEmail(email: string): ForumUser | undefined {
    return this.#accounts.byEmail(email);
  }

  byUsername(username: string): ForumUser | undefined {
    return this.#accounts.byUsername(username);
  }

  /**
   * Makes an account, inactive and without any link.
   * @throws RecordInvalid
   */
  create(given: NewUser): ForumUser {
    const user = this.#blank(given);
    this.#validate(user);
    this.#lastUserId = Math.max(this.#lastUserId, user.id);
    this.#accounts.put(user);
    this.#refreshMemberships(user);
    this.#events.user('user_created', user);
    return user;
  }

  /** Makes an account that is there from the start; groups that are not there yet are made. */
  seed(seed: SeedUser): ForumUser {
    const { externalId, groups = [], avatarUrl, associatedAccounts = {}, ...rest } = seed;
    if (
      seed.id !== undefined &&
      (!Number.isSafeInteger(seed.id) || seed.id < 1 || this.#accounts.has(seed.id))
    )
      throw new TypeError('The id of a seeded user must be a positive whole number that is free.');
    const user = this.create({
      name: '',
      active: true,
      approved: true,
      ...rest,
      avatar: avatarUrl === undefined ? null : { url: avatarUrl, fetchedAt: this.#now(), count: 1 },
      associatedAccounts: { ...associatedAccounts },
    });
    if (externalId !== undefined) {
      this.link(user, {
        externalId,
        externalUsername: user.username,
        externalEmail: user.email,
        externalName: user.name,
        externalAvatarUrl: null,
        externalProfileBackgroundUrl: null,
        externalCardBackgroundUrl: null,
        lastPayload: '',
      });
    }
    for (const name of groups)
      this.setMembership(user, this.groupByName(name) ?? this.createGroup(name), true);
    return user;
  }

  /**
   * Takes changes over into the stored account, all or none.
   * @throws RecordInvalid
   */
  save(user: ForumUser, changes: Partial<ForumUser>): void {
    const draft: ForumUser = { ...user, ...changes };
    draft.email = normalizeEmail(draft.email);
    this.#validate(draft, user);
    this.overwrite(user, draft);
  }

  /** The same without any check, for what the forum itself does to an account. */
  overwrite(user: ForumUser, changes: Partial<ForumUser>): void {
    Object.assign(user, changes);
    this.#accounts.put(user);
    this.#refreshMemberships(user);
  }

  /** Links an account with a user of the site, or takes the link away. */
  link(user: ForumUser, signOn: SignOnRecord | null): void {
    user.signOn = signOn;
    this.#accounts.put(user);
  }

  /**
   * The same for the profile: bio, website, location.
   * @throws RecordInvalid
   */
  saveProfile(user: ForumUser, changes: Partial<Pick<ForumUser, 'bio' | 'website' | 'location'>>): void {
    const { bio = '', website = '', location = '' } = changes;
    if (characters(bio) > 3_000) throw new RecordInvalid('UserProfile', 'bio_raw', 'About Me is too long');
    if (characters(location) > 3_000)
      throw new RecordInvalid('UserProfile', 'location', 'Location is too long');
    if (website !== '' && website !== user.website && !isWebsite(website)) {
      throw new RecordInvalid('UserProfile', 'website', 'Website is invalid');
    }
    Object.assign(user, changes);
  }

  /** Deletes an account; whoever listens sees it as it was. */
  remove(user: ForumUser): void {
    this.#events.user('user_destroyed', user);
    this.#accounts.remove(user);
    this.#memberships.forget(user.id);
    for (const { members } of this.#groups.values()) members.delete(user.id);
  }

  /** Puts a person into a group or takes them out. */
  setMembership(user: ForumUser, group: ForumGroup, isMember: boolean): void {
    if (isMember) group.members.add(user.id);
    else group.members.delete(user.id);
    this.#refreshMemberships(user);
  }

  groups(): readonly ForumGroup[] {
    return [...this.#groups.values()];
  }

  /** A group that people can be put in; group names are compared without regard to case. */
  groupByName(name: string): ForumGroup | undefined {
    const wanted = name.toLowerCase();
    return this.groups().find((group) => group.name.toLowerCase() === wanted);
  }

  /**
   * Makes a group.
   * @throws RecordInvalid when the name is taken (also by an automatic group), empty or holds a comma or blank
   */
  createGroup(name: string): ForumGroup {
    const taken = this.groupByName(name) !== undefined || isAutomaticName(name);
    if (taken) throw new RecordInvalid('Group', 'name', 'Name has already been taken');
    if (!/^[\p{L}\p{N}\p{M}._-]{1,100}$/u.test(name)) {
      throw new RecordInvalid(
        'Group',
        'name',
        'Name may hold letters, numbers, dots, dashes and underscores only',
      );
    }
    this.#lastGroupId++;
    const group = { id: this.#lastGroupId, name, automatic: false, members: new Set<number>() };
    this.#groups.set(group.id, group);
    return group;
  }

  /** Names of all groups of a person, automatic ones first. */
  groupNames(user: ForumUser): readonly string[] {
    const own = this.groups().filter(({ members }) => members.has(user.id));
    return [...automaticNames(user), ...own.map(({ name }) => name).sort()];
  }

  /** Numbers of all groups of a person, in ascending order. */
  groupIds(user: ForumUser): readonly number[] {
    const own = this.groups().filter(({ members }) => members.has(user.id));
    return [...automaticGroups.filter(({ holds }) => holds(user)), ...own].map(({ id }) => id);
  }

  /** All groups of a person, in ascending order of their numbers. */
  groupsOf(user: ForumUser): readonly GroupInfo[] {
    const ids = new Set(this.groupIds(user));
    return this.groupInfos().filter(({ id }) => ids.has(id));
  }

  /** All groups, automatic ones first. */
  groupInfos(): readonly GroupInfo[] {
    const info = ({ id, name }: { id: number; name: string }, automatic: boolean): GroupInfo => ({
      id,
      name,
      automatic,
      userCount: this.#memberships.count(id),
    });
    return [
      ...automaticGroups.map((group) => info(group, true)),
      ...this.groups().map((group) => info(group, false)),
    ];
  }

  view(user: ForumUser): UserView {
    return {
      ...structuredClone(user),
      externalId: user.signOn?.externalId ?? null,
      groups: this.groupNames(user),
    };
  }

  /** All groups with their members, automatic ones first. */
  groupViews(): readonly GroupView[] {
    const users = this.users();
    const names = (test: (user: ForumUser) => boolean): readonly string[] =>
      users.filter(test).map(({ username }) => username);
    return [
      ...automaticGroups.map(({ id, name, holds }) => ({ id, name, automatic: true, members: names(holds) })),
      ...this.groups().map(({ id, name, members }) => ({
        id,
        name,
        automatic: false,
        members: names((user) => members.has(user.id)),
      })),
    ];
  }

  #blank(given: NewUser): ForumUser {
    return {
      active: false,
      staged: false,
      approved: !this.#settings().must_approve_users,
      admin: false,
      moderator: false,
      trustLevel: this.#settings().default_trust_level,
      suspendedTill: null,
      suspendReason: null,
      suspendedAt: null,
      title: null,
      locale: null,
      timezone: null,
      bio: '',
      website: '',
      location: '',
      avatar: null,
      profileBackground: null,
      cardBackground: null,
      customFields: {},
      ipAddress: null,
      invitedWith: null,
      createdAt: this.#now(),
      lastSeenAt: null,
      signOn: null,
      associatedAccounts: {},
      secondFactor: null,
      id: this.#lastUserId + 1,
      ...given,
      email: normalizeEmail(given.email),
    };
  }

  #refreshMemberships(user: ForumUser): void {
    const { added, removed } = this.#memberships.refresh(user.id, this.groupIds(user));
    for (const membership of added) this.#events.membership('user_added_to_group', membership);
    for (const membership of removed) this.#events.membership('user_removed_from_group', membership);
  }

  #validate(user: ForumUser, before?: ForumUser): void {
    if (user.email === '')
      throw new RecordInvalid('User', 'primary_email', 'Primary email can’t be blank', '');
    if (user.email !== before?.email) this.#validateEmail(user);
    if (user.username !== before?.username) {
      const other = this.byUsername(user.username);
      const isSystem = normalizeUsername(user.username) === this.system.username;
      if (isSystem || (other !== undefined && other.id !== user.id)) {
        throw new RecordInvalid('User', 'username', 'Username must be unique');
      }
    }
    if (characters(user.name) > 255) throw new RecordInvalid('User', 'name', 'Full name is too long');
    if (characters(user.title ?? '') > 255) throw new RecordInvalid('User', 'title', 'Title is too long');
  }

  #validateEmail(user: ForumUser): void {
    const refuse = (text: string): never => {
      throw new RecordInvalid('User', 'primary_email', `Primary email ${text}`, user.email);
    };
    const other = this.byEmail(user.email);
    if (other !== undefined && other.id !== user.id) refuse('has already been taken');
    if (!emailAddress.test(user.email) || user.email.length > 513) refuse('is invalid');
    const allowed = listSetting(this.#settings().allowed_email_domains);
    const listed = (domains: readonly string[]): boolean => {
      const host = user.email.slice(user.email.lastIndexOf('@') + 1);
      return domains.some(
        (domain) => host === domain.toLowerCase() || host.endsWith(`.${domain.toLowerCase()}`),
      );
    };
    const isAllowed =
      allowed.length > 0 ? listed(allowed) : !listed(listSetting(this.#settings().blocked_email_domains));
    if (!isAllowed) refuse('is not allowed from that email provider');
  }
}

function automaticNames(user: ForumUser): readonly string[] {
  return automaticGroups.filter(({ holds }) => holds(user)).map(({ name }) => name);
}

function characters(text: string): number {
  return [...text].length;
}

/** An http(s) address whose host has a dot; other letters than ASCII are fine. */
function isWebsite(text: string): boolean {
  if (characters(text) > 3_000) return false;
  const uri = parseUri(text.replace(/\P{ASCII}/gu, (letter) => encodeURIComponent(letter)));
  return (uri?.scheme === 'http' || uri?.scheme === 'https') && uri.host !== null && uri.host.includes('.');
}
