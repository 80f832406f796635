import { type ClientRequest, createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of a forum that lets a share of the calls fail, each in one of several ways. */
export interface FaultyProxy {
  readonly url: string;
  /** Calls that arrived. */
  calls(): number;
  /** How often the forum took each person, by the site's id. */
  readonly taken: ReadonlyMap<string, number>;
  /** What was done instead of passing a call on. */
  readonly faults: Readonly<Record<Fault, number>>;
  /** Runs after each call that the forum has taken. */
  onTaken: (total: number) => void;
  close(): Promise<void>;
}

export type Fault = 'json429' | 'text429' | 'error500' | 'reset' | 'silence';

/** Out of a thousand calls. */
export type FaultShares = Readonly<Partial<Record<Fault, number>>>;

/**
 * @param target origin of the forum
 * @param random at least 0, less than 1
 */
export async function startFaultyProxy(
  target: string,
  shares: FaultShares = {},
  random: () => number = Math.random,
): Promise<FaultyProxy> {
  const taken = new Map<string, number>();
  const faults = { json429: 0, text429: 0, error500: 0, reset: 0, silence: 0 };
  const upstream = new Set<ClientRequest>();
  let calls = 0;
  let total = 0;
  const proxy = {
    url: '',
    calls: () => calls,
    taken,
    faults,
    onTaken: (_total: number): void => {},
    close: (): Promise<void> =>
      new Promise((resolve) => {
        for (const call of upstream) call.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server: Server = createServer((incoming, outgoing) => {
    calls++;
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const fault = pick(shares, random());
      if (fault !== null) {
        faults[fault]++;
        fail(fault, outgoing);
        return;
      }
      const body = Buffer.concat(chunks);
      const call = request(
        new URL(incoming.url ?? '/', target),
        { method: incoming.method ?? 'GET', headers: { ...incoming.headers, host: new URL(target).host } },
        (answer) => {
          upstream.delete(call);
          if (answer.statusCode === 200) {
            const id = externalId(body);
            taken.set(id, (taken.get(id) ?? 0) + 1);
            proxy.onTaken(++total);
          }
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      upstream.add(call);
      call.on('error', () => outgoing.destroy());
      call.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  proxy.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return proxy;
}

function pick(shares: FaultShares, dice: number): Fault | null {
  let sum = 0;
  for (const fault of ['json429', 'text429', 'error500', 'reset', 'silence'] as const) {
    sum += (shares[fault] ?? 0) / 1_000;
    if (dice < sum) return fault;
  }
  return null;
}

function fail(fault: Fault, response: ServerResponse): void {
  switch (fault) {
    case 'json429':
      response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': '0' });
      response.end(
        JSON.stringify({ errors: ['Slow down.'], error_type: 'rate_limit', extras: { wait_seconds: 0 } }),
      );
      break;
    case 'text429':
      response.writeHead(429, { 'Content-Type': 'text/plain', 'Retry-After': '0' }).end('Slow down.');
      break;
    case 'error500':
      response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Oops</h1>');
      break;
    case 'reset':
      response.socket?.resetAndDestroy();
      break;
    case 'silence':
      // Nothing more happens until the caller gives up.
      break;
  }
}

/** The site's id in a posted message. */
function externalId(body: Buffer): string {
  const sso = new URLSearchParams(body.toString('latin1')).get('sso') ?? '';
  return new URLSearchParams(Buffer.from(sso, 'base64').toString('utf8')).get('external_id') ?? '';
}
