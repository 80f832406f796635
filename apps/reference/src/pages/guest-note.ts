import type { SiteUser } from '@forum-sso/core';

import { html, type Markup } from '../http/html.js';

/**
 * Why somebody who is signed in at the site is a guest in the community on this page; false when they are none.
 * @param address `confirmed`: the community needs an e-mail address that the site vouches for
 */
export function guestNote(user: SiteUser | null, address: 'confirmed' | 'any'): Markup | false {
  if (user?.suspended === true) {
    return html`<p class="note bad"><strong>Your account is suspended.</strong> You may read here, as a guest.</p>`;
  }
  if (user !== null && address === 'confirmed' && !user.emailVerified) {
    return html`<p class="note warn"><strong>Your e-mail address is not confirmed.</strong> Until it is, you are a guest in the comments. <a href="/account">Your account</a> says more.</p>`;
  }
  return false;
}
