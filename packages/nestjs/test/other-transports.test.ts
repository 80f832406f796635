import 'reflect-metadata';

import { createForumSso, isForumSsoError } from '@forum-sso/core';
import { nodeRequest } from '@forum-sso/core/node';
import { listenOnFreePort, people, sendRequest } from '@forum-sso/testkit';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type CanActivate,
  type ExecutionContext,
  Injectable,
  Logger,
  UnauthorizedException,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';

import {
  ForumGroups,
  ForumGroupsGuard,
  ForumPages,
  type ForumRequest,
  ForumSsoExceptionFilter,
  ForumUser,
  ForumUserGuard,
} from '../src/index.js';
import { DiscourseAuthGuard } from '../src/passport/index.js';
import { engineOptions } from './applications.js';

class Gateway {
  @ForumGroups('staff')
  message(@ForumUser() _user: unknown): void {}
}

/** What a handler outside controllers is called with. */
function contextOf(type: string, args: unknown[]): ExecutionContext {
  const context = new ExecutionContextHost(args, Gateway, Gateway.prototype.message);
  context.setType(type);
  return context;
}

/** The parameter decorator, as Nest calls it. */
function forumUserOf(context: ExecutionContext): unknown {
  const parameters: Readonly<
    Record<string, { factory: (data: unknown, context: ExecutionContext) => unknown }>
  > = Reflect.getMetadata(ROUTE_ARGS_METADATA, Gateway, 'message');
  const [parameter] = Object.values(parameters);
  if (parameter === undefined) throw new Error('The handler has no parameter.');
  return parameter.factory(undefined, context);
}

const forum = (user: typeof people.alice | typeof people.bob | null) => ({
  user,
  signIn: async () => {},
  signOut: async () => {},
  signInReply: () => ({ status: 401, headers: [] }),
});
const request = (user: Parameters<typeof forum>[0]): ForumRequest => ({ headers: {}, forum: forum(user) });

const logged: unknown[] = [];
beforeEach(() => {
  jest.spyOn(Logger.prototype, 'error').mockImplementation((message: unknown) => {
    logged.push(message);
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  logged.length = 0;
});

const guards: readonly [string, () => CanActivate][] = [
  ['ForumUserGuard', () => new ForumUserGuard()],
  ['ForumGroupsGuard', () => new ForumGroupsGuard()],
  ['DiscourseAuthGuard', () => new DiscourseAuthGuard()],
];
const places: readonly [string, unknown[]][] = [
  ['ws', [{ handshake: {} }, { data: 1 }]],
  ['rpc', [{ data: 1 }, {}]],
  ['rpc', []],
  ['graphql', [null, {}, {}, {}]],
  ['graphql', [null, {}, undefined, {}]],
  ['something-new', []],
];

describe.each(guards)('%s', (name, make) => {
  test.each(places)('lets nobody in at "%s" %j, and the log says why', async (type, args) => {
    expect(await make().canActivate(contextOf(type, args))).toBe(false);
    expect(logged).toEqual([expect.stringContaining(`${name} stands before Gateway.message`)]);
    expect(logged[0]).toContain('override getRequest(context)');
  });
});

test('a guard explains itself once', async () => {
  const guard = new ForumUserGuard();
  for (let i = 0; i < 3; i++) await guard.canActivate(contextOf('ws', []));
  expect(logged).toHaveLength(1);
});

describe('GraphQL resolvers', () => {
  test.each(['req', 'request'])('have the request in their context as "%s"', async (key) => {
    const context = (user: Parameters<typeof forum>[0]) =>
      contextOf('graphql', [null, {}, { [key]: request(user) }, {}]);
    expect(await new ForumUserGuard().canActivate(context(people.bob))).toBe(true);
    expect(await new ForumGroupsGuard().canActivate(context(people.alice))).toBe(true);
    expect(forumUserOf(context(people.bob))).toBe(people.bob);
    expect(forumUserOf(context(null))).toBeNull();
    const stranger: unknown = await new ForumUserGuard()
      .canActivate(context(null))
      .catch((error: unknown) => error);
    expect(stranger).toBeInstanceOf(UnauthorizedException);
    await expect(new ForumGroupsGuard().canActivate(context(people.bob))).rejects.toThrow('certain groups');
  });

  test('without a request, @ForumUser() says what is missing', () => {
    for (const context of [
      contextOf('graphql', [null, {}, {}, {}]),
      contextOf('ws', [{}, {}]),
      contextOf('rpc', []),
    ]) {
      try {
        forumUserOf(context);
        throw new Error('It found somebody.');
      } catch (error) {
        expect(isForumSsoError(error) && error.detail).toContain('@ForumUser()');
      }
    }
  });
});

describe('a guard that says where the request is', () => {
  const sso = createForumSso(engineOptions({ baseUrl: 'http://127.0.0.1:1/sso' }));

  @Injectable()
  class SocketGuard extends ForumUserGuard {
    protected override getRequest(context: ExecutionContext): ForumRequest {
      return context.switchToWs().getClient<{ request: ForumRequest }>().request;
    }
  }

  test("finds the person behind a socket's upgrade request, and turns strangers away in its own way", async () => {
    const pages = new ForumPages(sso, engineOptions());
    const outcomes: unknown[] = [];
    const site = await listenOnFreePort(() => (message, response) => {
      const answer = async (): Promise<void> => {
        if (message.url === '/in') {
          const visit = await sso.visit(nodeRequest(message, '/in'));
          for (const [header, value] of await visit.signIn(people.bob)) response.appendHeader(header, value);
        } else {
          const context = contextOf('ws', [{ request: message }, {}]);
          outcomes.push(await new SocketGuard(pages).canActivate(context));
          outcomes.push(await new SocketGuard(pages).canActivate(contextOf('rpc', [{ request: message }])));
        }
        response.end();
      };
      void answer();
    });
    try {
      const { origin } = site;
      const signedIn = await sendRequest({ origin, target: '/in' });
      const cookie = signedIn.header('set-cookie')?.split(';')[0] ?? '';
      await sendRequest({ origin, target: '/socket', headers: [['Cookie', cookie]] });
      await sendRequest({ origin, target: '/socket' });
    } finally {
      await site.close();
    }
    expect(outcomes).toEqual([true, true, false, false]);
  });

  test('is told when that is no request', async () => {
    const pages = new ForumPages(sso, engineOptions());
    const guard = new SocketGuard(pages);
    const context = contextOf('ws', [{ request: { headers: {} } }, {}]);
    await expect(guard.canActivate(context)).rejects.toThrow(/ERR_OPTIONS_INVALID.*getRequest/);
  });

  test('cannot sign anybody in where there is no answer', async () => {
    const pages = new ForumPages(sso, engineOptions());
    const errors: unknown[] = [];
    const site = await listenOnFreePort(() => (message, response) => {
      const answer = async (): Promise<void> => {
        const opened = await pages.open(message);
        await opened.signIn(people.bob).catch((error: unknown) => errors.push(error));
        errors.push((await pages.open(message)) === opened);
        response.end();
      };
      void answer();
    });
    await sendRequest({ origin: site.origin, target: '/' });
    await site.close();
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_OPTIONS_INVALID' }), true]);
  });
});

test('the filter leaves other transports their own way', () => {
  const filter = new ForumSsoExceptionFilter();
  const exception = new UnauthorizedException();
  expect(filter.catch(exception, contextOf('rpc', []))).toBe(exception);
  expect(filter.catch(exception, contextOf('graphql', []))).toBe(exception);
});
