/**
 * The script that a page loads from Coral: `Coral.createStreamEmbed(options)`. It treats tokens as Coral's own
 * does, the awkward parts included: the option `accessToken` comes back at each change of the session, a token
 * that is over by the browser's clock is dropped without a word, and `refreshAccessToken` is asked only when
 * the server answers 401.
 */
export const embedScript = String.raw`(function () {
  'use strict';
  if (window.Coral) return;

  var skewMilliseconds = 300;
  var retryDelays = [1600, 3200, 6400];

  function createStreamEmbed(options) {
    var listeners = {};
    var token;
    var ready = false;
    var queue = [];
    var refreshing = null;
    var viewer = null;
    var container = null;
    var generation = 0;

    function on(name, listener) {
      (listeners[name] = listeners[name] || []).push(listener);
    }
    function off(name, listener) {
      listeners[name] = (listeners[name] || []).filter(function (other) { return other !== listener; });
    }
    function emit(name, value) {
      var all = (listeners[name] || []).slice();
      all.forEach(function (listener) { listener(value); });
      return all.length > 0;
    }
    if (typeof options.events === 'function') options.events({ on: on, off: off });

    function claimsOf(text) {
      try {
        var part = text.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
        return JSON.parse(atob(part));
      } catch (error) {
        return null;
      }
    }
    function usable(text) {
      if (typeof text !== 'string' || text === '') return undefined;
      var claims = claimsOf(text);
      if (claims === null) return undefined;
      if (typeof claims.exp === 'number' && claims.exp * 1000 + skewMilliseconds < Date.now()) return undefined;
      return text;
    }
    function resetSession(next) {
      token = usable(options.accessToken) || usable(next);
    }

    function refresh() {
      if (refreshing === null) {
        refreshing = new Promise(function (resolve) { options.refreshAccessToken(resolve); }).then(function (next) {
          refreshing = null;
          if (typeof next !== 'string' || next === '') return false;
          token = next;
          return true;
        });
      }
      return refreshing;
    }

    function send(method, path, body) {
      var headers = {};
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      if (token) headers.Authorization = 'Bearer ' + token;
      return fetch(options.rootURL.replace(/\/$/, '') + path, {
        method: method,
        headers: headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: 'no-store',
      });
    }
    function call(method, path, body, state) {
      state = state || { refreshed: false, retries: 0 };
      return send(method, path, body).then(function (response) {
        if (response.status === 401 && !state.refreshed && typeof options.refreshAccessToken === 'function') {
          return refresh().then(function (worked) {
            if (!worked) throw new Error('TOKEN_INVALID');
            return call(method, path, body, { refreshed: true, retries: state.retries });
          });
        }
        if ([500, 503, 504].indexOf(response.status) !== -1 && state.retries < retryDelays.length) {
          return new Promise(function (resolve) { setTimeout(resolve, retryDelays[state.retries]); }).then(function () {
            return call(method, path, body, { refreshed: state.refreshed, retries: state.retries + 1 });
          });
        }
        if (response.status === 204) return {};
        return response.json().then(function (answer) {
          if (answer.error) throw new Error(answer.error.code);
          if (answer.errors) throw new Error((answer.errors[0].extensions || {}).code || 'INTERNAL_ERROR');
          return answer.data;
        });
      });
    }

    function element(name, text, attributes) {
      var node = document.createElement(name);
      if (text) node.textContent = text;
      Object.keys(attributes || {}).forEach(function (key) { node.setAttribute(key, attributes[key]); });
      return node;
    }
    function button(text, click) {
      var node = element('button', text, { type: 'button' });
      node.addEventListener('click', click);
      return node;
    }

    function draw(story, problem) {
      if (container === null) return;
      var box = element('section', '', { class: 'coral-stream', 'aria-label': 'Comments' });
      var head = element('p', '', { role: 'status' });
      if (viewer) {
        head.textContent = 'You are ' + viewer.username;
        if (viewer.badges && viewer.badges.length > 0) head.textContent += ' (' + viewer.badges.join(', ') + ')';
      } else {
        head.textContent = 'You are not signed in';
      }
      box.append(head);
      if (problem) box.append(element('p', 'The comments could not be loaded: ' + problem, { role: 'alert' }));
      var actions = element('div');
      actions.style.display = 'flex';
      actions.style.gap = '8px';
      if (viewer) {
        var claims = token ? claimsOf(token) : null;
        if (!claims || (claims.jti && claims.exp)) actions.append(button('Sign Out', signOut));
        if (viewer.ssoURL) {
          actions.append(button('Account', function () { window.open(viewer.ssoURL, '_blank', 'noopener'); }));
        }
      } else {
        actions.append(button('Sign In', function () {
          if (!emit('loginPrompt')) emit('showAuthPopup', { view: 'SIGN_IN' });
        }));
      }
      box.append(actions);
      if (story) drawComments(box, story);
      container.replaceChildren(box);
    }

    function drawComments(box, story) {
      var list = element('ul', '', { 'aria-label': 'All comments' });
      story.comments.nodes.forEach(function (comment) {
        list.append(element('li', (comment.author ? comment.author.username : 'deleted') + ': ' + comment.body));
      });
      box.append(list);
      if (!viewer) return;
      var form = element('form', '', { 'aria-label': 'Post a comment' });
      var field = element('textarea', '', { name: 'body', rows: '3', 'aria-label': 'Your comment', required: '' });
      field.style.cssText = 'display:block;box-sizing:border-box;width:100%;max-width:44rem;margin:0 0 8px;padding:6px 10px;font:inherit';
      form.append(field, element('p', '', { class: 'actions' }));
      form.lastChild.append(element('button', 'Submit', { type: 'submit' }));
      form.addEventListener('submit', function (event) {
        event.preventDefault();
        var input = { storyID: options.storyID, body: field.value, clientMutationId: '1' };
        call('POST', '/api/graphql', { id: 'CreateComment', variables: { input: input } }).then(load, function (error) {
          draw(story, error.message);
        });
      });
      box.append(form);
    }

    function load() {
      var mine = ++generation;
      var variables = { storyID: options.storyID, storyURL: options.storyURL };
      return call('POST', '/api/graphql', { id: 'StreamQuery', variables: variables }).then(
        function (data) {
          if (mine !== generation) return;
          viewer = data.viewer;
          draw(data.stream);
        },
        function (error) {
          if (mine !== generation) return;
          viewer = null;
          draw(null, error.message);
        },
      );
    }

    function signOut() {
      return call('DELETE', '/api/auth').then(
        function () {
          resetSession(undefined);
          return load().then(function () { emit('signOut.success'); });
        },
        function (error) { emit('signOut.error', { error: { message: error.message } }); },
      );
    }

    function whenReady(act) {
      if (ready) act();
      else queue.push(act);
    }

    var embed = {
      on: on,
      off: off,
      login: function (next) {
        whenReady(function () {
          resetSession(next);
          load();
        });
      },
      logout: function () { whenReady(signOut); },
      render: function () {
        container = document.getElementById(options.id || 'coral_thread');
        resetSession(undefined);
        load().then(function () {
          ready = true;
          emit('ready');
          queue.splice(0).forEach(function (act) { act(); });
        });
      },
      remove: function () {
        generation++;
        ready = false;
        if (container) container.replaceChildren();
        container = null;
      },
    };
    if (options.autoRender) embed.render();
    return embed;
  }

  window.Coral = { createStreamEmbed: createStreamEmbed };
})();
`;
