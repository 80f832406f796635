import { describeAlike, describeErrors, describeProvider, describeVisits } from '@forum-sso/testkit';
import express from 'express';
import express4 from 'express4';

import { expressHarness } from './express-harness.js';

const harnesses = [expressHarness('Express 5', express), expressHarness('Express 4', express4)];

for (const harness of harnesses) {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
}
describeAlike(harnesses);
