export type { ApiSecretInfo, TalkyardLookup, TalkyardMember } from './answers.js';
export { TalkyardApi, type TalkyardApiOptions } from './api.js';
export type { AuthnClaims, AuthnTokenUser } from './authn-claims.js';
export {
  type OpenAuthnTokenOptions,
  openAuthnToken,
  type SealAuthnTokenOptions,
  sealAuthnToken,
} from './authn-token.js';
export {
  type CommentsEmbed,
  type CommentsEmbedder,
  type CommentsEmbedOptions,
  clearCommentsCookie,
  createCommentsEmbedder,
  type EmbedPlace,
} from './comments-embed.js';
export { type TalkyardConnector, talkyard } from './connector.js';
export { talkyardUserFields, type UserFieldRule } from './fields.js';
export type { TalkyardOptions, TalkyardWebhookOptions } from './options.js';
export { safeThenGoTo, type ThenGoToOptions } from './then-go-to.js';
export type { TalkyardUser, TalkyardUserOptions } from './user.js';
export { mendedUsername } from './username.js';
export { readTalkyardNotice, type TalkyardNotice, type TalkyardNoticeEvent } from './webhook.js';
export type { TalkyardHint } from './webhook-route.js';
