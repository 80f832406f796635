import { communityOf } from '../communities/community-of.js';
import { html, type Markup } from '../http/html.js';
import type { CommunityLink } from './layout.js';

/** The head of a row about a connector: what people call the community, and the connector's name, as in logs. */
export function connectorHeading(connector: string, communities: readonly CommunityLink[]): Markup {
  const community = communityOf(connector, communities);
  return html`<th scope="row">${community !== undefined && html`${community.title} `}<span class="quiet small">${connector}</span></th>`;
}
