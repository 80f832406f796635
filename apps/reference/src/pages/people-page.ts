import type { PushReport, SiteUser } from '@forum-sso/core';

import { html, type Markup } from '../http/html.js';
import { type Frame, layout } from './layout.js';
import { reportTable } from './report-list.js';

/** What has just been done for somebody. */
export interface PeopleChange {
  readonly person: SiteUser;
  readonly report: PushReport;
}

/** The accounts, for staff. */
export function peoplePage(frame: Frame, people: readonly SiteUser[], change?: PeopleChange): string {
  return layout(
    frame,
    'People',
    html`<h1>People</h1>
<p class="lead">Whoever is suspended here is suspended at every community that can do so, and let in at none.</p>
${change !== undefined && changed(frame, change)}
<section class="card" aria-label="Accounts"><table class="stacked"><tbody>
${people.map((person) => row(person, person.id === frame.user?.id))}</tbody></table></section>`,
  );
}

function changed(frame: Frame, { person, report }: PeopleChange): Markup {
  return html`<section class="card" aria-label="What each community did"><h2>${person.username} was ${person.suspended === true ? 'suspended' : 'let in again'}</h2>${reportTable(report, frame)}</section>
<h2>Accounts</h2>`;
}

function row({ id, username, email, suspended }: SiteUser, isSelf: boolean): Markup {
  const action = suspended === true ? 'restore' : 'suspend';
  return html`<tr><th scope="row">${username}</th><td>${email}${suspended === true && html` <span class="tag bad">suspended</span>`}</td>
<td>${isSelf ? html`<span class="quiet">you</span>` : html`<form method="post" action="/people/${action}"><input type="hidden" name="id" value="${id}"><button class="plain" aria-label="${action === 'suspend' ? 'Suspend' : 'Let in'} ${username}">${action === 'suspend' ? 'Suspend' : 'Let in again'}</button></form>`}</td></tr>
`;
}
