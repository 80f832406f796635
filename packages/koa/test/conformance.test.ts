import { describeAdapter, describeAlike } from '@forum-sso/testkit';

import { harnesses } from './harnesses.js';

for (const harness of harnesses) describeAdapter(harness);
describeAlike(harnesses);
