/**
 * Runs programs as their reader would, one after the other, and tells its parent of each which servers it started, on a
 * free port instead of its own, and what it printed. Started by `startTypeScript`, with the files as arguments.
 */
import { serversStartedBy } from '../../../packages/testkit/src/processes/servers-started-by.js';

let printed = '';
const keep = (text: string | Uint8Array): boolean => {
  printed += String(text);
  return true;
};
process.stdout.write = keep;
process.stderr.write = keep;

for (const file of process.argv.slice(2)) {
  printed = '';
  const servers = await serversStartedBy(() => import(file));
  process.send?.({ origins: servers.map(({ origin }) => origin), printed });
}
