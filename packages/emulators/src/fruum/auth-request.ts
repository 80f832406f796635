import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What Fruum sent to the auth URL, and how that ended. */
export interface AuthRequestRecord {
  readonly method: 'POST';
  /** Path and query, exactly as configured. */
  readonly path: string;
  /** As sent, without `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The reply's status; absent while there is none. Fruum does not look at it. */
  status?: number;
  /** The reply's body; null when the connection failed; absent while there is none. */
  reply?: string | null;
}

/** Posts payloads as Fruum does. */
export interface AuthRequester {
  /**
   * The reply's body whatever its status, null when there is none. There is no time limit: a server that never answers
   * is waited for until {@link AuthRequester.abort}.
   */
  post(
    authUrl: string,
    payload: unknown,
    record: (record: AuthRequestRecord) => void,
  ): Promise<string | null>;
  /** Ends all requests under way. */
  abort(): void;
}

/** Makes an {@link AuthRequester}. Redirects are not followed, nothing is decompressed, certificates are checked. */
export function createAuthRequester(): AuthRequester {
  const abortion = new AbortController();
  // The header says keep-alive, but each request has a connection of its own.
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxFreeSockets: 0 }),
    https: new HttpsAgent({ keepAlive: true, maxFreeSockets: 0 }),
  };
  return {
    post: (authUrl, payload, record) =>
      new Promise((resolve) => {
        const url = readUrl(authUrl);
        if (url === undefined) {
          resolve(null);
          return;
        }
        const body = Buffer.from(JSON.stringify(payload));
        const secure = url.protocol === 'https:';
        const options = {
          method: 'POST',
          agent: secure ? agents.https : agents.http,
          signal: abortion.signal,
          headers: {
            accept: 'application/json',
            'content-type': 'application/json',
            'content-length': body.byteLength,
          },
        };
        const entry: AuthRequestRecord = {
          method: 'POST',
          path: url.pathname + url.search,
          headers: sentHeaders(url, body.byteLength),
          body: body.toString(),
        };
        record(entry);
        const finish = (reply: string | null): void => {
          entry.reply = reply;
          resolve(reply);
        };
        const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
          entry.status = response.statusCode ?? 0;
          const chunks: Uint8Array[] = [];
          response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
          response.on('end', () => finish(Buffer.concat(chunks).toString('utf8')));
          response.on('error', () => finish(null));
        });
        request.on('error', () => finish(null));
        request.end(body);
      }),
    abort: () => abortion.abort(),
  };
}

/** The URL, if a request can be made of it: http(s), name and password percent-encoded as they should be. */
function readUrl(authUrl: string): URL | undefined {
  try {
    const url = new URL(authUrl);
    decodeURIComponent(url.username + url.password);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Name and password of the URL become a header; the rest is always the same. */
function sentHeaders({ username, password }: URL, length: number): Record<string, string> {
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': String(length),
    ...(username === '' && password === ''
      ? {}
      : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    connection: 'keep-alive',
  };
}
