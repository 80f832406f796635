/** A topic of the forum, or the comments below one page of a blog. */
export interface Discussion {
  readonly id: number;
  readonly title: string;
  readonly posts: Post[];
}

export interface Post {
  readonly nr: number;
  readonly author: string;
  readonly text: string;
}

const discussionLimit = 500;
const postLimit = 500;
const textLimit = 2_000;

/** What was written. Only as much as logins need to have something to be for. */
export class Discussions {
  readonly #topics: Discussion[] = [];
  readonly #embedded = new Map<string, Discussion>();
  readonly #onPost: (discussion: Discussion, post: Post) => void;
  #nextId = 1;

  constructor(onPost: (discussion: Discussion, post: Post) => void) {
    this.#onPost = onPost;
    this.#topics.push(
      this.#create('Welcome to this community', [
        'Log in with your account of the site; you need no other one.',
        'Reply to this to come back to the very same place.',
      ]),
      this.#create('Ask and answer', ['Every login begins at a page and ends there.']),
    );
  }

  get topics(): readonly Discussion[] {
    return this.#topics;
  }

  topic(id: number): Discussion | undefined {
    return this.#topics.find((topic) => topic.id === id);
  }

  /** The comments of a blog page; undefined when there is no room for more. */
  embedded(key: string): Discussion | undefined {
    const known = this.#embedded.get(key);
    if (known !== undefined || this.#embedded.size >= discussionLimit) return known;
    const discussion = this.#create('Comments', []);
    this.#embedded.set(key, discussion);
    return discussion;
  }

  /** Adds a post; false when it is empty or there is no room. */
  reply(discussion: Discussion, author: string, text: string): boolean {
    const trimmed = text.trim().slice(0, textLimit);
    if (trimmed === '' || discussion.posts.length >= postLimit) return false;
    // Talkyard's numbers: 1 is the page's own text, which the comments of a blog page do not have.
    const post = { nr: (discussion.posts.at(-1)?.nr ?? 1) + 1, author, text: trimmed };
    discussion.posts.push(post);
    this.#onPost(discussion, post);
    return true;
  }

  #create(title: string, texts: readonly string[]): Discussion {
    const posts = texts.map((text, at) => ({ nr: at + 1, author: 'system', text }));
    return { id: this.#nextId++, title, posts };
  }
}
