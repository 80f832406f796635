import { expect, test } from '@jest/globals';

import { providerRoleCases } from '../../src/provider-role/index.js';
import { type Spoiler, startConnector } from './connector-provider.js';

const withLocation =
  (change: (location: string) => string): NonNullable<Spoiler['reply']> =>
  (reply) => ({
    ...reply,
    headers: reply.headers.map(
      ([name, value]) => [name, name === 'Location' ? change(value) : value] as const,
    ),
  });

/** Sites that are wrong in one way, and the cases that have to notice. */
const broken: readonly (readonly [string, Spoiler, readonly string[]])[] = [
  [
    'loses the query of the return address',
    { reply: withLocation((location) => location.replace('title=Special:Login&x=%2B&', '')) },
    ['the answer joins the query of the return address'],
  ],
  [
    'leaves a plus in the base64',
    { reply: withLocation((location) => location.replace('sso=', 'sso=%2B')) },
    ['the base64 of an answer holds no plus, whatever the name'],
  ],
  [
    'shows a page to whoever asks for none',
    {
      reply: (reply) => (reply.status === 302 ? { status: 200, headers: [], body: 'Please sign in' } : reply),
    },
    [
      'prompt=none without a login goes back without a page, and without any detail',
      'whoever is not logged in goes to the login page, and on from there',
    ],
  ],
  [
    'tells the client of groups that are none',
    { person: (user) => ({ ...user, groups: [...(user.groups ?? []), 'more'] }) },
    ['somebody who is logged in is told to the client at once, groups and rights included'],
  ],
  [
    'logs nobody out',
    { signOut: () => {} },
    ['logout=true ends the session before the browser goes to the bare address', 'vector: logout'],
  ],
  [
    'logs everybody out',
    { signOut: (_end, endAll) => endAll() },
    ['logout=true ends the session before the browser goes to the bare address'],
  ],
  [
    'answers everything with 500',
    { reply: (reply) => (reply.status >= 400 ? { ...reply, status: 500 } : reply) },
    [
      'refused, nothing at all: status 400, and nobody leaves the provider',
      'refused, a forged signature: status 422, and nobody leaves the provider',
      'logout=true needs a signature',
      'vector: secret of another host',
    ],
  ],
  [
    'sends people on although it refuses',
    {
      reply: (reply) =>
        reply.status >= 400 ? { ...reply, headers: [...reply.headers, ['Location', '/']] } : reply,
    },
    ['refused, a foreign return host: status 400, and nobody leaves the provider'],
  ],
  [
    'says in pages what is wrong to nobody',
    { reply: (reply) => (reply.status >= 400 ? { ...reply, body: '' } : reply) },
    ['the text for prompt=login names the field'],
  ],
];

test.each(broken)('a site that %s is noticed', async (_, spoiler, names) => {
  const harness = {
    name: 'broken',
    differences: {},
    ownPictures: false,
    start: (setUp: Parameters<typeof startConnector>[0]) => startConnector(setUp, spoiler),
  };
  for (const name of names) {
    const found = providerRoleCases.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no case "${name}".`);
    await expect(found.run(harness)).rejects.toThrow();
  }
});
