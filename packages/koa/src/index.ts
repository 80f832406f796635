export {
  type ForumSsoKoaOptions,
  forumSsoMiddleware,
  forumSsoRouter,
  forumSsoSession,
  requireForumUser,
} from './middleware.js';
