import { createRequire } from 'node:module';

import { createForumSso, type ForumSso, isForumSsoError } from '@forum-sso/core';
import { listenOnFreePort, probe, type RunningSite, sendRequest, testKeys } from '@forum-sso/testkit';
import { afterEach, describe, expect, test } from '@jest/globals';
import express, { type ErrorRequestHandler, type Express } from 'express';
import express4 from 'express4';

import { forumSsoRouter, forumSsoSession, requireForumUser } from '../src/index.js';

const sso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys: testKeys,
  connectors: [probe()],
});

let site: RunningSite | undefined;
afterEach(async () => {
  await site?.close();
  site = undefined;
});

/** Starts an application and gives the answer to one request. */
async function answerOf(app: Express, target: string) {
  site = await listenOnFreePort(() => app);
  return sendRequest({ origin: site.origin, target });
}

function codeThrownBy(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isForumSsoError(error)) return error.code;
  }
  throw new Error('no ForumSsoError was thrown');
}

test('the two versions under test are 5 and 4', () => {
  const resolve = createRequire(import.meta.url);
  const versions = ['express', 'express4'].map((name): unknown => resolve(`${name}/package.json`).version);
  expect(versions).toEqual([expect.stringMatching(/^5\./), expect.stringMatching(/^4\.2[1-9]\./)]);
});

describe('callbacks that are no session', () => {
  test.each([
    ['the router', forumSsoRouter],
    ['the page middleware', forumSsoSession],
  ])('are refused at start by %s', (_, make) => {
    expect(codeThrownBy(() => make(sso, { signIn: () => {} }))).toBe('ERR_OPTIONS_INVALID');
    expect(() => make(sso, { currentUser: () => null })).not.toThrow();
    expect(() => make(sso)).not.toThrow();
  });
});

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_, framework) => {
  test('requireForumUser without the page middleware says what is missing', async () => {
    const errors: unknown[] = [];
    const onError: ErrorRequestHandler = (error, _req, res, _next) => {
      errors.push(error);
      res.sendStatus(500);
    };
    const app = framework().use(requireForumUser(), onError);
    expect((await answerOf(app, '/')).status).toBe(500);
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        detail: expect.stringContaining('forumSsoSession'),
      }),
    ]);
  });

  test('an error has the status that Express answers with by itself', async () => {
    const app = framework();
    app.set('env', 'test');
    app.use(
      forumSsoSession(sso, {
        currentUser: () => {
          throw new Error('database');
        },
      }),
    );
    expect((await answerOf(app, '/')).status).toBe(503);
  });

  test('a fault while the reply is written goes to the error handler, once', async () => {
    const unwritable: ForumSso = {
      ...sso,
      handle: async () => ({ status: 200, headers: [['X-Broken', 'line\nbreak']] }),
    };
    let calls = 0;
    const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
      calls++;
      res.sendStatus(500);
    };
    const app = framework().use(forumSsoRouter(unwritable), onError);
    expect((await answerOf(app, '/')).status).toBe(500);
    expect(calls).toBe(1);
  });

  test('guards single routes, too', async () => {
    const app = framework();
    app.get('/members', forumSsoSession(sso), requireForumUser(), (req, res) => {
      res.json(req.forum.user?.id ?? null);
    });
    expect((await answerOf(app, '/members')).json()).toMatchObject({ error: 'ERR_SIGN_IN_REQUIRED' });
  });

  test('works below several mount points at once', async () => {
    const inner = framework.Router().use('/sso', forumSsoRouter(sso));
    const app = framework().use('/', inner);
    const answer = await answerOf(app, '/sso/probe/request?a=1');
    expect(answer.json()).toMatchObject({ url: '/sso/probe/request?a=1' });
  });
});
