/**
 * A message in which a field has a meaning:
 * - `loginRequest`: a forum asks the site who the person is;
 * - `loginAnswer`: the site answers the forum;
 * - `push`: the site brings a user to the forum without a login (`sync_sso`);
 * - `providerRequest`: a client asks the forum, or whoever stands in for one (`/session/sso_provider`);
 * - `providerAnswer`: the answer to the client. It repeats what the request held.
 */
export type MessageDirection = 'loginRequest' | 'loginAnswer' | 'push' | 'providerRequest' | 'providerAnswer';

/** What a field holds: text, `true`/`false`, or names with commas between them. */
export type FieldKind = 'string' | 'boolean' | 'list';

interface FieldRow {
  readonly wire: string;
  readonly name: string;
  readonly kind: FieldKind;
  readonly directions: readonly MessageDirection[];
  /** The year of the first Discourse that knows the field; null when every Discourse of today's protocol does. */
  readonly since: string | null;
}

const toForum = ['loginAnswer', 'push'] as const;
const aboutUser = ['loginAnswer', 'push', 'providerAnswer'] as const;
const toClient = ['providerAnswer'] as const;
const fromClient = ['providerRequest', 'providerAnswer'] as const;

/**
 * DiscourseConnect: every field of a message, in the order in which Discourse writes them (`custom.<name>` fields
 * follow). Names on the wire stand here and nowhere else.
 */
export const fieldTable = [
  { wire: 'add_groups', name: 'addGroups', kind: 'list', directions: toForum, since: null },
  { wire: 'admin', name: 'admin', kind: 'boolean', directions: aboutUser, since: null },
  {
    wire: 'avatar_force_update',
    name: 'avatarForceUpdate',
    kind: 'boolean',
    directions: toForum,
    since: null,
  },
  { wire: 'avatar_url', name: 'avatarUrl', kind: 'string', directions: aboutUser, since: null },
  { wire: 'bio', name: 'bio', kind: 'string', directions: toForum, since: null },
  {
    wire: 'card_background_url',
    name: 'cardBackgroundUrl',
    kind: 'string',
    directions: aboutUser,
    since: null,
  },
  { wire: 'confirmed_2fa', name: 'confirmed2fa', kind: 'boolean', directions: toClient, since: '2022' },
  { wire: 'email', name: 'email', kind: 'string', directions: aboutUser, since: null },
  { wire: 'external_id', name: 'externalId', kind: 'string', directions: aboutUser, since: null },
  { wire: 'failed', name: 'failed', kind: 'boolean', directions: toClient, since: '2023' },
  { wire: 'groups', name: 'groups', kind: 'list', directions: aboutUser, since: null },
  { wire: 'locale', name: 'locale', kind: 'string', directions: toForum, since: null },
  {
    wire: 'locale_force_update',
    name: 'localeForceUpdate',
    kind: 'boolean',
    directions: toForum,
    since: null,
  },
  { wire: 'location', name: 'location', kind: 'string', directions: toForum, since: null },
  { wire: 'logout', name: 'logout', kind: 'boolean', directions: fromClient, since: null },
  { wire: 'moderator', name: 'moderator', kind: 'boolean', directions: aboutUser, since: null },
  { wire: 'name', name: 'name', kind: 'string', directions: aboutUser, since: null },
  { wire: 'no_2fa_methods', name: 'no2faMethods', kind: 'boolean', directions: toClient, since: '2022' },
  {
    wire: 'nonce',
    name: 'nonce',
    kind: 'string',
    directions: ['loginRequest', 'loginAnswer', 'providerRequest', 'providerAnswer'],
    since: null,
  },
  { wire: 'prompt', name: 'prompt', kind: 'string', directions: fromClient, since: '2023' },
  {
    wire: 'profile_background_url',
    name: 'profileBackgroundUrl',
    kind: 'string',
    directions: aboutUser,
    since: null,
  },
  { wire: 'remove_groups', name: 'removeGroups', kind: 'list', directions: toForum, since: null },
  { wire: 'require_2fa', name: 'require2fa', kind: 'boolean', directions: fromClient, since: '2022' },
  {
    wire: 'require_activation',
    name: 'requireActivation',
    kind: 'boolean',
    directions: toForum,
    since: null,
  },
  {
    wire: 'return_sso_url',
    name: 'returnSsoUrl',
    kind: 'string',
    directions: ['loginRequest', 'providerRequest', 'providerAnswer'],
    since: null,
  },
  {
    wire: 'suppress_welcome_message',
    name: 'suppressWelcomeMessage',
    kind: 'boolean',
    directions: toForum,
    since: null,
  },
  { wire: 'title', name: 'title', kind: 'string', directions: toForum, since: null },
  { wire: 'username', name: 'username', kind: 'string', directions: aboutUser, since: null },
  { wire: 'website', name: 'website', kind: 'string', directions: toForum, since: null },
] as const satisfies readonly FieldRow[];

/** What stands on the wire before the name of a custom field. */
export const customPrefix = 'custom.';

/** One row of the table; `kind` tells them apart. */
export type Field = (typeof fieldTable)[number];

/** The fields' names here: `nonce`, `returnSsoUrl`, … */
export type FieldName = Field['name'];

type FieldNameOf<Kind extends FieldKind> = Extract<Field, { kind: Kind }>['name'];
type StringFields = { readonly [Name in FieldNameOf<'string'>]?: string | undefined };
type BooleanFields = { readonly [Name in FieldNameOf<'boolean'>]?: boolean | undefined };
type ListFields = { readonly [Name in FieldNameOf<'list'>]?: readonly string[] | undefined };

/**
 * What a DiscourseConnect message says. Absent is something else than false or empty: a forum leaves alone what is
 * absent, and takes an empty `bio` or an `admin: false` as a change.
 *
 * `groups`, `addGroups` and `removeGroups` are names joined by `,` on the wire. They are split there and never
 * trimmed; the empty text is the empty list, and the other way round.
 */
export interface DiscourseFields extends StringFields, BooleanFields, ListFields {
  /** `custom.<name>` fields by name, in the order of the message. Absent when there are none. */
  readonly custom?: Readonly<Record<string, string>> | undefined;
}
