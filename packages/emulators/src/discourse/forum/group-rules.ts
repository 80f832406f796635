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
    for (const group of directory.groups()) {
      directory.setMembership(user, group, wanted.has(group.name.toLowerCase()));
    }
    return;
  }
  const added = namesOf(fields.add_groups);
  const removed = namesOf(fields.remove_groups);
  for (const group of directory.groups()) {
    const name = group.name.toLowerCase();
    // Both lists are made before either is carried out, so that removing looks at the membership of before.
    if (removed.has(name) && group.members.has(user.id)) directory.setMembership(user, group, false);
    else if (added.has(name)) directory.setMembership(user, group, true);
  }
}

function namesOf(value: TextValue | undefined): ReadonlySet<string> {
  if (value === undefined) return new Set();
  if (typeof value !== 'string') throw noMethodError('A list of groups was sent as a repeated key.');
  return new Set(value.split(',').map((name) => name.toLowerCase()));
}
