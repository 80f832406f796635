export { type ForumSsoExpressOptions, forumSsoRouter } from './router.js';
export { forumSsoSession, requireForumUser } from './session.js';
