import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Largest answer that is read, in bytes; the connectors take no more either. */
const answerLimit = 1_048_576;

/**
 * A `fetch` for many small calls of one community: over Node's own `http`, whose connections stay open. Half the cost of
 * the global one. It does what the connectors need: methods, headers and bodies as text, signals, no redirects.
 *
 * @param connections most at the same time
 */
export function httpFetch(connections: number): { readonly fetch: typeof fetch; close(): void } {
  const options = { keepAlive: true, maxSockets: connections };
  const plain = new HttpAgent(options);
  const secure = new HttpsAgent(options);
  return {
    fetch: (input, init) => {
      const { method = 'GET', headers: given, body = '', signal, redirect } = init ?? {};
      const headers = plainHeaders(given);
      const isUsual = typeof input === 'string' && typeof body === 'string' && redirect === 'manual';
      // Anything else is left to the one that knows everything.
      if (!isUsual || headers === null) return fetch(input, init);
      const agents = { plain, secure };
      return exchange(new URL(input), { method, headers, body, signal: signal ?? undefined, agents });
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

interface Exchange {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly signal: AbortSignal | undefined;
  readonly agents: { readonly plain: HttpAgent; readonly secure: HttpsAgent };
}

function exchange(url: URL, { method, headers, body, signal, agents }: Exchange): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    if (body !== '') headers['Content-Length'] = String(Buffer.byteLength(body));
    const isSecure = url.protocol === 'https:';
    const call = isSecure
      ? httpsRequest(url, { method, headers, agent: agents.secure })
      : httpRequest(url, { method, headers, agent: agents.plain });
    const abort = (): void => {
      call.destroy();
      reject(signal?.reason);
    };
    const over = (): void => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    call.on('error', (error) => {
      over();
      reject(error);
    });
    call.on('response', (message) => {
      collect(message)
        .then((content) => resolve(responseOf(message, content)))
        .catch(reject)
        .finally(over);
    });
    call.end(body);
  });
}

function collect(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      // One piece too many is enough for the connector to see that it is too large.
      if (size > answerLimit) message.destroy();
    });
    message.on('end', () => resolve(Buffer.concat(chunks, size)));
    message.on('error', reject);
    message.on('close', () => {
      if (size > answerLimit) resolve(Buffer.concat(chunks, size));
      else if (!message.complete) reject(new Error('The connection broke off within the answer.'));
    });
  });
}

function responseOf({ statusCode = 0, rawHeaders }: IncomingMessage, content: Buffer): Response {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  }
  // These have no body by definition, and `Response` insists on it.
  const hasBody = statusCode !== 204 && statusCode !== 205 && statusCode !== 304;
  return new Response(hasBody ? content : null, { status: statusCode, headers });
}

/** A copy of headers that came as an object of texts; null for all others. */
function plainHeaders(headers: RequestInit['headers']): Record<string, string> | null {
  if (headers === undefined) return {};
  if (headers instanceof Headers || Array.isArray(headers)) return null;
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') return null;
    copy[name] = value;
  }
  return copy;
}
