import type { RemovalReport, SiteUser } from '@forum-sso/core';

import { html } from '../http/html.js';
import { demoGroups } from '../people.js';
import { type Frame, layout } from './layout.js';
import { reportTable } from './report-list.js';

/** What stands in the form. */
export interface ProfileValues {
  readonly name: string;
  readonly email: string;
  readonly title: string;
  readonly groups: readonly string[];
}

/** The last try, which came to nothing. */
export interface RefusedChange {
  /** What was wrong, a sentence. */
  readonly problem: string;
  /** What was typed, and stays in the form; absent: the account as it is. */
  readonly values?: ProfileValues;
}

export interface ProfileForm {
  /** True: the address stays, and nobody is removed. */
  readonly addressIsFixed: boolean;
  readonly refused?: RefusedChange | undefined;
}

/** The form in which people change their account. */
export function profilePage(frame: Frame, user: SiteUser, { addressIsFixed, refused }: ProfileForm): string {
  const { name, email, title, groups } = refused?.values ?? user;
  return layout(
    frame,
    'Edit your account',
    html`<h1>Edit your account</h1>
${refused !== undefined && html`<p class="note bad" role="alert">${refused.problem}</p>`}
<p class="lead">What you change here reaches the communities at once: nobody has to log in again.</p>
${!user.emailVerified && !addressIsFixed && html`<form method="post" action="/account/confirm-email" class="note warn"><p><strong>Your e-mail address is not confirmed.</strong> This button stands for the link in a mail to it.</p><button>Confirm ${user.email}</button></form>`}
<form method="post" action="/account/edit" class="card">
<div class="field"><label for="name">Name</label><input id="name" name="name" value="${name}" required maxlength="255" autocomplete="off"></div>
<div class="field"><label for="email">E-mail address</label>${
      addressIsFixed
        ? html`<p class="quiet">${user.email} (stays as it is while a real community is connected)</p>`
        : html`<input id="email" name="email" type="email" value="${email}" required maxlength="254" autocomplete="off">`
    }</div>
<div class="field"><label for="title">Title</label><input id="title" name="title" value="${title}" maxlength="255" autocomplete="off"></div>
<fieldset><legend>Groups</legend>
${demoGroups.map(
  (
    group,
  ) => html`<label><input type="checkbox" name="group" value="${group}"${groups?.includes(group) === true && ' checked'}> ${group}</label>
`,
)}</fieldset>
<p class="row"><button>Save, and tell the communities</button><a class="button plain" href="/account">Back</a></p>
</form>
${
  !addressIsFixed &&
  html`<h2>Leave for good</h2>
<form method="post" action="/account/remove"><p>Removes your account here, anonymizes or deletes it at each community that can do so, and says what is left to do by hand.</p><button class="plain">Remove my account</button></form>`
}`,
  );
}

/** What has become of an account that was removed. */
export function removedPage(frame: Frame, report: RemovalReport): string {
  return layout(
    frame,
    'Your account is gone',
    html`<h1>Your account is gone</h1>
<p class="lead">A late push, or a login that was under way, cannot bring it back.</p>
<section class="card" aria-label="What each community did">${reportTable(report, frame)}</section>
${report.byHand.length > 0 && html`<h2>Left to do by hand</h2><ul>${report.byHand.map((task) => html`<li>${task}</li>`)}</ul>`}
<p><a class="button" href="/">Back to the site</a></p>`,
  );
}
