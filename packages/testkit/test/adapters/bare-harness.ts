import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ForumSso, SiteSession, SsoReply, SsoRequest } from '@forum-sso/core';
import { addHeaders, nodeRequest, type PageForum, siteSessions, writeReply } from '@forum-sso/core/node';

import type { AdapterHarness, SiteSetUp } from '../../src/harness.js';
import { listenOnFreePort } from '../../src/http/listen.js';
import type { HeaderLine } from '../../src/http/reply.js';
import { callbacksOf, nodeContact } from '../../src/site/own-session.js';
import { faultPage, missingPage, type PageAnswer, pagesPath, testPages } from '../../src/site/pages.js';

interface Contact {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

/** The steps of an adapter, each of which a broken one does wrong. */
export interface AdapterSteps {
  /** From Node's message to the engine's request. */
  request(message: IncomingMessage, site: SiteSetUp): SsoRequest;
  /** The session that the engine is given. */
  session(given: SiteSession | undefined, contact: Contact): SiteSession | undefined;
  /** Asks the engine. */
  handle(sso: ForumSso, request: SsoRequest, session: SiteSession | undefined): Promise<SsoReply | null>;
  /** Puts a reply on the wire. */
  write(response: ServerResponse, reply: SsoReply): void;
  /** Puts the headers of a page visit on the page. */
  addHeaders(response: ServerResponse, headers: readonly HeaderLine[]): void;
  /** Whether the reply of a visit is sent instead of the page. */
  sendsVisitReply: boolean;
  /** What the page is given. */
  forum(forum: PageForum): PageForum;
  /** What the guard sends to an anonymous visitor; null lets them through. */
  guard(forum: PageForum, message: IncomingMessage): SsoReply | null;
  /** What becomes of errors. */
  fault(error: unknown): PageAnswer;
}

/** The steps as they should be. */
export const soundSteps: AdapterSteps = {
  request: (message, { bodySeconds }) => nodeRequest(message, message.url ?? '', { bodySeconds }),
  session: (given) => given,
  handle: (sso, request, session) => sso.handle(request, session),
  write: writeReply,
  addHeaders,
  sendsVisitReply: true,
  forum: (forum) => forum,
  guard: (forum) => forum.signInReply(),
  fault: faultPage,
};

/** An adapter for Node's own server, made of the given steps. */
export function bareHarness(name: string, steps: AdapterSteps = soundSteps): AdapterHarness {
  return {
    name,
    start: (build, site) =>
      listenOnFreePort((origin) => {
        const sso = build(origin);
        const sessionOf = siteSessions(
          callbacksOf<Contact>(site.ownSession, ({ message, response }) => nodeContact(message, response)),
        );
        return (message, response) => {
          answer(sso, site, steps, sessionOf({ message, response }), message, response).catch((error) => {
            if (!response.headersSent) writePage(response, steps.fault(error));
          });
        };
      }),
  };
}

async function answer(
  sso: ForumSso,
  site: SiteSetUp,
  steps: AdapterSteps,
  given: SiteSession | undefined,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of site.appHeaders ?? []) response.appendHeader(name, value);
  if (site.parser !== undefined) await parseJson(message, site.parser);

  const target = message.url ?? '';
  const mount = site.mountPath ?? '';
  const session = steps.session(given, { message, response });
  if (mount === '' || target === mount || target.startsWith(`${mount}/`)) {
    const reply = await steps.handle(sso, steps.request(message, site), session);
    if (reply !== null) {
      steps.write(response, reply);
      return;
    }
  }
  await answerPage(sso, site, steps, session, message, response);
}

async function answerPage(
  sso: ForumSso,
  site: SiteSetUp,
  steps: AdapterSteps,
  session: SiteSession | undefined,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const visit = await sso.visit(steps.request(message, site), session);
  steps.addHeaders(response, visit.headers);
  if (visit.reply !== null && steps.sendsVisitReply) {
    steps.write(response, visit.reply);
    return;
  }
  let { user } = visit;
  const forum = steps.forum({
    get user() {
      return user;
    },
    async signIn(person) {
      steps.addHeaders(response, await visit.signIn(person));
      user = person;
    },
    async signOut() {
      steps.addHeaders(response, await visit.signOut());
      user = null;
    },
    signInReply: () => visit.signInReply(),
  });

  const [path = '', search] = (message.url ?? '').split(/(?=\?)/);
  const method = message.method === 'HEAD' ? 'GET' : message.method;
  const page = testPages.find((one) => one.method === method && path === pagesPath + one.path);
  if ((site.guardAll === true || page?.membersOnly === true) && forum.user === null) {
    const reply = steps.guard(forum, message);
    if (reply !== null) {
      steps.write(response, reply);
      return;
    }
  }
  writePage(response, page === undefined ? missingPage : await page.answer(forum, search ?? ''));
}

function writePage(response: ServerResponse, { status, headers, body }: PageAnswer): void {
  response.statusCode = status;
  for (const [name, value] of headers) response.appendHeader(name, value);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

/** As an application's JSON parser does: reads what says it is JSON, and keeps the bytes if it is told to. */
async function parseJson(message: IncomingMessage, parser: 'json' | 'kept'): Promise<void> {
  if (message.headers['content-type'] !== 'application/json') return;
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  Object.assign(message, {
    body: JSON.parse(bytes.toString()),
    ...(parser === 'kept' ? { rawBody: bytes } : {}),
  });
}
