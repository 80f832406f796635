import { type Html, html } from '../../server/index.js';
import type { ForumUser } from '../forum/records.js';

/** The first letter of a user name in a circle. */
export function avatar({ username }: Pick<ForumUser, 'username'>, size: 'small' | 'large' = 'large'): Html {
  const letter = [...username][0]?.toUpperCase() ?? '?';
  return html`<span class="avatar ${size}" aria-hidden="true">${letter}</span>`;
}

/** The badges of a person: staff and states. */
export function badges(user: ForumUser, suspended: boolean): Html {
  return html`${user.admin && html`<span class="tag strong">admin</span>`}${
    user.moderator && html`<span class="tag strong">moderator</span>`
  }${suspended && html`<span class="tag bad">suspended</span>`}${
    !user.active && !user.staged && html`<span class="tag warn">not activated</span>`
  }${!user.approved && html`<span class="tag warn">not approved</span>`}${
    user.staged && html`<span class="tag">staged</span>`
  }`;
}

export function tags(names: readonly string[]): Html {
  return names.length === 0
    ? html`<span class="quiet">none</span>`
    : html`${names.map((name) => html`<span class="tag">${name}</span>`)}`;
}

export function dateText(date: Date | null): string {
  return date === null ? 'never' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A table of names and values; empty values are shown as a dash. */
export function factTable(rows: readonly (readonly [string, Html | string])[]): Html {
  return html`<div class="table"><table><tbody>${rows.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th><td>${value === '' ? html`<span class="quiet">–</span>` : value}</td></tr>`,
  )}</tbody></table></div>`;
}
