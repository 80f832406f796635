import { describeErrors, describeProvider, describeVisits } from '../src/describe.js';
import { webHarness } from './web-harness.js';

describeProvider(webHarness);
describeErrors(webHarness);
describeVisits(webHarness);
