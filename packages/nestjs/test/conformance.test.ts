import { describeAdapter, describeAlike } from '@forum-sso/testkit';

import { globalHarnesses, harnesses } from './harnesses.js';

const all = [...harnesses, ...globalHarnesses];

for (const harness of all) describeAdapter(harness);
describeAlike(all);
