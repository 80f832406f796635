import {
  describeAlike,
  describeErrors,
  describeLogin,
  describeLogout,
  describeProvider,
  describeVisits,
  describeWebhook,
} from '@forum-sso/testkit';

import { harnesses } from './harnesses.js';

for (const harness of harnesses) {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
  describeLogin(harness);
  describeLogout(harness);
  describeWebhook(harness);
}
describeAlike(harnesses);
