import { createHmac } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { verifyWebhook } from '../../src/coral/index.js';
import { isForumSsoError } from '../../src/errors.js';
import { at, vectors } from './vectors.js';

const secret = `whsec_${'ab'.repeat(32)}`;
const other = `whsec_${'cd'.repeat(32)}`;
const event = {
  id: 'e-1',
  type: 'COMMENT_CREATED',
  data: { storyID: 's', siteID: 'site-1', commentID: 'c' },
  createdAt: '2025-06-15T15:06:40.000Z',
  tenantID: 'tenant-1',
  tenantDomain: 'coral.example.com',
};

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value, null, 2));

function sign(body: Uint8Array, ...secrets: string[]): string {
  return secrets.map((key) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`).join(',');
}

function codeOf(
  signature: string | undefined,
  body: Uint8Array,
  secrets: string | readonly string[] = secret,
): string {
  try {
    verifyWebhook({ headers: { 'x-coral-signature': signature }, body }, secrets);
    return 'fine';
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    for (const key of [secret, other]) expect(error.message).not.toContain(key);
    return error.code;
  }
}

describe('every recorded event', () => {
  test.each(vectors.webhooks)('$name', ({ secrets, headers, body, now }) => {
    const dated = secrets.map(({ secret: text, inactiveAt }) => ({
      secret: text,
      ...(inactiveAt === undefined ? {} : { inactiveAt: at(inactiveAt) }),
    }));
    const read = verifyWebhook({ headers, body: bytes(body) }, dated, { now: at(now) });
    const wire: unknown = JSON.parse(body);
    expect(wire).toMatchObject({ id: read.id, type: read.type, data: read.data, tenantID: read.tenantID });
    expect(read.createdAt).toEqual(new Date('2025-06-15T15:06:40.000Z'));
    // Each of the active secrets alone is enough, and no other.
    for (const { secret: text, inactiveAt } of secrets) {
      const active = inactiveAt === undefined || inactiveAt > now;
      const run = () => verifyWebhook({ headers: new Headers(headers), body: bytes(body) }, text);
      if (active) expect(run().id).toBe(read.id);
      else expect(run).toThrow('ERR_CORAL_WEBHOOK_SIGNATURE_INVALID');
    }
  });

  test('a secret that is over no longer counts', () => {
    const body = bytes(event);
    const headers = { 'X-Coral-Signature': sign(body, secret) };
    const until = { secret, inactiveAt: at(1_000) };
    expect(verifyWebhook({ headers, body }, until, { now: at(999) }).id).toBe('e-1');
    expect(() => verifyWebhook({ headers, body }, until, { now: at(1_000) })).toThrow('SIGNATURE_INVALID');
  });
});

describe('the signature', () => {
  const body = bytes(event);

  test('is looked for among several, with one of several secrets', () => {
    expect(codeOf(sign(body, other, secret), body)).toBe('fine');
    expect(codeOf(sign(body, secret), body, [other, secret])).toBe('fine');
    expect(codeOf(sign(body, secret), body, [other])).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_INVALID');
    expect(codeOf(sign(body, secret), body, [])).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_INVALID');
  });

  test('an absent and an empty header say what is wrong', () => {
    expect(codeOf(undefined, body)).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_MISSING');
    expect(codeOf('', body)).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_MISSING');
  });

  test.each(['sha256=', 'sha256=ab', `sha1=${'ab'.repeat(20)}`, 'ab'.repeat(32), ','.repeat(10_000)])(
    'a header of another shape is refused',
    (header) => {
      expect(codeOf(header, body)).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_INVALID');
    },
  );

  test.each([undefined, null, '{"id":"1"}', { id: '1' }])(
    '%j for a body says that a parser was there',
    (body) => {
      const headers = { 'x-coral-signature': `sha256=${'ab'.repeat(32)}` };
      expect(() =>
        Reflect.apply(verifyWebhook, undefined, [{ headers, body }, `whsec_${'ab'.repeat(32)}`]),
      ).toThrow(expect.objectContaining({ code: 'ERR_RAW_BODY_CONSUMED' }));
    },
  );

  test('an empty secret signs nothing', () => {
    expect(codeOf(sign(body, ''), body, '')).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_INVALID');
  });

  test('is over the bytes as sent: spacing counts, and any changed byte', () => {
    expect(codeOf(sign(body, secret), bytes(JSON.stringify(event)))).toBe(
      'ERR_CORAL_WEBHOOK_SIGNATURE_INVALID',
    );
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), (index, mask) => {
        const changed = Uint8Array.from(body, (byte, position) => (position === index ? byte ^ mask : byte));
        expect(codeOf(sign(body, secret), changed)).toBe('ERR_CORAL_WEBHOOK_SIGNATURE_INVALID');
      }),
    );
  });
});

describe('the content', () => {
  const codeOfContent = (content: unknown) => {
    const body = bytes(content);
    return codeOf(sign(body, secret), body);
  };
  const without = (name: string) => Object.fromEntries(Object.entries(event).filter(([key]) => key !== name));

  test.each(['id', 'type', 'data', 'createdAt', 'tenantID', 'tenantDomain'])(
    'without %s is refused',
    (name) => {
      expect(codeOfContent(without(name))).toBe('ERR_CORAL_WEBHOOK_MALFORMED');
    },
  );

  test.each([
    ['no JSON', 'hello'],
    ['a list', []],
    ['null', null],
    ['an id that is a number', { ...event, id: 4 }],
    ['an id without end', { ...event, id: 'x'.repeat(256) }],
    ['a date that is none', { ...event, createdAt: 'yesterday' }],
    ['data without its ids', { ...event, data: {} }],
    [
      'ancestors that are no list',
      { ...event, type: 'COMMENT_REPLY_CREATED', data: { ...event.data, ancestorIDs: 'x' } },
    ],
    ['a queue without its name', { ...event, type: 'COMMENT_LEFT_MODERATION_QUEUE' }],
    ['a story without its address', { ...event, type: 'STORY_CREATED' }],
  ])('%s is refused', (_name, content) => {
    expect(codeOfContent(content)).toBe('ERR_CORAL_WEBHOOK_MALFORMED');
  });

  test('bytes that are no UTF-8 are refused', () => {
    const body = Uint8Array.from([0x22, 0xff, 0x22]);
    expect(codeOf(sign(body, secret), body)).toBe('ERR_CORAL_WEBHOOK_MALFORMED');
  });

  test('more than a megabyte is not read', () => {
    const body = bytes({ ...event, padding: 'x'.repeat(1_048_576) });
    expect(codeOf(sign(body, secret), body)).toBe('ERR_BODY_TOO_LARGE');
  });

  test('queue events, and types of a later version, are passed on', () => {
    const read = (content: unknown) => {
      const body = bytes(content);
      return verifyWebhook({ headers: { 'X-Coral-Signature': sign(body, secret) }, body }, secret);
    };
    const data = { ...event.data, queue: 'PENDING', status: 'PREMOD' };
    expect(read({ ...event, type: 'COMMENT_ENTERED_MODERATION_QUEUE', data })).toMatchObject({
      type: 'COMMENT_ENTERED_MODERATION_QUEUE',
      data,
    });
    expect(read({ ...event, type: 'COMMENT_DREAMT', data: { a: 1 } })).toMatchObject({
      type: 'OTHER',
      name: 'COMMENT_DREAMT',
      data: { a: 1 },
    });
  });
});
