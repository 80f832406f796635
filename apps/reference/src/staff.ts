import { oneOf } from './http/form-fields.js';
import type { MemberRequest, PageReply, PageRoute } from './http/page-route.js';
import { deliveriesPage } from './pages/deliveries-page.js';
import { peoplePage } from './pages/people-page.js';
import type { SiteContext } from './site-context.js';

const formLimit = 1_024;
/** Dead letters that are shown. */
const deadLimit = 20;

/**
 * What the site's staff do: keep people out and let them in again, look after the push queue. The list of deliveries is
 * for everybody who is signed in; it names nobody.
 */
export function staffRoutes(site: SiteContext): readonly PageRoute[] {
  const { reply, frame, people, sso, deliveries } = site;
  const forStaff = (page: Omit<Extract<PageRoute, { visitors: 'members' }>, 'visitors'>): PageRoute => ({
    ...page,
    visitors: 'members',
    answer: (request) => (request.user.admin === true ? page.answer(request) : site.missing()),
  });

  return [
    {
      method: 'GET',
      path: '/deliveries',
      visitors: 'members',
      async answer(request) {
        const { queue } = sso;
        const metrics = await queue.metrics();
        const dead = request.user.admin === true ? await queue.deadLetters(deadLimit) : null;
        const page = deliveriesPage(frame(request), { metrics, dead, latest: deliveries.latest });
        const isBusy = metrics.some(({ waiting }) => waiting > 0);
        // There is no script that could look again.
        return reply.page(page, { headers: isBusy ? [['Refresh', '1']] : [] });
      },
    },
    forStaff({
      method: 'POST',
      path: '/deliveries/replay',
      async answer() {
        await sso.queue.replay();
        return reply.redirect('/deliveries');
      },
    }),
    forStaff({
      method: 'GET',
      path: '/people',
      answer: (request) => reply.page(peoplePage(frame(request), people.all)),
    }),
    forStaff({
      method: 'POST',
      path: '/people/suspend',
      answer: (request) => setSuspended(site, request, true),
    }),
    forStaff({
      method: 'POST',
      path: '/people/restore',
      answer: (request) => setSuspended(site, request, false),
    }),
  ];
}

async function setSuspended(
  { people, sso, reply, frame, missing }: SiteContext,
  request: MemberRequest,
  suspended: boolean,
): Promise<PageReply> {
  const id = oneOf(await request.form(formLimit), 'id') ?? '';
  // Whoever suspends themselves could let nobody in again.
  if (id === request.user.id) return missing();
  const changed = people.update(id, (user) => ({ ...user, suspended }));
  if (changed === null) return missing();
  const report = suspended
    ? await sso.suspend(id, { reason: 'Suspended by the staff of the demo.' })
    : await sso.restore(id);
  return reply.page(peoplePage(frame(request), people.all, { person: changed, report }));
}
