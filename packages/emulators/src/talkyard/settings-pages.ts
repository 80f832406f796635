import { randomBytes } from 'node:crypto';

import type { Express, Request, Response } from 'express';

import { html, ownPagesOnly, readForm } from '../server/index.js';
import { sendForumPage } from './frame.js';
import type { TalkyardSettings } from './settings.js';
import type { Site } from './site.js';

const fields: readonly (readonly [name: keyof TalkyardSettings, label: string])[] = [
  ['enableApi', 'Enable the API'],
  ['ssoUrl', 'Single sign-on URL'],
  ['enableSso', 'Enable single sign-on'],
  ['ssoLogoutRedirUrl', 'Log-out redirect URL'],
  ['ssoLoginRequiredLogoutUrl', 'Log-out URL when login is required'],
  ['ssoPasetoV2LocalSecret', 'PASETO v2.local shared secret'],
  ['allowEmbeddingFrom', 'Allow embedding from (one origin a line)'],
  ['userMustBeAuthenticated', 'Login required to read'],
];

/** The settings that matter to single sign-on. Everybody may change them here: it is nobody's community. */
export function mountSettings(app: Express, site: Site, port: number): void {
  const path = '/-/admin/settings/login';
  const send = (request: Request, response: Response, note?: string, status = 200): void => {
    const settings = site.settings();
    sendForumPage(request, response, site, {
      status,
      title: 'Settings',
      body: html`<h1>Login settings</h1>${note !== undefined && html`<p class="card" id="note" role="status">${note}</p>`}
<form class="card" method="post" action="${path}">${fields.map(([name, label]) => field(name, label, settings[name]))}
<p><button>Save</button></p></form>
<p class="card quiet">A fresh PASETO secret: <code>hex:${randomBytes(32).toString('hex')}</code></p>`,
    });
  };
  app.get(path, (request, response) => send(request, response));
  app.post(path, ownPagesOnly({ origin: site.origin, port }), async (request, response) => {
    const form = await readForm(request);
    try {
      site.changeSettings(readSettings(form));
      send(request, response, 'Saved.');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      send(request, response, error.message, 400);
    }
  });
}

function field(name: string, label: string, value: string | boolean) {
  if (typeof value === 'boolean') {
    return html`<label><input type="checkbox" name="${name}" value="on"${value && ' checked'}> ${label}</label>`;
  }
  return name === 'allowEmbeddingFrom'
    ? html`<label for="${name}">${label}</label><textarea id="${name}" name="${name}" rows="3" cols="60">${value}</textarea>`
    : html`<label for="${name}">${label}</label><input id="${name}" name="${name}" size="70" value="${value}">`;
}

function readSettings(form: URLSearchParams): TalkyardSettings {
  const text = (name: string) => (form.get(name) ?? '').replaceAll('\r\n', '\n').trim();
  return {
    enableApi: form.has('enableApi'),
    ssoUrl: text('ssoUrl'),
    enableSso: form.has('enableSso'),
    ssoLogoutRedirUrl: text('ssoLogoutRedirUrl'),
    ssoLoginRequiredLogoutUrl: text('ssoLoginRequiredLogoutUrl'),
    ssoPasetoV2LocalSecret: text('ssoPasetoV2LocalSecret'),
    allowEmbeddingFrom: text('allowEmbeddingFrom'),
    userMustBeAuthenticated: form.has('userMustBeAuthenticated'),
  };
}
