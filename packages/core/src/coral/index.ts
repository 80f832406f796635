export type { CoralSigningSecretRecord, CoralSsoSettings, CoralUser } from './api/answers.js';
export { CoralApi, type CoralApiOptions, type CoralUserRef, type CoralUsersFilter } from './api/coral-api.js';
export {
  type CoralClaims,
  type CoralUserClaims,
  type CoralUserMapping,
  coralUserClaims,
} from './claims.js';
export { type CoralConnector, type CoralPage, coral } from './connector.js';
export { type CoralRole, coralRoles } from './fields.js';
export type { CoralApiAccess, CoralOptions, CoralWebhookOptions } from './options.js';
export {
  type AccessTokenSigner,
  type AccessTokenSignerOptions,
  createAccessTokenSigner,
  type SignOptions,
  signAccessToken,
} from './sign-access-token.js';
export {
  type CoralStream,
  type CoralStreamEmbedOptions,
  coralPageHeaders,
  coralStreamEmbed,
} from './stream-embed.js';
export { coralSafeUserName } from './user-name.js';
export { type CoralSigningSecret, type VerifyOptions, verifyAccessToken } from './verify-access-token.js';
export { type CoralEvent, type CoralWebhookSecret, verifyWebhook, type WebhookRequest } from './webhook.js';
