/** The DiscourseConnect message and the webhook by themselves, without connectors: a fifth of the modules to load. */
export { customPrefix, type DiscourseFields, fieldTable } from './fields.js';
export { messageUrl, type SignedMessage, signMessage, verifyMessage } from './message.js';
export { type DiscourseEvent, verifyWebhook } from './webhook.js';
