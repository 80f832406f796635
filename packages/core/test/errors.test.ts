import { describe, expect, test } from '@jest/globals';

import {
  errorFrom,
  errorTable,
  ForumSsoError,
  isForumSsoError,
  refusal,
  refusalForThrown,
  refusalFrom,
} from '../src/errors.js';

describe('the table', () => {
  test.each(Object.entries(errorTable))('%s has a status of an error and a sentence', (code, row) => {
    expect(code).toMatch(/^ERR_[A-Z0-9]+(_[A-Z0-9]+)+$|^ERR_[A-Z]+$/);
    expect(row.status).toBeGreaterThanOrEqual(400);
    expect(row.status).toBeLessThan(600);
    expect(row.publicMessage).toMatch(/^[A-Z].{8,}\.$/);
    expect(Object.keys(row)).toEqual(['status', 'publicMessage']);
  });
});

describe('ForumSsoError', () => {
  test('carries what stands in the table, the detail and the cause', () => {
    const cause = new Error('lower');
    const error = new ForumSsoError('ERR_STORE_UNAVAILABLE', 'Redis is gone.', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'ForumSsoError',
      code: 'ERR_STORE_UNAVAILABLE',
      status: 503,
      publicMessage: errorTable.ERR_STORE_UNAVAILABLE.publicMessage,
      detail: 'Redis is gone.',
      problems: [],
      cause,
    });
    expect(error.message).toBe('ERR_STORE_UNAVAILABLE: Redis is gone.');
    expect(Object.hasOwn(new ForumSsoError('ERR_INTERNAL', 'x'), 'cause')).toBe(false);
  });

  test('is recognised by brand and code, of another copy of the package as well', () => {
    const copy = { [Symbol.for('@forum-sso/error')]: true, code: 'ERR_STORE_UNAVAILABLE', detail: 'x' };
    expect(isForumSsoError(copy)).toBe(true);
    expect(isForumSsoError(errorFrom(refusal('ERR_INTERNAL', 'x')))).toBe(true);
    for (const other of [
      new Error('x'),
      { code: 'ERR_INTERNAL' },
      { [Symbol.for('@forum-sso/error')]: true },
      { [Symbol.for('@forum-sso/error')]: true, code: 7 },
      'ERR_INTERNAL',
      null,
      undefined,
    ])
      expect(isForumSsoError(other)).toBe(false);
  });

  test('a code that only a later copy knows is a fault like any other', () => {
    const error: ForumSsoError = Reflect.construct(ForumSsoError, ['ERR_OF_LATER', 'Said by a store.']);
    expect(error).toMatchObject({
      code: 'ERR_OF_LATER',
      detail: 'Said by a store.',
      status: 500,
      publicMessage: errorTable.ERR_INTERNAL.publicMessage,
    });
    expect(Reflect.construct(ForumSsoError, ['toString', ''])).toMatchObject({ status: 500 });
  });
});

describe('an exception that becomes a refusal', () => {
  const cause = new Error('lower');

  test('keeps code, detail and cause, and comes back as it was', () => {
    const why = refusal('ERR_STORE_UNAVAILABLE', 'Redis is gone.', cause);
    expect(refusalFrom(errorFrom(why))).toStrictEqual(why);
    const plain = refusal('ERR_INTERNAL', 'x');
    expect(refusalFrom(errorFrom(plain))).toStrictEqual(plain);
  });

  test('gets the code that is given when it has none of ours, with what was thrown as its cause', () => {
    const ours = new ForumSsoError('ERR_STORE_UNAVAILABLE', 'Redis is gone.', { cause });
    const given = ['ERR_SITE_CALLBACK_FAILED', 'The callback failed.'] as const;
    expect(refusalForThrown(ours, ...given)).toStrictEqual(
      refusal('ERR_STORE_UNAVAILABLE', 'Redis is gone.', cause),
    );
    expect(refusalForThrown(cause, ...given)).toStrictEqual(refusal(...given, cause));
    expect(refusalForThrown(undefined, ...given)).toStrictEqual(refusal(...given));
  });
});
