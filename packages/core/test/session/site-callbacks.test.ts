import { describe, expect, jest, test } from '@jest/globals';

import { isForumSsoError, type SiteUser } from '../../src/index.js';
import { siteSessions } from '../../src/session/site-callbacks.js';

const alice: SiteUser = { id: '1', email: 'alice@example.com', emailVerified: true };
const context = { request: 'one' };

function thrownBy(call: () => unknown): { code: string; problems: readonly string[] } {
  try {
    call();
  } catch (error) {
    if (isForumSsoError(error)) return { code: error.code, problems: error.problems };
  }
  throw new Error('no ForumSsoError was thrown');
}

describe('siteSessions', () => {
  test('stands for the built-in session when nothing is given', () => {
    expect(siteSessions()(context)).toBeUndefined();
    expect(siteSessions({})(context)).toBeUndefined();
    expect(siteSessions({ currentUser: undefined })(context)).toBeUndefined();
  });

  test("hands the framework's context to the callbacks", async () => {
    const callbacks = {
      currentUser: jest.fn((_: object) => alice),
      signIn: jest.fn(async (_: object, __: SiteUser) => {}),
      signOut: jest.fn((_: object) => {}),
    };
    const session = siteSessions<object>(callbacks)(context);
    expect(await session?.currentUser()).toBe(alice);
    await session?.signIn(alice);
    await session?.signOut();
    expect(callbacks.currentUser.mock.calls).toEqual([[context]]);
    expect(callbacks.signIn.mock.calls).toEqual([[context, alice]]);
    expect(callbacks.signOut.mock.calls).toEqual([[context]]);
  });

  test('reads the person afresh each time', async () => {
    const answers = [alice, null, undefined];
    const session = siteSessions({ currentUser: async () => answers.shift() })(context);
    expect(await session?.currentUser()).toBe(alice);
    expect(await session?.currentUser()).toBeNull();
    expect(await session?.currentUser()).toBeNull();
  });

  test('lets the errors of the callbacks through', async () => {
    const fault = new Error('database');
    const session = siteSessions({
      currentUser: () => {
        throw fault;
      },
    })(context);
    await expect(session?.currentUser()).rejects.toBe(fault);
  });

  test.each(['signIn', 'signOut'] as const)('says what to give when %s is missing', async (name) => {
    const session = siteSessions({ currentUser: () => null })(context);
    const call = name === 'signIn' ? session?.signIn(alice) : session?.signOut();
    await expect(call).rejects.toMatchObject({
      code: 'ERR_OPTIONS_INVALID',
      detail: expect.stringContaining(`no ${name} callback`),
    });
  });

  test.each([{ signIn: () => {} }, { signOut: () => {} }])(
    'does not start without currentUser when others are given (%j)',
    (callbacks) => {
      const { code, problems } = thrownBy(() => siteSessions(callbacks));
      expect(code).toBe('ERR_OPTIONS_INVALID');
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('currentUser is missing');
    },
  );

  test('names everything that is no function', () => {
    // As a site without a type checker would write it.
    const written: object = JSON.parse('{"currentUser":"alice","signIn":null}');
    const { code, problems } = thrownBy(() => siteSessions(written));
    expect(code).toBe('ERR_OPTIONS_INVALID');
    expect(problems).toEqual(['currentUser must be a function.', 'signIn must be a function.']);
  });
});
