import { html, type Markup, trusted } from '../http/html.js';

/**
 * Ends what a page with a community in it shows of a person, as soon as they sign out of the site: on this page without
 * leaving it, and in all other tabs with such a page. A forum of Fruum is told; everything else is gone with the next
 * page, so the page is loaded anew.
 *
 * Without the script the button works, too: it is a form, and leads to the home page.
 */
export function signOutScript(nonce: string): Markup {
  return html`<script nonce="${nonce}">${trusted(script)}</script>`;
}

const script = `(function () {
  'use strict';
  var tabs = new BroadcastChannel('sign-out');
  var who = document.querySelector('.who');
  var form = who.querySelector('form');
  function leave() {
    if (!window.forumSsoFruum) {
      location.reload();
      return;
    }
    window.forumSsoFruum.signOut();
    var link = document.createElement('a');
    link.className = 'button';
    link.href = '/login?returnTo=' + encodeURIComponent(location.pathname);
    link.textContent = 'Sign in';
    who.replaceChildren(link);
  }
  if (!form) return;
  tabs.addEventListener('message', leave);
  form.addEventListener('submit', function (event) {
    event.preventDefault();
    // The answer is a redirect to the home page, which stays unopened.
    fetch(form.action, { method: 'POST', redirect: 'manual' }).then(function (response) {
      if (response.type !== 'opaqueredirect') throw new Error(String(response.status));
      tabs.postMessage('signed out');
      leave();
    }).catch(function () { form.submit(); });
  });
})();`;
