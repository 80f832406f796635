import type { Express } from 'express';

import {
  type Html,
  html,
  ownPagesOnly,
  type Page,
  type PageShell,
  readForm,
  type ServerAddress,
  sendPage,
} from '../server/index.js';
import type { CoralState } from './coral-state.js';
import { rotate } from './settings.js';
import { isActive, type SigningSecret } from './token/hs256.js';

/** Seconds for which a rotated secret stays valid when the button is used. */
const graceSeconds = 3_600;

/** The page on which an administrator of Coral sees and sets what concerns logins. */
export function mountAdmin(app: Express, state: CoralState, shell: PageShell, address: ServerAddress): void {
  app.get(['/admin', '/admin/configure/auth'], (_request, response) =>
    sendPage(response, shell, adminPage(state)),
  );
  app.post('/admin', ownPagesOnly(address), async (request, response) => {
    const action = (await readForm(request)).get('action');
    const { settings } = state;
    if (action === 'sso') settings.ssoEnabled = !settings.ssoEnabled;
    if (action === 'registration') settings.allowRegistration = !settings.allowRegistration;
    if (action === 'rotate') rotate(settings.signingSecrets, 'ssosec_', graceSeconds, state.now());
    response.redirect(303, '/admin');
  });
}

function adminPage(state: CoralState): Page {
  const { settings, accounts, webhooks } = state;
  const now = state.now();
  return {
    title: 'Admin',
    navigation: [{ href: '/', label: 'Story' }],
    body: html`<h1>Configure › Authentication › Single Sign On</h1>
<div class="card">
<form method="post" action="/admin" class="row">
<button name="action" value="sso" class="plain">Single sign-on: ${settings.ssoEnabled ? 'on' : 'off'}</button>
<button name="action" value="registration" class="plain">Allow registration: ${settings.allowRegistration ? 'on' : 'off'}</button>
<button name="action" value="rotate">Rotate the key</button>
</form>
<div class="table"><table><thead><tr><th>ID</th><th>Key</th><th>State</th></tr></thead>
<tbody>${settings.signingSecrets.map((secret) => secretRow(secret, now))}</tbody></table></div>
</div>
<h2>Community</h2>
<div class="card"><div class="table"><table><thead><tr><th>Name</th><th>E-mail</th><th>Role</th><th>ID</th><th>Profiles</th></tr></thead><tbody>
${accounts.all().map(
  ({
    id,
    username,
    email,
    role,
    profiles,
    banned,
    deletedAt,
  }) => html`<tr><td>${username}${banned && html` <span class="tag">banned</span>`}${deletedAt !== undefined && html` <span class="tag">deleted</span>`}</td>
<td>${email}</td><td>${role}</td><td><code>${id}</code></td><td>${profiles.map((profile) => html`<span class="tag">${profile.type}: ${profile.id}</span>`)}</td></tr>`,
)}</tbody></table></div></div>
<h2>Webhook deliveries</h2>
<div class="card">${
      webhooks.log.length === 0
        ? html`<p class="quiet">None yet.</p>`
        : html`<ul>${webhooks.log.map(({ type, url, status }) => html`<li>${type} → ${url}: ${status ?? 'no answer'}</li>`)}</ul>`
    }</div>`,
  };
}

function secretRow(secret: SigningSecret, now: Date): Html {
  const state = isActive(secret, now) ? (secret.inactiveAt === undefined ? 'active' : 'expiring') : 'expired';
  return html`<tr><td><code>${secret.kid}</code></td><td><code>${secret.secret}</code></td><td>${state}</td></tr>`;
}
