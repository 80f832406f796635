/**
 * One push of a file, without a network, in a process of its own: `memory-child.js <file> <journal>`. Tells how many
 * were sent, and the largest resident memory that was seen meanwhile, in bytes.
 *
 * It looks by itself: what Linux remembers as a process's largest memory begins with that of the process that started it.
 */
import { runPush } from './run-push.js';

/** Calls between two looks: a fraction of a second, while memory comes and goes over seconds. */
const callsPerLook = 500;

const [file = '', journal = ''] = process.argv.slice(2);
const body = JSON.stringify({ id: 7, username: 'somebody', active: true });
let calls = 0;
let bytes = 0;
const sent = await runPush({
  file,
  journal,
  forumUrl: 'http://localhost:4001',
  concurrency: 16,
  fetch: async () => {
    if (calls++ % callsPerLook === 0) bytes = Math.max(bytes, process.memoryUsage.rss());
    return new Response(body);
  },
});
process.send?.({ sent, bytes });
process.disconnect?.();
