/**
 * Prints how fast Forum SSO is, as ratios to a floor measured in the same run, and writes the same as JSON.
 * A missed target is shown, never an error: machines differ.
 *
 *   node --expose-gc bench/dist/main.js [--full] [--only <part of a group's name>]
 */
import { parseArgs } from 'node:util';

import { bulkMemory } from './bulk-memory.js';
import { bulkPush } from './bulk-push.js';
import { codec } from './codec.js';
import { coralToken } from './coral-token.js';
import { frameworkLogin } from './framework-login.js';
import { importCost } from './import-cost.js';
import { inspectStart } from './inspect-start.js';
import { installSize } from './install-size.js';
import { loginCallback } from './login-callback.js';
import type { Row, RowGroup } from './measure.js';
import { pushLimit, pushLimitMinute } from './push-limit.js';
import { table, writeResults } from './report.js';
import { scale } from './scale.js';
import { siteStart } from './site-start.js';
import { stores } from './stores.js';
import { talkyardToken } from './talkyard-token.js';
import { webhookSignature } from './webhook.js';

const groups: readonly RowGroup[] = [
  codec,
  webhookSignature,
  coralToken,
  talkyardToken,
  importCost,
  installSize,
  inspectStart,
  siteStart,
  frameworkLogin,
  loginCallback,
  stores,
  scale,
  bulkPush,
  bulkMemory,
  pushLimit,
  pushLimitMinute,
];

const { values } = parseArgs({
  options: { full: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const chosen = groups.filter(
  ({ name, long = false }) =>
    (values.full || !long) && (values.only === undefined || name.includes(values.only)),
);
if (chosen.length === 0) {
  console.error(`No such group. There are: ${groups.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const rows: Row[] = [];
for (const group of chosen) {
  const measured = await group.rows();
  rows.push(...measured);
  console.log(`\n${group.name}\n${table(measured)}`);
}
console.log(`\nWritten to ${await writeResults(rows)}`);
