import { noMethodError } from '../protocol/errors.js';
import type { ConnectFields, TextValue } from '../protocol/fields.js';
import type { Directory } from './directory.js';
import type { ForumUser } from './records.js';

/**
 * Puts a person in and out of groups as a message says. With `overridesGroups`, `groups` is the complete list (absent
 * counts as empty) and the other two fields mean nothing; without, `groups` means nothing. Names are compared without
 * regard to case and not trimmed; names of no group, or of an automatic one, are passed over.
 * @throws DiscourseError `NoMethodError` when a list came as a repeated key
 */
export function applyGroupRules(
  user: ForumUser,
  fields: ConnectFields,
  directory: Directory,
  overridesGroups: boolean,
): void {
  if (overridesGroups) {
    const wanted = namesOf(fields.groups);
    for (const { name, members } of directory.groups()) {
      if (wanted.has(name.toLowerCase())) members.add(user.id);
      else members.delete(user.id);
    }
    return;
  }
  const added = namesOf(fields.add_groups);
  const removed = namesOf(fields.remove_groups);
  for (const { name, members } of directory.groups()) {
    const before = members.has(user.id);
    if (added.has(name.toLowerCase())) members.add(user.id);
    // Both lists are made before either is carried out, so that removing looks at the membership of before.
    if (removed.has(name.toLowerCase()) && before) members.delete(user.id);
  }
}

function namesOf(value: TextValue | undefined): ReadonlySet<string> {
  if (value === undefined) return new Set();
  if (typeof value !== 'string') throw noMethodError('A list of groups was sent as a repeated key.');
  return new Set(value.split(',').map((name) => name.toLowerCase()));
}
