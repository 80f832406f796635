export type { ForumSsoEvent, SiteUser } from '@forum-sso/core';
export type { PageForum } from '@forum-sso/core/node';
export { Forum } from './decorators/forum.decorator.js';
export { ForumGroups } from './decorators/forum-groups.decorator.js';
export { ForumPublic } from './decorators/forum-public.decorator.js';
export { ForumUser } from './decorators/forum-user.decorator.js';
export { InjectForumSso } from './decorators/inject-forum-sso.decorator.js';
export { type ForumEventName, OnForumEvent } from './decorators/on-forum-event.decorator.js';
export { answerForumException } from './exceptions/answer-forum-exception.js';
export { ForumSignInRequiredException } from './exceptions/forum-sign-in-required.exception.js';
export { ForumSsoExceptionFilter } from './exceptions/forum-sso-exception.filter.js';
export { ForumSso } from './forum-sso.js';
export { ForumSsoModule } from './forum-sso.module.js';
export { ForumGuard } from './guards/forum.guard.js';
export { ForumGroupsGuard } from './guards/forum-groups.guard.js';
export { ForumUserGuard } from './guards/forum-user.guard.js';
export { type ForumSsoHealth, ForumSsoHealthIndicator } from './health/forum-sso.health.js';
export type { ForumRequest } from './interfaces/forum-request.interface.js';
export type {
  ForumSsoModuleExtras,
  ForumSsoModuleOptions,
  ForumSsoOptionsFactory,
  ForumSsoSiteOptions,
} from './interfaces/forum-sso-module-options.interface.js';
export { ForumPages } from './pages/forum-pages.js';
