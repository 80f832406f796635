import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Response } from 'express';

import { readCookie } from '../server/index.js';

const limit = 5_000;
const lifeSeconds = 365 * 86_400;

interface Session {
  readonly memberId: number;
  /** First part of the id, readable by scripts; enough for embedded comments. */
  readonly weakId: string;
  /** HttpOnly part. */
  readonly strongId: string;
  readonly xsrfToken: string;
}

/** Who is logged in, and how that was found out. */
export interface LoggedIn {
  readonly memberId: number;
  readonly weakId: string;
  readonly xsrfToken: string;
}

/**
 * Talkyard's sessions: in cookies of four names for its own pages, in a header for embedded comments, whose cookies
 * browsers block.
 */
export class TalkyardSessions {
  readonly #sessions = new Map<string, Session>();
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(serverOrigin: string) {
    const secure = serverOrigin.startsWith('https:');
    this.#prefix = secure ? '__Host-' : '';
    this.#attributes = `Path=/; Max-Age=${lifeSeconds}${secure ? '; Secure' : ''}`;
  }

  start(memberId: number): LoggedIn {
    for (const weakId of this.#sessions.keys()) {
      if (this.#sessions.size < limit) break;
      this.#sessions.delete(weakId);
    }
    const session = { memberId, weakId: random(), strongId: random(), xsrfToken: random() };
    this.#sessions.set(session.weakId, session);
    return session;
  }

  /** Starts a session in this browser, in place of the one it may have. */
  startInBrowser(memberId: number, request: IncomingMessage, response: Response): LoggedIn {
    this.end(this.read(request));
    const started = this.start(memberId);
    const session = this.#sessions.get(started.weakId);
    const name = (part: string) => `${this.#prefix}TyCo${part}`;
    response.append('Set-Cookie', [
      `${name('Sid123')}=${started.weakId}; ${this.#attributes}; SameSite=Lax`,
      `${name('Sid4')}=${session?.strongId ?? ''}; ${this.#attributes}; HttpOnly; SameSite=Lax`,
      `${name('Sid5')}=${random()}; ${this.#attributes}; HttpOnly; SameSite=Strict`,
      `${name('Xsrf')}=${started.xsrfToken}; ${this.#attributes}; SameSite=Lax`,
    ]);
    return started;
  }

  /** By cookies, both of the parts that a link from elsewhere brings along; by header for embedded comments. */
  read(request: IncomingMessage): LoggedIn | undefined {
    const header = request.headers['x-ty-sid'];
    if (typeof header === 'string') return this.#sessions.get(header);
    const session = this.#sessions.get(readCookie(request, `${this.#prefix}TyCoSid123`) ?? '');
    const strongId = readCookie(request, `${this.#prefix}TyCoSid4`) ?? '';
    return session !== undefined && sameText(session.strongId, strongId) ? session : undefined;
  }

  end(session: LoggedIn | undefined): void {
    if (session !== undefined) this.#sessions.delete(session.weakId);
  }

  /** Ends the session and takes the cookies back. */
  endInBrowser(request: IncomingMessage, response: Response): void {
    this.end(this.read(request));
    const attributes = this.#attributes.replace(/Max-Age=\d+/, 'Max-Age=0');
    response.append(
      'Set-Cookie',
      ['Sid123', 'Sid4', 'Sid5', 'Xsrf'].map((part) => `${this.#prefix}TyCo${part}=; ${attributes}`),
    );
  }
}

function random(): string {
  return randomBytes(20).toString('base64url');
}

function sameText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
