import type { DeadLetter, QueueMetrics } from '@forum-sso/core';

import type { DeliveryEntry } from '../delivery-log.js';
import { html, type Markup } from '../http/html.js';
import { connectorHeading } from './connector-heading.js';
import { type CommunityLink, type Frame, layout } from './layout.js';

export interface Deliveries {
  readonly metrics: readonly QueueMetrics[];
  /** Null for those who are not staff. */
  readonly dead: readonly DeadLetter[] | null;
  readonly latest: readonly DeliveryEntry[];
}

/** What the communities were told, and what waits. */
export function deliveriesPage(frame: Frame, { metrics, dead, latest }: Deliveries): string {
  const waiting = metrics.reduce((sum, one) => sum + one.waiting, 0);
  return layout(
    frame,
    'Deliveries',
    html`<h1>What the communities were told</h1>
<p class="lead">A change of an account goes into a queue, and from there to each community at its own pace. What fails is tried again.</p>
<p class="note" role="status">${waiting === 0 ? 'Everything has been delivered.' : `${waiting} on the way. This page looks again by itself.`}</p>
<section class="card" aria-label="Latest deliveries">${
      latest.length === 0
        ? html`<p class="quiet">Nothing yet: <a href="/account/edit">change something</a>.</p>`
        : html`<table class="stacked"><tbody>
${latest.map((entry) => entryRow(entry, frame.communities))}</tbody></table>`
    }</section>
<h2>The queue</h2>
<section class="card wide" aria-label="The queue"><table>
<thead><tr><th scope="col">Community</th><th scope="col">Waiting</th><th scope="col">Done</th><th scope="col">Tried again</th><th scope="col">Given up</th></tr></thead>
<tbody>${metrics.map(
      ({ connector, waiting: left, dead: given, since }) =>
        html`<tr>${connectorHeading(connector, frame.communities)}<td>${left}</td><td>${since.done}</td><td>${since.retried + since.paused}</td><td>${given}</td></tr>
`,
    )}</tbody></table></section>
${dead !== null && dead.length > 0 && deadLetters(dead, frame.communities)}`,
  );
}

const tags = { done: 'done', retry: 'tried again later', pause: 'asked to wait', dead: 'given up' } as const;
const looks = { done: '', retry: ' warn', pause: ' warn', dead: ' bad' } as const;

function entryRow(
  { at, connector, kind, outcome, text }: DeliveryEntry,
  communities: readonly CommunityLink[],
): Markup {
  return html`<tr>${connectorHeading(connector, communities)}<td><span class="tag${looks[outcome]}">${tags[outcome]}</span>${text} <span class="quiet small">${kind}, ${at.toISOString().slice(11, 19)} UTC</span></td></tr>
`;
}

function deadLetters(dead: readonly DeadLetter[], communities: readonly CommunityLink[]): Markup {
  return html`<h2>Given up</h2>
<section class="card" aria-label="Given up"><table class="stacked"><tbody>
${dead.map(
  ({
    connector,
    siteUserId,
    kind,
    code,
    attempts,
  }) => html`<tr>${connectorHeading(connector, communities)}<td>${kind} ${siteUserId}</td><td><code>${code}</code> after ${attempts} attempts</td></tr>
`,
)}</tbody></table>
<form method="post" action="/deliveries/replay"><p><button>Try all of them again</button></p></form></section>`;
}
