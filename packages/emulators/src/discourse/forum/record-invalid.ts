import { DiscourseError } from '../protocol/errors.js';

export type RecordKind = 'User' | 'UserProfile' | 'Group' | 'SingleSignOnRecord';

/** A record that Discourse would not save. */
export class RecordInvalid extends DiscourseError {
  readonly record: RecordKind;
  readonly attribute: string;
  /** The refused e-mail, when it is about one; empty when there was none. */
  readonly email: string | undefined;

  constructor(record: RecordKind, attribute: string, message: string, email?: string) {
    super('ActiveRecord::RecordInvalid', `Validation failed: ${message}`);
    this.record = record;
    this.attribute = attribute;
    this.email = email;
  }
}
