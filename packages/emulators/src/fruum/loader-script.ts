import type { FruumForumSettings } from './forum.js';

/**
 * The script behind `/go/<app_id>`: completes `fruumSettings`, offers `Fruum.launch`, and loads the panel when the
 * forum is to be seen. It adds to what the page has set, so it comes after that.
 *
 * @param host address of this server
 */
export function loaderScript(
  { id, authUrl, fullpageUrl, pushstate }: FruumForumSettings,
  host: string,
): string {
  const filledIn = {
    app_id: id,
    fullpage_url: fullpageUrl ?? '',
    pushstate: pushstate === true,
    sso: authUrl !== undefined && authUrl !== '',
    fruum_host: host,
  };
  return `(${source})(${JSON.stringify(filledIn)}, ${JSON.stringify(`${host}/_/get/js/bundle/${encodeURIComponent(id)}`)});`;
}

const source = `function (filledIn, panel) {
  'use strict';
  var settings = window.fruumSettings = window.fruumSettings || {};
  Object.keys(filledIn).forEach(function (name) { settings[name] = filledIn[name]; });
  var Fruum = window.Fruum = window.Fruum || {};
  var opened = 'fruum:open:' + settings.app_id;
  function load() {
    if (Fruum.loading) return;
    Fruum.loading = true;
    var script = document.createElement('script');
    script.src = panel;
    document.head.appendChild(script);
  }
  Fruum.launch = function (id) {
    settings.view_id = id;
    if (Fruum.api) Fruum.api.open(id);
    else load();
  };
  document.addEventListener('click', function (event) {
    var link = event.target.closest ? event.target.closest('a[href^="#fruum:"],[fruum-link]') : null;
    if (!link) return;
    event.preventDefault();
    Fruum.launch(link.getAttribute('fruum-link') || link.getAttribute('href').slice('#fruum:'.length));
  });
  function ready() {
    if (settings.container && settings.fullpage === undefined) settings.fullpage = true;
    var before = '0';
    try { before = sessionStorage.getItem(opened); } catch (error) { /* no storage in this frame */ }
    if (settings.fullpage || (settings.restore !== false && before === '1')) load();
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', ready);
  else ready();
}`;
