import { randomUUID } from 'node:crypto';

import type { Account } from './account.js';
import { CoralError } from './coral-error.js';

export interface Comment {
  readonly id: string;
  readonly body: string;
  readonly author: Account;
  readonly createdAt: Date;
  readonly parentID: string | undefined;
}

export interface Story {
  readonly id: string;
  readonly url: string;
  readonly comments: Comment[];
}

/** Tells the webhooks. */
export type Announce = (type: string, data: Readonly<Record<string, unknown>>) => void;

/** The one site of this Coral. */
const siteID = 'site-1';

/** Seconds between two comments of one person. */
const commentPause = 3;

/** Stories with their comments. */
export class Stories {
  readonly #byId = new Map<string, Story>();
  readonly #lastComment = new Map<string, number>();
  readonly #announce: Announce;

  constructor(announce: Announce) {
    this.#announce = announce;
  }

  /** The story of a page; made when it is seen for the first time. */
  open(id: string, url: string): Story {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    if (this.#byId.size >= 1_000)
      throw new CoralError('INTERNAL_ERROR', 'This emulator holds no more stories.');
    const story: Story = { id, url, comments: [] };
    this.#byId.set(id, story);
    this.#announce('STORY_CREATED', { storyID: id, storyURL: url, siteID });
    return story;
  }

  byId(id: string): Story | undefined {
    return this.#byId.get(id);
  }

  /** @throws CoralError `STORY_NOT_FOUND`, `RATE_LIMIT_EXCEEDED`, `VALIDATION` */
  comment(storyID: string, author: Account, body: string, parentID: string | undefined, now: Date): Comment {
    const story = this.#byId.get(storyID);
    if (story === undefined) throw new CoralError('STORY_NOT_FOUND', 'The story was not found.');
    if (body.trim() === '' || body.length > 5_000 || story.comments.length >= 1_000) {
      throw new CoralError('VALIDATION', 'The comment is empty or too long.');
    }
    const last = this.#lastComment.get(author.id);
    if (last !== undefined && now.getTime() - last < commentPause * 1_000) {
      throw new CoralError('RATE_LIMIT_EXCEEDED', 'You are commenting too fast.');
    }
    this.#lastComment.set(author.id, now.getTime());
    const comment: Comment = { id: randomUUID(), body, author, createdAt: now, parentID };
    story.comments.push(comment);
    if (parentID === undefined) {
      this.#announce('COMMENT_CREATED', { storyID, siteID, commentID: comment.id });
    } else {
      const ancestorIDs = ancestors(story, parentID);
      this.#announce('COMMENT_REPLY_CREATED', { commentID: comment.id, storyID, siteID, ancestorIDs });
    }
    return comment;
  }
}

function ancestors(story: Story, parentID: string): string[] {
  const ids: string[] = [];
  let next: string | undefined = parentID;
  while (next !== undefined && ids.length < 100) {
    const current: string = next;
    ids.push(current);
    next = story.comments.find(({ id }) => id === current)?.parentID;
  }
  return ids;
}
