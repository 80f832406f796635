export { type DiscourseOptions, discourse } from './forum/connector.js';
export type { GroupsOption, UserFieldsMapper } from './forum/user-fields.js';
export type { DiscourseFields } from './protocol/fields.js';
export { messageUrl, type SignedMessage, signMessage, verifyMessage } from './protocol/message.js';
