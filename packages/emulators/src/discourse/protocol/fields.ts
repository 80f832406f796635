import type { FormValue, WireText } from './form.js';

/** Every field of a DiscourseConnect payload, in the order in which Discourse writes them. */
export const fieldNames = [
  'add_groups',
  'admin',
  'avatar_force_update',
  'avatar_url',
  'bio',
  'card_background_url',
  'confirmed_2fa',
  'email',
  'external_id',
  'failed',
  'groups',
  'locale',
  'locale_force_update',
  'location',
  'logout',
  'moderator',
  'name',
  'no_2fa_methods',
  'nonce',
  'prompt',
  'profile_background_url',
  'remove_groups',
  'require_2fa',
  'require_activation',
  'return_sso_url',
  'suppress_welcome_message',
  'title',
  'username',
  'website',
] as const;

/** The fields that are true, false or absent. */
export const flagNames = [
  'admin',
  'avatar_force_update',
  'confirmed_2fa',
  'failed',
  'locale_force_update',
  'logout',
  'moderator',
  'no_2fa_methods',
  'require_2fa',
  'require_activation',
  'suppress_welcome_message',
] as const;

export type FieldName = (typeof fieldNames)[number];
export type FlagName = (typeof flagNames)[number];
export type TextName = Exclude<FieldName, FlagName>;

/** A text field's value: a list when the key was repeated. */
export type TextValue = WireText | readonly (WireText | null)[];

/** The fields of one message. A field that is not there was absent. */
export type ConnectFields = { [Name in TextName]?: TextValue } & { [Name in FlagName]?: boolean };

/** A message as Discourse has it after reading: fixed fields and `custom.*` ones, without their prefix. */
export interface ConnectMessage {
  readonly fields: ConnectFields;
  readonly custom: ReadonlyMap<string, FormValue>;
}

const flags: ReadonlySet<string> = new Set(flagNames);

export function isFlagName(name: FieldName): name is FlagName {
  return flags.has(name);
}
