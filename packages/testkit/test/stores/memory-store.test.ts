import { memoryStore } from '@forum-sso/core';

import { describeStore } from '../../src/describe-store.js';

const store = memoryStore();

describeStore('memoryStore', async () => store);
