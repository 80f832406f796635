import { once } from 'node:events';
import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { fetchSwitch } from '../src/site/fetch-switch.js';
import { httpFetch } from '../src/site/http-fetch.js';

/** Takes every request and answers none. */
const silent = createServer(() => {});
let url = '';

beforeAll(async () => {
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

/** Runs the garbage collector again and again while `work` is under way. */
async function whileCollecting<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('The garbage collector cannot be called.');
  const timer = setInterval(() => collect(), 10);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

describe.each(['http', 'fetch'])('the limit of a call, over %s', (kind) => {
  const http = httpFetch(4);
  afterAll(() => http.close());
  const real = kind === 'http' ? http.fetch : fetch;

  test('ends it, whatever the garbage collector does meanwhile', async () => {
    const { fetch: limited } = fetchSwitch(real, 150);
    const call = (): Promise<unknown> =>
      limited(url, { redirect: 'manual', signal: AbortSignal.timeout(50_000) });
    const ends = await whileCollecting(() => Promise.allSettled([call(), call(), call()]));
    expect(ends).toEqual(Array(3).fill(expect.objectContaining({ status: 'rejected' })));
    for (const end of ends) expect(end).toHaveProperty('reason.name', 'TimeoutError');
  });

  test('leaves the connector’s own, shorter one as it is', async () => {
    const { fetch: limited } = fetchSwitch(real, 50_000);
    const own = AbortSignal.timeout(100);
    await whileCollecting(() =>
      expect(limited(url, { redirect: 'manual', signal: own })).rejects.toHaveProperty(
        'name',
        'TimeoutError',
      ),
    );
    await expect(limited(url, { redirect: 'manual', signal: own })).rejects.toHaveProperty(
      'name',
      'TimeoutError',
    );
  });
});

test('nothing gets out while a trap is set, and everything after', async () => {
  const calls: string[] = [];
  const real: typeof fetch = async (input) => {
    calls.push(String(input));
    return new Response('answer');
  };
  const gate = fetchSwitch(real, undefined);
  const trapped = await gate.trapped(async () => {
    await expect(gate.fetch('https://forum.example.com/a?key=1')).rejects.toThrow('Nothing is sent now.');
  });
  expect(trapped).toEqual(['https://forum.example.com/a']);
  expect(calls).toEqual([]);
  await gate.fetch('https://forum.example.com/b');
  expect(calls).toEqual(['https://forum.example.com/b']);
});
