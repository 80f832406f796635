import { describeAdapter } from '../src/describe.js';
import { webHarness } from './web-harness.js';

describeAdapter(webHarness);
