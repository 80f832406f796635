export { DiscourseAuthGuard, forumAuthGuard } from './discourse-auth.guard.js';
