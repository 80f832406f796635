import { getEventListeners, getMaxListeners, once } from 'node:events';
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

describe('a signal that a connector has for all its calls', () => {
  const answer = async (): Promise<Response> => new Response('answer');
  const fault = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
  const nothing = async (): Promise<Response> => new Response(null, { status: 204 });
  const callMany = (send: typeof fetch, signal: AbortSignal) =>
    Promise.allSettled(Array.from({ length: 16 }, () => send(url, { redirect: 'manual', signal })));

  test.each([
    ['failed', fault],
    ['had no body', nothing],
  ])('is left alone by calls that %s', async (_, real) => {
    const { signal } = new AbortController();
    await callMany(fetchSwitch(real, 50_000).fetch, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('is listened to until the limit, while an answer may still be read, and no longer', async () => {
    const { signal } = new AbortController();
    await callMany(fetchSwitch(answer, 100).fetch, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(16);
    while (getEventListeners(signal, 'abort').length > 0) await new Promise(setImmediate);
  });

  test('ends a call also while its answer is read', async () => {
    const own = new AbortController();
    let given: AbortSignal | null | undefined;
    const real: typeof fetch = async (_, init) => {
      given = init?.signal;
      return new Response('answer');
    };
    await fetchSwitch(real, 50_000).fetch(url, { signal: own.signal });
    own.abort(new Error('enough'));
    expect(given?.reason).toEqual(new Error('enough'));
  });

  test.each([undefined, 50_000])('may have any number of them at once, with a limit of %s', async (limit) => {
    const { signal } = new AbortController();
    await callMany(fetchSwitch(answer, limit).fetch, signal);
    // Beyond it, Node warns of a leak.
    expect(getMaxListeners(signal)).toBe(Number.POSITIVE_INFINITY);
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
