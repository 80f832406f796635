import { type ForumSsoStore, memoryStore, storeQueue } from '@forum-sso/core';

import { describeQueue } from '../../src/queue-describe.js';

const places = new Map<string, ForumSsoStore>();

describeQueue('storeQueue', async ({ place, ...options }) => {
  // One store for all processes of a case, as a database would be.
  const store = places.get(place) ?? { ...memoryStore(), shared: true };
  places.set(place, store);
  return { queue: storeQueue({ ...options, pollSeconds: 0.05 }), store };
});
