/**
 * A forum that takes everybody and does nothing else, in a process of its own. Tells its port.
 */
import { createServer } from 'node:http';

const answer = JSON.stringify({ id: 7, username: 'somebody', active: true });
const headers = { 'Content-Type': 'application/json', 'Content-Length': answer.length };
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, headers).end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.on('disconnect', () => process.exit());
