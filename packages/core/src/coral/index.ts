export {
  type CoralClaims,
  type CoralUserClaims,
  type CoralUserMapping,
  coralUserClaims,
} from './claims.js';
export { type CoralRole, coralRoles } from './fields.js';
export {
  type AccessTokenSigner,
  type AccessTokenSignerOptions,
  createAccessTokenSigner,
  type SignOptions,
  signAccessToken,
} from './sign-access-token.js';
export { coralSafeUserName } from './user-name.js';
export { type CoralSigningSecret, type VerifyOptions, verifyAccessToken } from './verify-access-token.js';
export { type CoralEvent, type CoralWebhookSecret, verifyWebhook, type WebhookRequest } from './webhook.js';
