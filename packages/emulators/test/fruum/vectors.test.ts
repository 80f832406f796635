import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { type FruumConnection, type FruumEmulator, startFruumEmulator } from '../../src/fruum/index.js';
import { type AuthServer, startAuthServer } from './auth-server.js';

interface Step {
  readonly browserPayload: unknown;
  readonly browserPayloadSent?: boolean;
  readonly reply: {
    readonly status?: number;
    readonly contentType?: string | null;
    readonly body?: string;
    readonly reset?: boolean;
    readonly hang?: boolean;
  };
  readonly fruumRequests: readonly {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }[];
  readonly expected: {
    readonly outcome: string;
    readonly echoedToBrowser?: Readonly<Record<string, unknown>>;
  };
}
interface Vectors {
  readonly cases: readonly (Step & { readonly name: string })[];
  readonly sequences: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../testkit/vectors/fruum.json', import.meta.url), 'utf8'),
);

let site: AuthServer;
let fruum: FruumEmulator;

beforeEach(async () => {
  site = await startAuthServer();
  fruum = await startFruumEmulator();
});
afterEach(async () => {
  await fruum.close();
  await site.close();
});

async function run({
  browserPayload,
  browserPayloadSent,
  reply,
  fruumRequests,
  expected,
}: Step): Promise<void> {
  site.reply = reply;
  site.received.length = 0;
  const [request] = fruumRequests;
  fruum.updateForum('myforum', { authUrl: site.origin + (request?.path ?? '/fruum/auth') });

  const connecting = fruum.connect({
    app_id: 'myforum',
    ...(browserPayloadSent === false ? {} : { user: browserPayload }),
  });
  const silence = new Promise<'no-answer-within-2.5s'>((resolve) => {
    setTimeout(() => resolve('no-answer-within-2.5s'), 2_500).unref();
  });
  const connection: FruumConnection | null | string = await Promise.race([connecting, silence]);

  expect(site.received).toEqual(fruumRequests);
  // The emulator's own record is that of the endpoint.
  expect(
    fruum.authRequests
      .slice(-fruumRequests.length || fruum.authRequests.length)
      .map(({ method, path, headers, body }) => ({ method, path, headers, body })),
  ).toEqual(fruumRequests);
  if (connection === null || typeof connection === 'string') {
    expect(connection).toBe(expected.outcome);
    return;
  }
  expect(connection.outcome).toBe(expected.outcome);
  if (expected.echoedToBrowser !== undefined) {
    const { created, last_login, last_logout, ...echoed } = connection.user;
    expect([created, last_login, last_logout].map((time) => typeof time)).toEqual([
      'number',
      'number',
      'number',
    ]);
    expect(echoed).toEqual(expected.echoedToBrowser);
  }
  connection.disconnect();
}

test('the vectors are there', () => {
  expect(vectors.cases.length).toBeGreaterThanOrEqual(23);
  expect(vectors.sequences.length).toBeGreaterThanOrEqual(3);
});

describe('one connection', () => {
  test.each(vectors.cases.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) =>
    run(vector),
  );
});

describe('one connection after another', () => {
  test.each(vectors.sequences.map((vector) => [vector.name, vector] as const))(
    '%s',
    async (_name, { steps }) => {
      for (const step of steps) await run(step);
    },
  );
});
