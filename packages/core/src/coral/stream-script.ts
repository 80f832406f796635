import { inlineJson } from '../http/inline-json.js';

/** What the page's script is told. */
export interface StreamScriptOptions {
  /** Coral's own options for `createStreamEmbed`, token and callbacks excepted. */
  readonly stream: Readonly<Record<string, unknown>>;
  /** A token that is in the page; absent for a guest. Only with `mode: 'accessToken'`. */
  readonly accessToken?: string | undefined;
  /** How the first token gets to Coral: out of the page, or fetched and given to `login()`. Never both. */
  readonly mode: 'accessToken' | 'login';
  readonly tokenUrl: string;
  readonly signInUrl: string;
  readonly returnParameter: string;
  readonly signOutUrl: string;
  /** Milliseconds after which a token that did not come counts as none. */
  readonly wait: number;
}

/**
 * The script of a page with comments. Coral's rules for it: a token is given as option or by `login()`, and
 * mixing them brings the old one back; `refreshAccessToken` must call `next` exactly once, also when there is
 * no new token, or the comments stand still.
 */
export function streamScript(options: StreamScriptOptions): string {
  return `(${source})(${inlineJson(options)});`;
}

// Runs in the visitor's browser.
const source = `function (page) {
  'use strict';
  var nonce = document.currentScript && document.currentScript.nonce;
  function within(promise, milliseconds) {
    return new Promise(function (resolve) {
      var done = function (token) { resolve(typeof token === 'string' ? token : ''); };
      setTimeout(done, milliseconds);
      promise.then(done, done);
    });
  }
  function post(url) {
    return fetch(url, { method: 'POST', credentials: 'include', cache: 'no-store', redirect: 'error' });
  }
  function fetchToken() {
    var answer = post(page.tokenUrl).then(function (response) {
      return response.ok ? response.json().then(function (body) { return body.accessToken; }) : '';
    });
    return within(answer, page.wait);
  }
  function events(coral) {
    coral.on('loginPrompt', function () {
      var mark = page.signInUrl.indexOf('?') === -1 ? '?' : '&';
      location.assign(page.signInUrl + mark + page.returnParameter + '=' + encodeURIComponent(location.href));
    });
    coral.on('signOut.success', function () {
      var reload = function () { location.reload(); };
      post(page.signOutUrl).then(reload, reload);
    });
  }
  function start() {
    var options = Object.assign({}, page.stream, {
      autoRender: true,
      events: events,
      refreshAccessToken: function (next) { fetchToken().then(next); }
    });
    if (page.mode === 'accessToken' && page.accessToken) options.accessToken = page.accessToken;
    var embed = window.Coral.createStreamEmbed(options);
    if (page.mode === 'login') {
      fetchToken().then(function (token) { if (token) embed.login(token); });
    }
  }
  var script = document.createElement('script');
  if (nonce) script.nonce = nonce;
  script.async = true;
  script.src = page.stream.rootURL + '/assets/js/embed.js';
  script.onload = start;
  document.head.appendChild(script);
}`;
