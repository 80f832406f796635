/**
 * One push of a file, without a network, in a process of its own: `memory-child.js <file> <journal>`. Tells how many
 * were sent, and the largest memory that it ever held, in bytes.
 */
import { runPush } from './run-push.js';

const [file = '', journal = ''] = process.argv.slice(2);
const body = JSON.stringify({ id: 7, username: 'somebody', active: true });
const sent = await runPush({
  file,
  journal,
  forumUrl: 'http://localhost:4001',
  concurrency: 16,
  fetch: async () => new Response(body),
});
process.send?.({ sent, bytes: process.resourceUsage().maxRSS * 1_024 });
process.disconnect?.();
