import {
  describeErrors,
  describeLogin,
  describeLogout,
  describeProvider,
  describeVisits,
  describeWebhook,
} from '../../src/describe.js';
import { bareHarness } from './bare-harness.js';

const harness = bareHarness("Node's own server");

describeProvider(harness);
describeErrors(harness);
describeVisits(harness);
describeLogin(harness);
describeLogout(harness);
describeWebhook(harness);
