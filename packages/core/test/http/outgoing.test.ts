import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';

import { sendRequest } from '../../src/http/outgoing.js';

test('a call ends at its limit, however often memory is collected meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('This Node cannot be told to collect.');
  // One that never answers, and one that never finishes.
  const server = createServer((request, response) => {
    if (request.url === '/begins') response.write('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const collecting = setInterval(() => collect(), 25);
  const answers = await Promise.all(
    ['/silent', '/begins', '/silent', '/begins'].map((path) =>
      sendRequest(fetch, {
        method: 'GET',
        url: `http://127.0.0.1:${address.port}${path}`,
        headers: {},
        timeoutMs: 300,
      }),
    ),
  );
  clearInterval(collecting);
  for (const answer of answers) expect(answer).toMatchObject({ fault: 'timeout' });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('the limit of a call ends with its answer', async () => {
  const signals: (AbortSignal | null | undefined)[] = [];
  const send: typeof fetch = async (_, init) => {
    signals.push(init?.signal);
    return new Response('answer');
  };
  const request = { method: 'GET', url: 'https://forum.example.com/', headers: {}, timeoutMs: 20 } as const;
  expect(await sendRequest(send, request)).toMatchObject({ status: 200, text: 'answer' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
});
