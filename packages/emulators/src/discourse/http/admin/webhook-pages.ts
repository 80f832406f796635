import { type Html, html } from '../../../server/index.js';
import type { Delivery, HeaderList } from '../../webhooks/delivery.js';
import { type Webhook, webhookEventNames } from '../../webhooks/webhook.js';
import type { Webhooks } from '../../webhooks/webhooks.js';
import { dateText, factTable, tags } from '../parts.js';
import { adminHeading, button, controlPath } from './controls.js';

/** All webhooks, and a form for a new one. */
export function webhooksPage(webhooks: Webhooks): Html {
  const list = webhooks.list();
  return html`${adminHeading('Webhooks')}
<div class="card">${
    list.length === 0
      ? html`<p class="quiet">There is no webhook yet.</p>`
      : html`<div class="table"><table><thead><tr><th scope="col">Payload URL</th><th scope="col">Told of</th><th scope="col">Last answer</th><th scope="col"></th></tr></thead>
<tbody>${list.map((webhook) => webhookRow(webhook, webhooks.deliveries(webhook.id).at(-1)))}</tbody></table></div>`
  }</div>
<div class="card"><h2>New webhook</h2><form method="post" action="${controlPath}/webhooks">
<label for="url">Payload URL</label><input id="url" name="url" type="url" size="50" required>
<label for="secret">Secret, at least 12 characters</label><input id="secret" name="secret" size="50" autocomplete="off">
<label for="contentType">Content type</label><select id="contentType" name="contentType"><option>application/json</option><option>application/x-www-form-urlencoded</option></select>
<fieldset><legend>Events; none for all</legend>${webhookEventNames.map(
    (name) =>
      html`<label class="flat"><input type="checkbox" name="event" value="${name}"> <code>${name}</code></label>`,
  )}</fieldset>
<p><button>Create webhook</button></p></form></div>`;
}

/** One webhook with everything that was sent to it, newest first. */
export function webhookPage(webhook: Webhook, webhooks: Webhooks): Html {
  const path = `/webhooks/${webhook.id}`;
  const deliveries = [...webhooks.deliveries(webhook.id)].reverse();
  return html`${adminHeading(`Webhook ${webhook.id}`)}
<div class="card">${factTable([
    ['Payload URL', html`<code>${webhook.url}</code>`],
    ['Signed', webhook.secret === '' ? html`<span class="warn">no: it has no secret</span>` : 'yes'],
    ['Content type', html`<code>${webhook.contentType}</code>`],
    ['Told of', webhook.events === null ? 'everything' : tags(webhook.events)],
    ['State', webhook.active ? html`<span class="good">on</span>` : html`<span class="bad">off</span>`],
  ])}
<div class="row">${button(`${path}/ping`, 'Ping', {}, '')}${
    webhook.active ? button(`${path}/switch_off`, 'Turn off') : button(`${path}/switch_on`, 'Turn on')
  }${button(`${path}/delete`, 'Delete', {}, 'danger')}</div></div>
<h2>Deliveries</h2>${
    deliveries.length === 0
      ? html`<div class="card"><p class="quiet">Nothing was sent so far.</p></div>`
      : deliveries.map(deliveryCard)
  }`;
}

function webhookRow({ id, url, events, active }: Webhook, last: Delivery | undefined): Html {
  return html`<tr><td><a href="/admin/webhooks/${id}">${url}</a>${!active && html` <span class="tag bad">off</span>`}</td>
<td>${events === null ? 'everything' : tags(events)}</td><td>${last === undefined ? html`<span class="quiet">–</span>` : statusText(last)}</td>
<td>${button(`/webhooks/${id}/ping`, 'Ping')}</td></tr>`;
}

function deliveryCard(delivery: Delivery): Html {
  const { id, event, at, retry, sent, durationMs } = delivery;
  return html`<div class="card" id="delivery-${id}"><p><strong>${event}</strong> <code>${id}</code> ${statusText(delivery)}
<span class="quiet">${dateText(at)}, ${durationMs} ms${retry > 0 && html`, retry ${retry}`}${sent > 1 && html`, sent ${sent}×`}</span></p>
<div class="row">${button(`/deliveries/${id}/redeliver`, 'Redeliver')}</div>
<details><summary>Request</summary><pre>${headerText(delivery.requestHeaders)}

${pretty(delivery.requestBody)}</pre></details>
<details><summary>Response</summary><pre>${
    delivery.error === ''
      ? html`${headerText(delivery.responseHeaders)}

${delivery.responseBody}`
      : delivery.error
  }</pre></details></div>`;
}

function statusText({ status, error }: Delivery): Html {
  if (status === 0) return html`<span class="quiet">under way</span>`;
  if (status === -1) return html`<span class="bad">no answer: ${error}</span>`;
  return html`<span class="${status >= 200 && status <= 299 ? 'good' : 'bad'}">${status}</span>`;
}

function headerText(headers: HeaderList): string {
  return headers.map(([name, value]) => `${name}: ${value}`).join('\n');
}

function pretty(body: string): string {
  return JSON.stringify(JSON.parse(body), null, 2);
}
