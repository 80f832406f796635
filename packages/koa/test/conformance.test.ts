import { describeAlike, describeErrors, describeProvider, describeVisits } from '@forum-sso/testkit';

import { harnesses } from './harnesses.js';

for (const harness of harnesses) {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
}
describeAlike(harnesses);
