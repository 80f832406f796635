import { describeAlike, describeErrors, describeProvider, describeVisits } from '@forum-sso/testkit';

import { globalHarnesses, harnesses } from './harnesses.js';

const all = [...harnesses, ...globalHarnesses];

for (const harness of all) {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
}
describeAlike(all);
