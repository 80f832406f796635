import { randomUUID } from 'node:crypto';

import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';

import { HttpError, readBody } from '../server/index.js';
import { type Authentication, authenticate } from './authenticate.js';
import { asCoralError, CoralError } from './coral-error.js';
import type { CoralState } from './coral-state.js';
import type { GraphContext } from './graph/context.js';
import { schema } from './graph/schema.js';
import { executeGraphql } from './graphql/execute.js';
import { persistedQueries } from './persisted-queries.js';
import { isObject } from './token/decode.js';

/** Largest query, in bytes. */
const queryLimit = 500_000;

/** Most that all headers of a request may come to, in bytes. */
const headerLimit = 16_384;

/** Coral's API: GraphQL and the log-out. */
export function mountApi(app: Express, state: CoralState): void {
  app.use(headerGate);
  app.use(['/api/graphql', '/api/auth'], crossOrigin(state));
  app.post(
    '/api/graphql',
    answering(async (request, response) => {
      const sender = authenticate(state, request, state.now());
      const operation = await readOperation(request);
      if (isRaw(operation) && !mayAskFreely(state, sender)) {
        throw new CoralError(
          'RAW_QUERY_NOT_AUTHORIZED',
          'Only administrators may send queries of their own.',
        );
      }
      const { status, body } = await executeGraphql<GraphContext>({
        schema,
        ...operation,
        context: contextOf(state, sender),
        describe: (error) => describe(error, response),
      });
      response.status(status).json(body);
    }),
  );
  app.delete(
    '/api/auth',
    answering((request, response) => {
      const now = state.now();
      const { revocable } = authenticate(state, request, now);
      if (revocable !== null) state.revocations.revoke(revocable.jti, revocable.expiresAt);
      response.status(204).end();
    }),
  );
}

/** Coral runs with Node's own limit for headers; the server under this emulator takes more. */
const headerGate: RequestHandler = (request, response, next) => {
  const length = request.rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
  if (length > headerLimit) response.status(431).set('Connection', 'close').end();
  else next();
};

interface Operation {
  readonly source: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
  readonly persisted: boolean;
}

async function readOperation(request: Request): Promise<Operation> {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(await readBody(request, queryLimit)).toString());
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new CoralError('VALIDATION', 'The body is not JSON.');
  }
  const { query, id, variables, operationName } = isObject(content) ? content : {};
  const rest = {
    variables: isObject(variables) ? variables : {},
    operationName: typeof operationName === 'string' ? operationName : undefined,
  };
  if (typeof query === 'string' && query !== '') return { source: query, persisted: false, ...rest };
  const stored =
    typeof id === 'string' && Object.hasOwn(persistedQueries, id) ? persistedQueries[id] : undefined;
  if (stored === undefined)
    throw new CoralError('PERSISTED_QUERY_NOT_FOUND', 'No query is stored under this id.');
  return { source: stored, persisted: true, ...rest };
}

function isRaw({ persisted }: Operation): boolean {
  return !persisted;
}

function mayAskFreely({ settings }: CoralState, { account }: Authentication): boolean {
  return settings.rawQueries === 'everybody' || account?.role === 'ADMIN';
}

function contextOf(state: CoralState, { account }: Authentication): GraphContext {
  const { accounts, settings, stories, installation, origin } = state;
  return { accounts, settings, stories, installation, origin, viewer: account, now: state.now() };
}

/** An error inside GraphQL's envelope. */
function describe(error: unknown, response: Response) {
  const { message, ...extensions } = asCoralError(error).body(traceOf(response));
  return { message, extensions };
}

/** A route whose errors are told in Coral's other envelope, the one outside GraphQL. */
function answering(handle: (request: Request, response: Response) => void | Promise<void>): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    const traceID = randomUUID();
    response.setHeader('X-Trace-ID', traceID);
    try {
      await handle(request, response);
    } catch (error) {
      if (error instanceof HttpError) {
        next(error);
        return;
      }
      const coral = asCoralError(error);
      response.status(coral.status).json({ error: coral.body(traceID), report: null });
    }
  };
}

function traceOf(response: Response): string {
  return String(response.getHeader('X-Trace-ID') ?? '');
}

/** Answers pages of other origins that were listed; for all others the browser keeps the answer to itself. */
function crossOrigin({ settings, origin: own }: CoralState): RequestHandler {
  return (request, response, next) => {
    const { origin } = request.headers;
    response.vary('Origin');
    if (origin !== undefined && (settings.allowedOrigins.has(origin) || origin === own)) {
      response.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-Coral-Client-ID',
        'Access-Control-Allow-Methods': 'POST, DELETE',
        'Access-Control-Expose-Headers': 'X-Trace-ID',
      });
    }
    if (request.method === 'OPTIONS') response.status(204).end();
    else next();
  };
}
