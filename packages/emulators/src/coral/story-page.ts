import { html, type Page } from '../server/index.js';

/** What the page of the emulator needs of the site, to act as one of its pages. */
export interface StoryPageOptions {
  /** Where the page gets tokens: answers a POST with `{ "accessToken": "…" }`, or 401 for guests. */
  readonly tokenUrl?: string;
  /** The site's sign-in; `{return}` stands for the percent-encoded address of the page. */
  readonly signInUrl?: string;
  /** Called by POST when the person signed out in the comments. */
  readonly signOutUrl?: string;
  readonly title?: string;
}

/** The page with an article and its comments, as a site would make it. */
export function storyPage(origin: string, options: StoryPageOptions): Page {
  const { tokenUrl, signInUrl, signOutUrl, title = 'A story with comments' } = options;
  const addresses = [tokenUrl, signInUrl, signOutUrl].filter((address) => address !== undefined);
  return {
    title,
    navigation: [{ href: '/admin', label: 'Admin' }],
    body: html`<article class="card"><h1>${title}</h1>
<p>Below this story stand its comments. Who you are there, the page learns from a token of the site.</p>
${tokenUrl === undefined && html`<form id="paste"><label for="token">Token of the site</label><div class="row"><input id="token" name="token" autocomplete="off"><button>Log in</button></div></form>`}
</article>
<div class="card" id="coral_thread"><p>Loading comments …</p></div>`,
    script: script({ rootURL: origin, tokenUrl, signInUrl, signOutUrl }),
    scriptOrigins: ["'self'"],
    connectOrigins: [...new Set(addresses.map((address) => new URL(address).origin))],
  };
}

function script(config: Readonly<Record<string, string | undefined>>): string {
  const json = JSON.stringify(config).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `(function (config) {
  'use strict';
  function fetchToken() {
    if (!config.tokenUrl) return Promise.resolve('');
    return fetch(config.tokenUrl, { method: 'POST', credentials: 'include', cache: 'no-store' }).then(
      function (response) {
        if (!response.ok) return '';
        return response.json().then(function (answer) { return answer.accessToken || ''; });
      },
      function () { return ''; },
    );
  }
  function start(accessToken) {
    var options = {
      id: 'coral_thread',
      rootURL: config.rootURL,
      storyID: 'story-1',
      storyURL: location.origin + location.pathname,
      autoRender: true,
      events: function (events) {
        events.on('loginPrompt', function () {
          if (!config.signInUrl) return;
          location.assign(config.signInUrl.replace('{return}', encodeURIComponent(location.href)));
        });
        events.on('signOut.success', function () {
          if (!config.signOutUrl) return;
          fetch(config.signOutUrl, { method: 'POST', credentials: 'include' }).then(function () { location.reload(); });
        });
      },
    };
    if (accessToken) options.accessToken = accessToken;
    if (config.tokenUrl) options.refreshAccessToken = function (next) { fetchToken().then(next); };
    var embed = window.Coral.createStreamEmbed(options);
    var paste = document.getElementById('paste');
    if (paste) {
      paste.addEventListener('submit', function (event) {
        event.preventDefault();
        embed.login(paste.elements.token.value.trim());
      });
    }
  }
  var tag = document.createElement('script');
  tag.src = config.rootURL + '/assets/js/embed.js';
  tag.onload = function () { fetchToken().then(start); };
  document.head.append(tag);
})(${json});`;
}
