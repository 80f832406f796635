import { type SiteUser, siteUserSchema } from '@forum-sso/core';

import { oneOf } from './http/form-fields.js';
import type { MemberRequest, PageReply, PageRoute } from './http/page-route.js';
import { profilePage, removedPage } from './pages/profile-page.js';
import { demoGroups } from './people.js';
import type { SiteContext } from './site.js';

const formLimit = 8_192;

/** Where people change their own account. Whatever changes here goes to the communities, without a login. */
export function profileRoutes(site: SiteContext): readonly PageRoute[] {
  const { reply, frame, people, sso } = site;
  const page = (request: MemberRequest, problem?: string): PageReply =>
    reply.page(
      profilePage(frame(request), request.user, { addressIsFixed: hasRealPeers(site), problem }),
      problem === undefined ? {} : { status: 400 },
    );
  /** Changes an account, and tells the communities. */
  const save = async (id: string, change: (user: SiteUser) => SiteUser): Promise<PageReply> => {
    people.update(id, change);
    await sso.push(id);
    return reply.redirect('/deliveries');
  };

  return [
    {
      method: 'GET',
      path: '/account/edit',
      visitors: 'members',
      answer: (request) => page(request),
    },
    {
      method: 'POST',
      path: '/account/edit',
      visitors: 'members',
      async answer(request) {
        const changed = readChange(site, request.user, await request.form(formLimit));
        if (typeof changed === 'string') return page(request, changed);
        return save(request.user.id, () => changed);
      },
    },
    {
      // Stands for the link in a mail to the new address.
      method: 'POST',
      path: '/account/confirm-email',
      visitors: 'members',
      async answer(request) {
        if (hasRealPeers(site)) return page(request, fixedAddress);
        return save(request.user.id, (user) => ({ ...user, emailVerified: true }));
      },
    },
    {
      method: 'POST',
      path: '/account/remove',
      visitors: 'members',
      async answer(request) {
        if (hasRealPeers(site)) return page(request, 'At a real community the demo removes nobody.');
        const report = await sso.remove(request.user.id);
        people.remove(request.user.id);
        await request.forum.signOut();
        return reply.page(removedPage({ ...frame(request), user: null }, report));
      },
    },
  ];
}

const fixedAddress =
  'At a real community the addresses of the demo stay as they are: whoever vouches for an address there is let in as its owner.';

/** True when what the demo says about its people reaches a community of the real world. */
function hasRealPeers({ communities }: SiteContext): boolean {
  return communities.some(({ real }) => real);
}

/** The account as the form wants it, or a sentence about what is wrong. */
function readChange(site: SiteContext, user: SiteUser, fields: URLSearchParams): SiteUser | string {
  const name = oneOf(fields, 'name')?.trim() ?? '';
  const email = oneOf(fields, 'email')?.trim() ?? user.email;
  const title = oneOf(fields, 'title')?.trim() ?? '';
  const wanted = fields.getAll('group');
  const groups = demoGroups.filter((group) => wanted.includes(group));
  if (name === '') return 'Please say what you are called.';
  if (groups.length !== new Set(wanted).size) return 'There is no such group here.';
  if (email !== user.email && hasRealPeers(site)) return fixedAddress;
  const owner = site.people.byEmail(email);
  if (owner !== null && owner.id !== user.id) return 'Another account has this address.';
  const others = (user.groups ?? []).filter((group) => !demoGroups.some((own) => own === group));
  const changed = siteUserSchema.safeParse({
    ...user,
    name,
    email,
    emailVerified: user.emailVerified && email === user.email,
    title: title === '' ? undefined : title,
    groups: [...groups, ...others],
  });
  if (changed.success) return changed.data;
  const wrong = [...new Set(changed.error.issues.map(({ path: [field] }) => String(field)))].join(' and ');
  return `This cannot be used: ${wrong}.`;
}
