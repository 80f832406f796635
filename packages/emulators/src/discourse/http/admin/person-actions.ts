import { HttpError } from '../../../server/index.js';
import type { ForumUser } from '../../forum/records.js';
import type { ForumContext } from '../context.js';

const suspensionDays = 7;

/** What the buttons about one account do. @throws HttpError 404 for an unknown action or group */
export function actOnPerson(
  { forum, moderation }: ForumContext,
  user: ForumUser,
  action: string,
  form: URLSearchParams,
): void {
  const group = (): NonNullable<ReturnType<typeof forum.directory.groupByName>> => {
    const found = forum.directory.groupByName(form.get('name') ?? '');
    if (found === undefined) throw new HttpError(404, 'There is no such group.');
    return found;
  };
  const actions = new Map<string, () => void>([
    [
      'suspend',
      () => {
        const until = new Date(forum.now().getTime() + suspensionDays * 86_400_000);
        moderation.suspend(user, until, 'Suspended on the admin page.');
      },
    ],
    ['unsuspend', () => moderation.unsuspend(user)],
    ['deactivate', () => moderation.deactivate(user)],
    ['activate', () => moderation.activate(user)],
    ['approve', () => moderation.approve(user)],
    ['log_out', () => moderation.logOut(user)],
    ['grant_admin', () => moderation.setStaff(user, { admin: true })],
    ['revoke_admin', () => moderation.setStaff(user, { admin: false })],
    ['grant_moderator', () => moderation.setStaff(user, { moderator: true })],
    ['revoke_moderator', () => moderation.setStaff(user, { moderator: false })],
    ['add_group', () => forum.directory.setMembership(user, group(), true)],
    ['remove_group', () => forum.directory.setMembership(user, group(), false)],
    ['delete_sso_record', () => forum.directory.link(user, null)],
    ['anonymize', () => moderation.anonymize(user)],
    ['delete', () => moderation.remove(user)],
  ]);
  const act = actions.get(action);
  if (act === undefined) throw new HttpError(404, 'There is no such action.');
  act();
}
