import { type SiteUser, siteUserSchema } from '@forum-sso/core';

import { oneOf } from './http/form-fields.js';
import type { MemberRequest, PageReply, PageRoute } from './http/page-route.js';
import { type ProfileValues, profilePage, type RefusedChange, removedPage } from './pages/profile-page.js';
import { demoGroups } from './people.js';
import type { SiteContext } from './site-context.js';

const formLimit = 8_192;

/** Where people change their own account. Whatever changes here goes to the communities, without a login. */
export function profileRoutes(site: SiteContext): readonly PageRoute[] {
  const { reply, frame, people, sso, hasRealPeers } = site;
  const page = (request: MemberRequest, refused?: RefusedChange): PageReply =>
    reply.page(
      profilePage(frame(request), request.user, { addressIsFixed: hasRealPeers, refused }),
      refused === undefined ? {} : { status: 400 },
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
        const values = readValues(request.user, await request.form(formLimit));
        const changed = judgeChange(site, request.user, values);
        if (typeof changed === 'string') return page(request, { problem: changed, values });
        return save(request.user.id, () => changed);
      },
    },
    {
      // Stands for the link in a mail to the new address.
      method: 'POST',
      path: '/account/confirm-email',
      visitors: 'members',
      async answer(request) {
        if (hasRealPeers) return page(request, { problem: fixedAddress });
        return save(request.user.id, (user) => ({ ...user, emailVerified: true }));
      },
    },
    {
      method: 'POST',
      path: '/account/remove',
      visitors: 'members',
      async answer(request) {
        if (hasRealPeers) return page(request, { problem: 'At a real community the demo removes nobody.' });
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

function readValues(user: SiteUser, fields: URLSearchParams): ProfileValues {
  return {
    name: oneOf(fields, 'name')?.trim() ?? '',
    email: oneOf(fields, 'email')?.trim() ?? user.email,
    title: oneOf(fields, 'title')?.trim() ?? '',
    groups: fields.getAll('group'),
  };
}

/** The account as the form wants it, or a sentence about what is wrong. */
function judgeChange(
  site: SiteContext,
  user: SiteUser,
  { name, email, title, groups: wanted }: ProfileValues,
): SiteUser | string {
  const groups = demoGroups.filter((group) => wanted.includes(group));
  if (name === '') return 'Please say what you are called.';
  if (groups.length !== new Set(wanted).size) return 'There is no such group here.';
  if (email !== user.email && site.hasRealPeers) return fixedAddress;
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
