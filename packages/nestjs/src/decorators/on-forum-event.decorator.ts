import type { ForumSsoEvent } from '@forum-sso/core';
import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Where {@link OnForumEvent} keeps its list. */
export const ON_FORUM_EVENT = Symbol('@forum-sso/nestjs:on-event');

/**
 * The type of an event (`login.completed`), the name of a forum's webhook event (`user_updated`), or `*` for all.
 *
 * @publicApi
 */
export type ForumEventName = ForumSsoEvent['type'] | '*' | (string & {});

/**
 * Calls a method of a provider or controller with each event of one of these names: `@OnForumEvent('user_updated')
 * changed(event: WebhookReceived) {…}`. It may be asynchronous; what it throws is logged and concerns no visitor.
 *
 * @publicApi
 */
export const OnForumEvent = (
  name: ForumEventName,
  ...more: readonly ForumEventName[]
): CustomDecorator<typeof ON_FORUM_EVENT> => SetMetadata(ON_FORUM_EVENT, [name, ...more]);
