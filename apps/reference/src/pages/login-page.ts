import { html, type Markup } from '../http/html.js';
import type { DemoPerson } from '../people.js';
import { type Frame, face, layout } from './layout.js';

export interface LoginPage {
  readonly people: readonly DemoPerson[];
  /** Communities whose accounts one can sign in with. */
  readonly others: readonly OtherSignIn[];
  /** Checked path of this site to go to after signing in; undefined: the account page. */
  readonly returnTo: string | undefined;
  /** True when a community is waiting for the answer. */
  readonly forCommunity: boolean;
  /** True when the accounts are behind the demo's password. */
  readonly asksPassword: boolean;
  /** Why the last try failed. */
  readonly problem?: string;
}

/** A community whose accounts one can sign in with. */
export interface OtherSignIn {
  readonly title: string;
  /** Path of its connector on this site. */
  readonly path: string;
  /** What comes of it. */
  readonly note: string;
}

/** The site's own sign-in: one button for each account. */
export function loginPage(
  frame: Frame,
  { people, others, returnTo, forCommunity, asksPassword, problem }: LoginPage,
): string {
  return layout(
    frame,
    'Sign in',
    html`<h1>Sign in to the site</h1>
${problem !== undefined && html`<p class="note bad" role="alert">${problem}</p>`}
<p class="lead">${
      forCommunity
        ? 'The community sent you here: it has no passwords of its own. Sign in, and you are taken back at once.'
        : 'This is the site’s own sign-in; it stands for whatever your site has. Pick an account.'
    }</p>
<form method="post" action="/login">
${returnTo !== undefined && html`<input type="hidden" name="returnTo" value="${returnTo}">`}
${asksPassword && html`<div class="field"><label for="password">Password of this demo</label><input id="password" name="password" type="password" required autocomplete="current-password"></div>`}
<ul class="people">
${people.map(
  ({
    user,
    shows,
  }) => html`<li><button name="username" value="${user.username}">${face(user)}<span><strong>${user.name} (${user.username})</strong>${shows}</span></button></li>
`,
)}</ul>
</form>
${others.map((other) => otherSignIn(other, returnTo))}`,
  );
}

function otherSignIn({ title, path, note }: OtherSignIn, returnTo = '/account'): Markup {
  return html`<h2>Or with your account at the ${title}</h2>
<p class="row"><a class="button" href="${path}/start?${String(new URLSearchParams({ returnTo }))}">Sign in with the ${title}</a><span class="quiet">${note}</span></p>`;
}
