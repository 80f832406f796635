import type { PushReport } from '@forum-sso/core';

import { html, type Markup } from '../http/html.js';
import { connectorHeading } from './connector-heading.js';
import type { Frame } from './layout.js';

/** What each community did, as a table. */
export function reportTable({ results }: PushReport, { communities }: Frame): Markup {
  return html`<table class="stacked"><tbody>
${results.map(
  (result) => html`<tr>${connectorHeading(result.connector, communities)}<td>${told(result)}</td></tr>
`,
)}</tbody></table>`;
}

function told(result: PushReport['results'][number]): Markup {
  switch (result.outcome) {
    case 'done':
      return html`<span class="tag">done</span>${[...result.notes, ...(result.byHand ?? [])].join(' ')}`;
    case 'skipped':
      return html`<span class="tag">nothing to do</span>${result.reason}`;
    case 'impossible':
      return html`<span class="tag warn">cannot</span>${result.reason}`;
    case 'failed':
      return html`<span class="tag bad">failed</span><code>${result.code}</code>${result.queued === true && ' The queue goes on trying.'}`;
  }
}
