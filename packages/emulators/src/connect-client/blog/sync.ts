import { isObject, parseJson } from '../json.js';
import type { BlogAccount } from './accounts.js';
import type { Blog } from './blog.js';
import { signed } from './sso-message.js';

/**
 * `sync_sso`, as a JSON body, at each login that did not begin at the forum; with changes of groups at other times. Any
 * failure is ignored.
 */
export async function syncPerson(
  blog: Blog,
  { id, username, email, firstName }: BlogAccount,
  groups: { readonly add_groups?: string; readonly remove_groups?: string } = {},
): Promise<void> {
  if (!blog.options['enable-sso']) return;
  const message = signed(
    {
      external_id: String(id),
      username,
      email,
      require_activation: 'false',
      name: firstName === '' ? username : firstName,
      bio: '',
      avatar_url: `${blog.address.origin}/avatar/${id}.png`,
      avatar_force_update: 'false',
      ...groups,
    },
    blog.options['sso-secret'],
  );
  const answer = await blog.callForum('POST', '/admin/users/sync_sso', message);
  const user = answer === null ? null : parseJson(answer);
  if (!isObject(user) || typeof user.id !== 'number') return;
  const name = typeof user.username === 'string' ? user.username : null;
  blog.accounts.update(id, { discourseId: String(user.id), discourseUsername: name });
}
