export type { ApiSecretInfo, TalkyardLookup, TalkyardMember } from './answers.js';
export { TalkyardApi, type TalkyardApiOptions } from './api.js';
export type { AuthnClaims, AuthnTokenUser } from './authn-claims.js';
export {
  type OpenAuthnTokenOptions,
  openAuthnToken,
  type SealAuthnTokenOptions,
  sealAuthnToken,
} from './authn-token.js';
export { talkyardUserFields, type UserFieldRule } from './fields.js';
export { safeThenGoTo, type ThenGoToOptions } from './then-go-to.js';
export type { TalkyardUser, TalkyardUserOptions } from './user.js';
export { mendedUsername } from './username.js';
