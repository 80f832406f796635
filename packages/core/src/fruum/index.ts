export { inlineJson } from '../http/inline-json.js';
export { type AnswerAuthRequestOptions, answerAuthRequest } from './answer.js';
export { type FruumConnector, type FruumVisitor, fruum } from './connector.js';
export { type FruumReply, type FruumUserReply, fruumReplyFields } from './fields.js';
export type { FruumOptions } from './options.js';
export {
  type FruumPageOptions,
  type FruumPageSettings,
  type FruumUserPayload,
  fruumPageHeaders,
  fruumPageHtml,
  fruumSignOutStatement,
} from './page.js';
export type { RateLimit } from './rate-limit.js';
export { type SignUserHashOptions, signUserHash } from './user-hash.js';
