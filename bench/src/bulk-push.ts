import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { writePeople } from './bulk/people.js';
import { runPush } from './bulk/run-push.js';
import { compare, type RowGroup, takeTurns } from './measure.js';

const people = 10_000;
const concurrency = 16;

interface Post {
  readonly url: string;
  readonly init: RequestInit;
}

/** Ten thousand people from a file to a forum, beside a loop that sends the same posts, made beforehand. */
export const bulkPush: RowGroup = {
  name: 'bulk push',
  async rows() {
    const folder = mkdtempSync(join(tmpdir(), 'forum-sso-bench-'));
    const child = fork(fileURLToPath(new URL('./bulk/forum.js', import.meta.url)));
    try {
      const [port]: unknown[] = await once(child, 'message');
      const file = join(folder, 'people.csv');
      writePeople(file, people);
      const job = {
        file,
        journal: join(folder, 'journal'),
        forumUrl: `http://127.0.0.1:${Number(port)}`,
        concurrency,
      };
      const posts = await collectPosts(job);
      const costs = await takeTurns([
        { name: 'fetch loop', turn: () => timed(() => sendAll(posts)) },
        { name: 'forum-sso push', turn: () => timed(() => runPush(job)) },
      ]);
      return [
        compare('push 10,000 people of a CSV file, 16 at a time', costs, {
          subject: 'forum-sso push',
          floor: 'fetch loop',
          target: { atLeast: 0.9 },
        }),
      ];
    } finally {
      child.kill();
      rmSync(folder, { recursive: true });
    }
  },
};

/** Nanoseconds for one person. */
async function timed(work: () => Promise<number>): Promise<number> {
  const begun = process.hrtime.bigint();
  const sent = await work();
  if (sent !== people) throw new Error(`${sent} of ${people} people were sent.`);
  return Number(process.hrtime.bigint() - begun) / people;
}

/** The posts of a push, without sending them. */
async function collectPosts(job: Parameters<typeof runPush>[0]): Promise<readonly Post[]> {
  const posts: Post[] = [];
  await runPush({
    ...job,
    fetch: async (url, init) => {
      const { signal: _signal, ...rest } = init ?? {};
      posts.push({ url: String(url), init: rest });
      return Response.json({ id: 7, username: 'somebody', active: true });
    },
  });
  return posts;
}

async function sendAll(posts: readonly Post[]): Promise<number> {
  let next = 0;
  let sent = 0;
  const worker = async (): Promise<void> => {
    for (let post = posts[next++]; post !== undefined; post = posts[next++]) {
      const response = await fetch(post.url, post.init);
      await response.text();
      if (response.status === 200) sent++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return sent;
}
