import { inlineJson } from '../http/inline-json.js';

export interface RenewalScriptOptions {
  /** Address of this site that answers a POST with `{ user, renewAfter }`. */
  readonly url: string;
  /** Seconds until the first renewal. */
  readonly after: number;
  /** False for a guest's page: nothing is asked until the page calls `forumSsoFruum.renew()`. */
  readonly signedIn: boolean;
}

/**
 * The part that keeps an open page signed in. Fruum sends the same payload at each reconnection and tells nobody when
 * it is refused, so the page fetches a new one in time and pushes it through `FruumData`. When the site says that
 * nobody is signed in any more, the empty user is pushed, which makes the forum forget the person.
 *
 * The page gets `window.forumSsoFruum` with `renew()` (after a sign-in without reload) and `signOut()`.
 */
export function renewalScript(options: RenewalScriptOptions): string {
  return `(${source})(${inlineJson(options)});`;
}

// Runs in the visitor's browser. A sleeping machine stops timers, so the due time is looked at again when the page is
// shown; a failed attempt is repeated after 15 s, then after twice as long each time, up to 15 min.
const source = `function (options) {
  var due = 0, pause = 0, timer = 0, turn = 0, asking = false;
  function push(user) {
    (window.FruumData = window.FruumData || []).push({ user: user });
  }
  function plan(seconds) {
    clearTimeout(timer);
    due = Date.now() + seconds * 1000;
    timer = setTimeout(renew, seconds * 1000);
  }
  function signOut() {
    turn++;
    asking = false;
    clearTimeout(timer);
    due = 0;
    push({});
  }
  function renew() {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    var mine = turn;
    fetch(options.url, { method: 'POST', credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
      .then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      })
      .then(function (answer) {
        if (mine !== turn) return;
        var user = answer.user;
        asking = false;
        pause = 0;
        if (user) {
          push(user);
          plan(answer.renewAfter);
        } else {
          signOut();
        }
      })
      .catch(function () {
        if (mine !== turn) return;
        asking = false;
        pause = Math.min(pause * 2 || 15, 900);
        plan(pause);
      });
  }
  function look() {
    if (due && Date.now() >= due && !document.hidden) renew();
  }
  document.addEventListener('visibilitychange', look);
  window.addEventListener('online', look);
  window.forumSsoFruum = { renew: renew, signOut: signOut };
  if (options.signedIn) plan(options.after);
}`;
