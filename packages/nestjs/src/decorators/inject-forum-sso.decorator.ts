import { Inject } from '@nestjs/common';

import { ForumSso } from '../forum-sso.js';

/**
 * Injects the engine where its type alone does not: `@InjectForumSso() private readonly sso: ForumSso`.
 *
 * @publicApi
 */
export const InjectForumSso = (): PropertyDecorator & ParameterDecorator => Inject(ForumSso);
