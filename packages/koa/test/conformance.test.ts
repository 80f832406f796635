import { describeAlike, describeErrors, describeProvider, describeVisits } from '@forum-sso/testkit';
import Koa from 'koa';
import Koa2 from 'koa2';

import { koaHarness } from './koa-harness.js';

const harnesses = [koaHarness('Koa 3', Koa), koaHarness('Koa 2', Koa2)];

for (const harness of harnesses) {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
}
describeAlike(harnesses);
