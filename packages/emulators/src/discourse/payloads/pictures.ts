import { createHash } from 'node:crypto';

import type { FetchedImage, ForumUser } from '../forum/records.js';

/** Colours of letter pictures; the name decides which one. */
const colours = ['c57346', '8491ac', '7bcc69', 'e68b9b', '45deb3', '9dc877', 'ba9def', '65b3e0'];

/** The address of somebody's picture, with `{size}` for its width in pixels. A path of the forum. */
export function avatarTemplate(user: ForumUser, origin: string): string {
  const username = user.username.toLowerCase();
  if (user.avatar !== null) {
    const { hostname } = new URL(origin);
    return `/user_avatar/${hostname}/${encodeURIComponent(username)}/{size}/${uploadId(user, user.avatar)}_2.png`;
  }
  const letter = [...username][0] ?? '?';
  return `/letter_avatar_proxy/v4/letter/${encodeURIComponent(letter)}/${letterColour(username)}/{size}.png`;
}

/** Where the forum keeps a picture that it fetched: an absolute address. */
export function uploadUrl({ url }: FetchedImage, origin: string): string {
  const name = createHash('sha1').update(url).digest('hex');
  return `${origin}/uploads/default/original/1X/${name}.png`;
}

function letterColour(username: string): string {
  const first = createHash('md5').update(username).digest()[0] ?? 0;
  return colours[first % colours.length] ?? 'c57346';
}

/** A number for the picture that changes when another one is fetched. */
function uploadId({ id }: ForumUser, { count }: FetchedImage): number {
  return id * 1_000 + count;
}
