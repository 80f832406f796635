import { type Html, html } from '../../server/index.js';
import type { Forum } from '../forum/forum.js';
import type { JournalEntry } from '../forum/journal.js';
import { dateText } from './parts.js';

const looks: Readonly<Record<JournalEntry['outcome'], string>> = {
  started: 'quiet',
  logged_in: 'good',
  refused: 'bad',
  answered: 'good',
  login_asked: 'quiet',
  second_factor_asked: 'quiet',
  logged_out: 'good',
  synced: 'good',
};

/** What reached the forum and what became of it, newest first. */
export function logPage({ journal }: Forum): Html {
  const entries = [...journal.entries()].reverse();
  if (entries.length === 0)
    return html`<h1>Log</h1><div class="card"><p class="quiet">No message so far.</p></div>`;
  return html`<h1>Log</h1><p class="quiet">What Discourse would write with <code>verbose_discourse_connect_logging</code>; newest first.</p>
${entries.map(
  (
    entry,
  ) => html`<div class="card"><p><strong class="${looks[entry.outcome]}">${entry.outcome.replaceAll('_', ' ')}</strong>
<code>${entry.route}</code> → ${entry.status} <span class="quiet">${dateText(entry.at)}</span></p>
${entry.reason !== '' && html`<p>${entry.reason}</p>`}
${entry.errorClass !== null && html`<p class="quiet"><code>${entry.errorClass}</code></p>`}
${entry.username !== null && html`<p>User: <a href="/u/${encodeURIComponent(entry.username)}">${entry.username}</a></p>`}
${
  entry.fields !== null &&
  html`<pre>${[
    ...Object.entries(entry.fields),
    ...Object.entries(entry.custom ?? {}).map(([name, value]) => [`custom.${name}`, value]),
  ]
    .map(([name, value]) => `${String(name)}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('\n')}</pre>`
}</div>`,
)}`;
}

/** What the forum would have mailed, newest first. */
export function mailPage({ mailbox }: Forum): Html {
  const mails = [...mailbox.mails()].reverse();
  return html`<h1>Mails</h1><p class="quiet">What the forum would have sent. Nothing leaves this machine.</p><div class="card">${
    mails.length === 0
      ? html`<p class="quiet">No mail so far.</p>`
      : html`<div class="table"><table><tbody>${mails.map(
          ({ at, to, kind, path }) =>
            html`<tr><th scope="row">${dateText(at)}</th><td>${to}</td><td>${
              path === undefined ? 'Welcome!' : html`<a href="${path}">Activate your account</a>`
            }</td><td class="quiet">${kind}</td></tr>`,
        )}</tbody></table></div>`
  }</div>`;
}
