import { describeErrors, describeProvider, describeVisits } from '../../src/describe.js';
import { bareHarness } from './bare-harness.js';

const harness = bareHarness("Node's own server");

describeProvider(harness);
describeErrors(harness);
describeVisits(harness);
