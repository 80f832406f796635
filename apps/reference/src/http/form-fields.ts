import { ForumSsoError } from '@forum-sso/core';

/** A field's text; undefined when absent. @throws ForumSsoError `ERR_PARAMETER_REPEATED` */
export function oneOf(fields: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = fields.getAll(name);
  if (more.length > 0) {
    throw new ForumSsoError('ERR_PARAMETER_REPEATED', `The field "${name}" was sent more than once.`);
  }
  return value;
}
