/**
 * The panel: connects, sends the whole `fruumSettings`, and shows who the visitor is. It looks at `FruumData` once a
 * second, and after a lost connection it sends the same user again.
 *
 * The socket is a POST whose answer stays open, one JSON event a line.
 *
 * @param host address of this server
 */
export function panelScript(host: string): string {
  return `(${source})(${JSON.stringify(host)});`;
}

const source = `function (host) {
  'use strict';
  var settings = window.fruumSettings;
  var Fruum = window.Fruum = window.Fruum || {};
  var opened = 'fruum:open:' + settings.app_id;
  var socket = null, again = 0, connections = 0, open = false;

  function element(name, text, style) {
    var made = document.createElement(name);
    made.textContent = text;
    if (style) made.style.cssText = style;
    return made;
  }
  function button(text, action) {
    var made = element('button', text, 'font:inherit;margin:0 8px 0 0;padding:4px 12px;border:1px solid #8a94a6;border-radius:6px;background:transparent;color:inherit;cursor:pointer');
    made.type = 'button';
    made.addEventListener('click', action);
    return made;
  }
  var drawer = 'position:fixed;right:16px;bottom:16px;width:320px;z-index:1000;box-shadow:0 4px 18px rgba(0,0,0,.3);';
  var panel = element('section', '', (settings.fullpage ? '' : drawer) + 'font:16px/1.5 system-ui,sans-serif;background:#fff;color:#1d2129;border:1px solid #c9d0da;border-radius:10px;padding:16px 20px');
  panel.id = 'fruum';
  panel.setAttribute('aria-label', 'Fruum emulator');
  panel.appendChild(element('strong', 'Fruum emulator · ' + settings.app_id, 'display:block'));
  var who = element('p', '', 'margin:8px 0;font-size:1.15em;overflow-wrap:anywhere');
  who.id = 'fruum-who';
  who.setAttribute('role', 'status');
  var details = element('p', '', 'margin:8px 0;color:#5b6472;font-size:.9em;overflow-wrap:anywhere');
  var buttons = element('p', '', 'margin:12px 0 0');
  panel.append(who, details, buttons);
  var home = settings.container ? document.querySelector(settings.container) : null;
  if (home) home.replaceChildren(panel);
  else document.body.appendChild(panel);

  function show(state, text, more) {
    panel.dataset.state = state;
    panel.dataset.connections = String(connections);
    who.textContent = text;
    details.textContent = more || '';
  }
  function showUser(user) {
    var outcome = user.anonymous ? 'anonymous' : user.admin ? 'admin' : 'user';
    panel.dataset.user = user.anonymous ? '' : String(user.id);
    if (user.anonymous) show(outcome, 'you are anonymous');
    else show(outcome, 'you are ' + (user.displayname || user.username), [
      '@' + user.username, 'id ' + user.id, user.admin ? 'administrator' : 'member', user.email ? 'mails to ' + user.email : 'no mails'
    ].join(' · '));
    var ready = settings.ready;
    if (typeof ready === 'string') ready = ready.split('.').reduce(function (at, name) { return at ? at[name] : undefined; }, window);
    if (typeof ready === 'function') ready();
  }
  function receive(message) {
    if (message.event !== 'fruum:auth') return;
    if (message.data) showUser(message.data.user);
    else show('unknown-forum', 'there is no such forum');
  }
  function disconnect() {
    clearTimeout(again);
    if (socket) socket.abort();
    socket = null;
  }
  function connect() {
    disconnect();
    var mine = socket = new AbortController();
    connections++;
    panel.dataset.user = '';
    show('connecting', 'connecting …');
    // text/plain: no preflight, as with a real socket.
    fetch(host + '/_/socket', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: JSON.stringify(settings), signal: mine.signal })
      .then(function (response) {
        var reader = response.body.getReader(), decoder = new TextDecoder(), rest = '';
        function next() {
          return reader.read().then(function (part) {
            if (part.done || mine !== socket) return;
            var lines = (rest + decoder.decode(part.value, { stream: true })).split('\\n');
            rest = lines.pop();
            lines.filter(Boolean).forEach(function (line) { receive(JSON.parse(line)); });
            return next();
          });
        }
        return next();
      })
      .catch(function () {})
      .then(function () {
        if (mine !== socket || panel.dataset.state === 'unknown-forum') return;
        show('reconnecting', 'connection lost, trying again …');
        again = setTimeout(connect, 1000);
      });
  }
  function remember(value) {
    try { sessionStorage.setItem(opened, value); } catch (error) { /* no storage in this frame */ }
  }
  function openPanel() {
    if (open) return;
    open = true;
    panel.hidden = false;
    remember('1');
    connect();
  }
  function closePanel() {
    open = false;
    panel.hidden = true;
    remember('0');
    disconnect();
  }
  // One entry at a time; an entry that is empty ends the round, one without a user is dropped.
  function takeData() {
    if (!window.FruumData || !window.FruumData.length) return false;
    var data = window.FruumData.shift();
    if (!data) return false;
    if (data.user) {
      settings.user = data.user;
      if (open) connect();
    }
    return true;
  }
  buttons.appendChild(button('Reconnect', function () { if (open) connect(); }));
  if (!settings.fullpage) buttons.appendChild(button('Close', closePanel));
  Fruum.api = { open: function (id) { settings.view_id = id; openPanel(); } };
  while (takeData());
  setInterval(takeData, 1000);
  openPanel();
}`;
