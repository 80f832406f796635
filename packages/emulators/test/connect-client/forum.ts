import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

/** A call that the client made to the forum's API. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Fields = Readonly<Record<string, string>>;

/** A forum by hand, as far as clients see one: its signatures, and an API that answers what a test wants. */
export class Forum {
  readonly calls: Call[] = [];
  /** What the API answers; asked for each call. */
  answer: (call: Call) => { readonly status: number; readonly body: string } = () => ({
    status: 200,
    body: '{"success":"OK"}',
  });
  url = '';
  readonly #secret: string;
  readonly #server: Server;

  private constructor(secret: string) {
    this.#secret = secret;
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const call: Call = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
      };
      this.calls.push(call);
      const { status, body: text } = this.answer(call);
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    });
  }

  static async start(secret: string): Promise<Forum> {
    const forum = new Forum(secret);
    await new Promise<void>((resolve) => forum.#server.listen(0, '127.0.0.1', resolve));
    const address = forum.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    forum.url = `http://127.0.0.1:${address.port}`;
    return forum;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The fields of a client's question, in its order, after checking where it goes and its signature. */
  question(location: string): ReadonlyMap<string, string> {
    if (!location.startsWith(`${this.url}/session/sso_provider?`))
      throw new Error(`It leads to ${location.slice(0, 80)}.`);
    const { sso = '', sig } = Object.fromEntries(new URL(location).searchParams);
    if (sig !== this.#sign(sso)) throw new Error('The signature is wrong.');
    return new Map(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
  }

  /** The address with an answer to a question: nonce and return address, and whatever else. */
  answerTo(question: ReadonlyMap<string, string>, fields: Fields): string {
    const returnUrl = question.get('return_sso_url') ?? '';
    return this.addressWith(returnUrl, {
      nonce: question.get('nonce') ?? '',
      return_sso_url: returnUrl,
      ...fields,
    });
  }

  addressWith(returnUrl: string, fields: Fields): string {
    const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
    return this.addressOf(returnUrl, sso);
  }

  /** With base64 of the test's own. */
  addressOf(returnUrl: string, sso: string): string {
    const query = `sso=${encodeURIComponent(sso)}&sig=${this.#sign(sso)}`;
    return `${returnUrl}${returnUrl.includes('?') ? '&' : '?'}${query}`;
  }

  #sign(sso: string): string {
    return createHmac('sha256', this.#secret).update(sso).digest('hex');
  }
}

/** Headers of a webhook, signed. */
export function webhookHeaders(
  body: string,
  secret: string,
  { type = 'user', event = 'user_updated', id = '7' } = {},
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-discourse-event-type': type,
    'x-discourse-event': event,
    'x-discourse-event-id': id,
    'x-discourse-event-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
}
