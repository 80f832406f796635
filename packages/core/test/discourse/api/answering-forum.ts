import { createServer, type IncomingMessage, type Server } from 'node:http';

export interface Answer {
  readonly status: number;
  /** A text as it is, all else as JSON; left out: `{}`. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What real forums say of an address that is not there, or not for the caller. */
export const notFound: Answer = { status: 404, body: { errors: [], error_type: 'not_found' } };

/** A forum that answers as it is told and notes what it was asked. */
export class AnsweringForum {
  readonly calls: Call[] = [];
  /** How many connections were made to it. */
  connections = 0;
  /** By method and path. Of a list the first is used up, the last stays. What is not here is not found. */
  answers: Record<string, Answer | Answer[]>;
  url = '';
  readonly #server: Server;

  private constructor(answers: Record<string, Answer | Answer[]>) {
    this.answers = answers;
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const line = `${request.method} ${request.url}`;
      this.calls.push({ line, headers: request.headers, body });
      const { status, body: text = {}, headers } = this.#answerTo(line);
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(typeof text === 'string' ? text : JSON.stringify(text));
    });
    this.#server.on('connection', () => this.connections++);
  }

  static async start(answers: Record<string, Answer | Answer[]> = {}): Promise<AnsweringForum> {
    const forum = new AnsweringForum(answers);
    await new Promise<void>((resolve) => forum.#server.listen(0, '127.0.0.1', resolve));
    const address = forum.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    forum.url = `http://127.0.0.1:${address.port}`;
    return forum;
  }

  lines(): string[] {
    return this.calls.map(({ line }) => line);
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve).closeAllConnections());
  }

  #answerTo(line: string): Answer {
    const planned = this.answers[line];
    const answer = Array.isArray(planned) ? (planned.length > 1 ? planned.shift() : planned[0]) : planned;
    return answer ?? notFound;
  }
}
