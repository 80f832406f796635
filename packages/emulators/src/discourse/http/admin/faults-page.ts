import { type Html, html } from '../../../server/index.js';
import type { FaultRule, Faults } from '../../forum/faults.js';
import { adminHeading, button, controlPath } from './controls.js';

/** The switches for faults: below which path, how slow, how often. */
export function faultsPage(faults: Faults): Html {
  const rules = faults.rules();
  const field = (name: string, label: string, value: string): Html =>
    html`<label for="${name}">${label}</label><input id="${name}" name="${name}" value="${value}">`;
  return html`${adminHeading('Faults')}
<div class="card"><h2>In force</h2>${
    rules.length === 0
      ? html`<p class="quiet">The forum works as it should.</p>`
      : html`<div class="table"><table><thead><tr><th scope="col">Below</th><th scope="col">Latency</th><th scope="col">Error 500</th><th scope="col">Reset</th><th scope="col">No answer</th><th scope="col">When</th></tr></thead>
<tbody>${rules.map(ruleRow)}</tbody></table></div>${button('/faults/clear', 'Clear all')}`
  }</div>
<div class="card"><h2>New fault</h2><form method="post" action="${controlPath}/faults">
${field('pathPrefix', 'Below this path', '/admin/users')}${field('latencyMs', 'Latency in milliseconds', '0')}
${field('errorRate', 'Share of requests that fail with 500', '0')}${field('resetRate', 'Share whose connection is reset', '0')}
${field('hangRate', 'Share that is never answered', '0')}
<label class="flat"><input type="checkbox" name="afterwards" value="true"> fail only after the work is done</label>
<p><button>Add</button></p></form></div>`;
}

function ruleRow({ pathPrefix, latencyMs, errorRate, resetRate, hangRate, afterwards }: FaultRule): Html {
  const share = (rate = 0): string => `${Math.round(rate * 100)} %`;
  return html`<tr><td><code>${pathPrefix}</code></td><td>${latencyMs ?? 0} ms</td><td>${share(errorRate)}</td><td>${share(resetRate)}</td><td>${share(hangRate)}</td><td>${afterwards === true ? 'after the work' : 'before the work'}</td></tr>`;
}
