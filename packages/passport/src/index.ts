export type { PassportRequest } from './framework.js';
export type { DiscourseProfile } from './profile.js';
export {
  type DiscourseAuthenticateOptions,
  type DiscourseAuthInfo,
  DiscourseStrategy,
  type DiscourseStrategyOptions,
  type Verify,
  type VerifyDone,
  type VerifyWithRequest,
} from './strategy.js';
