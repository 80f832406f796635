import type { ConnectMessage } from '../protocol/fields.js';

/** One message that reached the forum, and what became of it: Discourse's verbose DiscourseConnect log. */
export interface JournalEntry {
  readonly at: Date;
  /** The route: `/session/sso_login`. */
  readonly route: string;
  readonly status: number;
  /**
   * `started`: a login request was sent out; `logged_in`; `refused`. As provider: `answered`; `login_asked`: the person
   * has to log in first; `second_factor_asked`; `logged_out`. Over the API: `synced`.
   */
  readonly outcome:
    | 'started'
    | 'logged_in'
    | 'refused'
    | 'answered'
    | 'login_asked'
    | 'second_factor_asked'
    | 'logged_out'
    | 'synced';
  /** Why it was refused, in words for the log only; empty otherwise. Never a secret or an expected signature. */
  readonly reason: string;
  /** Class of the exception behind a refusal, as Discourse names it. */
  readonly errorClass: string | null;
  /** Key of the text that the person saw, as in Discourse's translations. */
  readonly key: string | null;
  /** Where the browser was sent. */
  readonly location: string | null;
  readonly username: string | null;
  /** The decoded message, once it could be decoded; not trustworthy when it was refused for its signature. */
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly custom: Readonly<Record<string, unknown>> | null;
}

const limit = 200;

/** Keeps the last {@link JournalEntry} objects. */
export class Journal {
  readonly #entries: JournalEntry[] = [];
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Oldest first. */
  entries(): readonly JournalEntry[] {
    return [...this.#entries];
  }

  add(
    entry: Pick<JournalEntry, 'route' | 'status' | 'outcome'> & Partial<JournalEntry>,
    message?: ConnectMessage | undefined,
  ): void {
    this.#entries.push({
      reason: '',
      errorClass: null,
      key: null,
      location: null,
      username: null,
      fields: message === undefined ? null : printable(Object.entries(message.fields)),
      custom: message === undefined ? null : printable(message.custom),
      ...entry,
      at: this.#now(),
    });
    if (this.#entries.length > limit) this.#entries.shift();
  }
}

/** Bytes that are no text are shown as Latin-1. */
function printable(pairs: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const show = (value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  return Object.fromEntries(
    Array.from(pairs, ([key, value]) => [key, Array.isArray(value) ? value.map(show) : show(value)]),
  );
}
