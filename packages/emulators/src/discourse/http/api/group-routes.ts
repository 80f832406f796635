import type { Express } from 'express';

import { RecordInvalid } from '../../forum/record-invalid.js';
import { groupPayload } from '../../payloads/group-payload.js';
import type { ForumContext } from '../context.js';
import { notFound, unprocessable } from './api-error.js';
import { apiRoute } from './api-route.js';

const pageSize = 36;
const moderators = 2;

/** Groups over the API: `/groups.json`, `/groups/<name>.json`, `POST /admin/groups.json`. */
export function mountGroupRoutes(app: Express, context: ForumContext): void {
  const { directory } = context.forum;

  app.get(
    ['/groups.json', '/groups'],
    apiRoute(context, { action: 'groups#index', allows: 'anyone' }, ({ actor, parameters }) => {
      const isStaff = actor?.admin === true || actor?.moderator === true;
      const page = Math.max(0, Math.trunc(Number(parameters.get('page') ?? 0)) || 0);
      const filter = (parameters.get('filter') ?? '').toLowerCase();
      const groups = directory
        .groupInfos()
        .filter(({ automatic, id }) => isStaff || !automatic || id === moderators)
        .filter(({ name }) => name.toLowerCase().includes(filter))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return {
        json: {
          groups: groups.slice(page * pageSize, (page + 1) * pageSize).map(groupPayload),
          extras: { type_filters: isStaff ? ['public', 'close', 'automatic'] : ['public', 'close'] },
          total_rows_groups: groups.length,
          load_more_groups: `/groups?page=${page + 1}`,
        },
      };
    }),
  );

  app.get(
    '/groups/:name',
    apiRoute(context, { action: 'groups#show', allows: 'anyone' }, ({ request }) => {
      const name = String(request.params.name)
        .replace(/\.json$/, '')
        .toLowerCase();
      const group = directory.groupInfos().find((other) => other.name.toLowerCase() === name);
      if (group === undefined) throw notFound();
      return { json: { group: groupPayload(group), extras: { visible_group_names: [] } } };
    }),
  );

  app.post(
    ['/admin/groups.json', '/admin/groups'],
    apiRoute(context, { action: 'admin/groups#create', allows: 'admins' }, ({ parameters }) => {
      try {
        const group = directory.createGroup(parameters.get('group[name]') ?? '');
        for (const name of (parameters.get('group[usernames]') ?? '').split(',')) {
          const user = directory.byUsername(name.trim());
          if (user !== undefined) directory.setMembership(user, group, true);
        }
        const info = { ...group, userCount: group.members.size };
        return { json: { basic_group: groupPayload(info) } };
      } catch (error) {
        if (error instanceof RecordInvalid)
          throw unprocessable(error.message.replace('Validation failed: ', ''));
        throw error;
      }
    }),
  );
}
