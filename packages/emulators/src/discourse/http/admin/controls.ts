import { type Html, html } from '../../../server/index.js';
import type { ForumUser } from '../../forum/records.js';

/** Where the forms of the admin pages go: addresses that no real forum has. */
export const controlPath = '/emulator/admin';

/** A button that posts. */
export function button(
  action: string,
  label: string,
  fields: Readonly<Record<string, string>> = {},
  look = 'plain',
): Html {
  return html`<form class="inline" method="post" action="${controlPath}${action}">${Object.entries(
    fields,
  ).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button class="${look}">${label}</button></form>`;
}

/** Two table cells: the state, and the button that turns it round. */
export function onOff(action: string, name: string, value: boolean): Html {
  return html`<td><span class="${value ? 'good' : 'quiet'}">${value ? 'on' : 'off'}</span></td><td>${button(
    action,
    value ? 'Turn off' : 'Turn on',
    { name, value: String(!value) },
  )}</td>`;
}

/** The heading of an admin page, with the way to the others. */
export function adminHeading(title: string): Html {
  const pages = [
    ['/admin', 'Overview'],
    ['/admin/api', 'API keys'],
    ['/admin/webhooks', 'Webhooks'],
    ['/admin/faults', 'Faults'],
  ] as const;
  return html`<h1>${title}</h1><p class="row">${pages.map(([href, label]) => html`<a href="${href}">${label}</a>`)}</p>`;
}

/** What staff do most often to an account, without deleting it. */
export function stateButtons({ id, active, approved }: ForumUser, suspended: boolean): Html {
  const act = (action: string, label: string): Html => button(`/users/${id}/${action}`, label);
  return html`${suspended ? act('unsuspend', 'Unsuspend') : act('suspend', 'Suspend')}${
    active ? act('deactivate', 'Deactivate') : act('activate', 'Activate')
  }${!approved && act('approve', 'Approve')}${act('log_out', 'Log out')}`;
}
