import type { ForumEvent } from '../forum/events.js';
import type { Forum } from '../forum/forum.js';
import { groupUserPayload } from '../payloads/group-payload.js';
import { webhookUserPayload } from '../payloads/user-payload.js';
import type { Webhooks } from './webhooks.js';

/** From now on, everything that happens in the forum is told to its webhooks. */
export function announceEvents(forum: Forum, webhooks: Webhooks): void {
  // What is sent is what the account looks like at that moment, however long the delivery takes.
  forum.events.subscribe((event) => {
    if (!webhooks.wants(event.name)) return;
    webhooks.announce({ type: event.type, event: event.name, body: bodyOf(forum, event) });
  });
}

function bodyOf(forum: Forum, event: ForumEvent): string {
  const payload =
    event.type === 'user' ? webhookUserPayload(forum, event.user) : groupUserPayload(event.membership);
  return JSON.stringify({ [event.type]: payload });
}
