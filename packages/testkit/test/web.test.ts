import {
  describeErrors,
  describeLogin,
  describeLogout,
  describeProvider,
  describeVisits,
  describeWebhook,
} from '../src/describe.js';
import { webHarness } from './web-harness.js';

describeProvider(webHarness);
describeErrors(webHarness);
describeVisits(webHarness);
describeLogin(webHarness);
describeLogout(webHarness);
describeWebhook(webHarness);
