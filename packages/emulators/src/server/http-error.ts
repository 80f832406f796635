/**
 * Ends a request with a status and a sentence that is shown to the caller. Throw it from any route; the server
 * answers with a page to browsers and with `{ "error": … }` to everybody else.
 */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}
