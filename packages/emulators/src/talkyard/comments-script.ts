import { fillSsoUrl } from './sso-url.js';

/**
 * What a blog loads as `/-/talkyard-comments.min.js`: finds the token, puts the comments into frames, and carries
 * messages between them and the page.
 */
export const commentsScript = `'use strict';
(() => {
  const fillSsoUrl = ${fillSsoUrl.toString()};
  const server = window.talkyardServerUrl;
  if (typeof server !== 'string') {
    console.error('talkyardServerUrl is missing. [TyE0TYURL]');
    return;
  }

  const readCookie = (name) => {
    const at = ('; ' + document.cookie).indexOf('; ' + name + '=');
    // As it stands: nothing is percent-decoded.
    return at === -1 ? '' : document.cookie.slice(at + name.length + 1).split(/[;\\s]/)[0];
  };
  const fromCookie = readCookie('__Host-TalkyardAuthnToken') || readCookie('TalkyardAuthnToken');
  document.cookie = 'TalkyardAuthnToken=; Path=/; Max-Age=0';
  const fromPage = typeof window.talkyardAuthnToken === 'string' ? window.talkyardAuthnToken : '';
  let token = fromPage || fromCookie;
  if (fromPage !== '' && fromCookie !== '' && fromPage !== fromCookie) {
    console.error('Two different tokens, both ignored. [TyEAUTKNDIF]');
    token = '';
  }

  const frames = [];
  for (const place of document.querySelectorAll('.talkyard-comments')) {
    const frame = document.createElement('iframe');
    const query = new URLSearchParams({
      embeddingUrl: location.href.split('#')[0],
      discussionId: place.dataset.discussionId || '',
      ssoHow: window.talkyardSsoHow || 'PopupWin',
    });
    frame.title = 'Comments';
    frame.style.width = '100%';
    frame.style.border = '0';
    frame.style.height = '420px';
    frame.src = server + '/-/embedded-comments?' + query;
    place.append(frame);
    frames.push(frame);
  }

  const tell = (frame, message) => frame.contentWindow.postMessage(message, server);
  window.addEventListener('message', ({ origin, source, data }) => {
    const sender = frames.find((frame) => frame.contentWindow === source);
    if (origin !== server || sender === undefined || data === null || typeof data !== 'object') return;
    if (data.talkyard === 'ready' && sender === frames[0]) tell(sender, { talkyard: 'token', token });
    if (data.talkyard === 'session') for (const frame of frames) if (frame !== sender) tell(frame, data);
    if (data.talkyard === 'height' && data.pixels > 0) sender.style.height = Math.min(data.pixels, 20000) + 'px';
    if (data.talkyard === 'goTo' && /^https?:/.test(data.url)) location.assign(data.url);
    if (data.talkyard === 'redirPage') {
      const { origin, pathname, search, hash } = location;
      location.assign(fillSsoUrl(data.template, { origin, path: pathname + search, hash, anchor: data.anchor }));
    }
  });
})();
`;

/** The script inside the frame: logs in with the token, shows who one is, lists and takes comments. */
export const frameScript = `'use strict';
const place = document.getElementById('comments').dataset;
const show = (id, text) => { document.getElementById(id).textContent = text; };
const toggle = (id, visible) => { document.getElementById(id).style.display = visible ? '' : 'none'; };
let session = null;

const call = async (path, body) => {
  const headers = { 'Content-Type': 'application/json', 'X-Requested-With': 'XMLHttpRequest' };
  if (session !== null) {
    headers['X-Ty-Sid'] = session.weakId;
    headers['X-XSRF-TOKEN'] = session.xsrf;
  }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
};

const toPage = (message) => {
  if (place.page !== '') window.parent.postMessage(message, place.page);
};

const refresh = async () => {
  const { you, comments } = await call('/-/embedded-state', { discussion: place.discussion });
  document.getElementById('who').dataset.you = you === null ? '' : you.username;
  show('who', you === null ? 'You are a guest.' : 'You are @' + you.username + '.');
  toggle('logIn', you === null);
  toggle('logOut', you !== null);
  toggle('write', you !== null);
  const list = document.getElementById('list');
  list.replaceChildren(...comments.map(({ nr, author, text }) => {
    const item = document.createElement('li');
    item.id = 'comment-' + (nr - 1);
    item.append(Object.assign(document.createElement('strong'), { textContent: '@' + author + ' ' }), text);
    if (you === null) {
      const reply = Object.assign(document.createElement('button'), { textContent: 'Reply', type: 'button' });
      reply.addEventListener('click', () => logIn('#comment-' + (nr - 1)));
      item.append(' ', reply);
    }
    return item;
  }));
};

const attempt = async (act) => {
  let problem = '';
  try {
    await act();
  } catch (error) {
    problem = error.message;
  }
  show('error', problem);
  toggle('error', problem !== '');
  toPage({ talkyard: 'height', pixels: document.documentElement.offsetHeight });
};

const logIn = (anchor) => {
  if (place.ssoHow === 'RedirPage') toPage({ talkyard: 'redirPage', template: place.template, anchor });
  else window.open('/-/login-popup', 'talkyard-login', 'popup,width=600,height=500');
};

const useSession = (weakId, xsrf) => attempt(async () => {
  session = { weakId, xsrf };
  await refresh();
});

window.addEventListener('message', ({ origin, source, data }) => {
  if (data === null || typeof data !== 'object') return;
  if (origin === location.origin && source !== window.parent && data.talkyard === 'popupLoggedIn') {
    useSession(data.weakId, data.xsrf);
    toPage({ talkyard: 'session', weakId: data.weakId, xsrf: data.xsrf });
    return;
  }
  if (source !== window.parent || origin !== place.page) return;
  if (data.talkyard === 'session') useSession(data.weakId, data.xsrf);
  if (data.talkyard === 'token' && data.token !== '') {
    attempt(async () => {
      const { weakSessionId, xsrfTokenIfNoCookies } = await call('/-/v0/upsert-user-and-login', {
        userAuthnToken: data.token,
      });
      await useSession(weakSessionId, xsrfTokenIfNoCookies);
      toPage({ talkyard: 'session', weakId: weakSessionId, xsrf: xsrfTokenIfNoCookies });
    });
  }
});

document.getElementById('logIn').addEventListener('click', () => logIn());
document.getElementById('logOut').addEventListener('click', () => attempt(async () => {
  const { goToUrl } = await call('/-/logout', {});
  session = null;
  if (goToUrl !== null) toPage({ talkyard: 'goTo', url: goToUrl });
  else await refresh();
}));
document.getElementById('write').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = event.target.elements.text;
  attempt(async () => {
    await call('/-/embedded-comment', { discussion: place.discussion, text: text.value });
    text.value = '';
    await refresh();
  });
});
attempt(refresh).then(() => toPage({ talkyard: 'ready' }));
`;
