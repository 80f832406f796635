import { memoryStore } from '@forum-sso/core';

import { describeStore } from '../../src/describe-store.js';

const store = memoryStore();

// Numbers must never be given again, and this store forgets.
describeStore('memoryStore', async () => store, { without: ['numbers'] });
