import { createHmac, createSecretKey } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import { verifyWebhook } from '../../../src/discourse/index.js';
import { findWebhookKey } from '../../../src/discourse/protocol/webhook.js';
import { isForumSsoError } from '../../../src/errors.js';

const secret = 'webhook-secret-123';
const body = new TextEncoder().encode('{"ping":"OK"}');
const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const headers = {
  'X-Discourse-Event-Signature': signature,
  'X-Discourse-Event': 'ping',
  'X-Discourse-Event-Type': 'ping',
  'X-Discourse-Event-Id': '7',
  'X-Discourse-Instance': 'https://forum.example.com',
};

function codeOf(webhook: unknown, secrets: unknown = secret): string {
  try {
    Reflect.apply(verifyWebhook, undefined, [webhook, secrets]);
  } catch (error) {
    if (!isForumSsoError(error)) throw error;
    expect(`${error.message}${error.detail}`).not.toContain(secret);
    return error.code;
  }
  throw new Error('it was accepted');
}

describe('findWebhookKey', () => {
  test('says which key signed the bytes, whatever they say', () => {
    const noJson = Uint8Array.of(0, 0xff, 0x7b);
    const sig = createHmac('sha256', secret).update(noJson).digest('hex');
    const webhook = { headers: { 'x-discourse-event-signature': `sha256=${sig}` }, body: noJson };
    const keys = ['another-secret', secret].map((text) => createSecretKey(text, 'utf8'));
    expect(findWebhookKey(webhook, keys)).toBe(1);
    expect(findWebhookKey({ ...webhook, body: noJson.subarray(1) }, keys)).toMatchObject({
      refused: 'ERR_WEBHOOK_SIGNATURE_INVALID',
    });
  });
});

describe('verifyWebhook', () => {
  test('gives what was sent, whatever the spelling of the headers', () => {
    const event = {
      type: 'ping',
      event: 'ping',
      eventId: '7',
      instance: 'https://forum.example.com',
      body: { ping: 'OK' },
    };
    expect(verifyWebhook({ headers, body }, secret)).toEqual(event);
    expect(
      verifyWebhook({ headers: new Headers(headers), body: Buffer.from(body) }, ['another-secret', secret]),
    ).toEqual(event);
  });

  test.each([
    ['a parsed body', { ping: 'OK' }],
    ['a text', '{"ping":"OK"}'],
    ['nothing', undefined],
    ['null', null],
    ['an ArrayBuffer', body.buffer],
  ])('%s for a body says that a parser was there', (_, given) => {
    expect(codeOf({ headers, body: given })).toBe('ERR_RAW_BODY_CONSUMED');
  });

  test.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['an empty list', []],
    ['a number', 12],
    ['a list with nothing in it', [undefined]],
    ['a short one', 'short'],
    ['a blank one', ' '.repeat(20)],
    ['too many', ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(20))],
  ])('%s for a secret is refused', (_, secrets) => {
    expect(codeOf({ headers, body }, secrets === undefined ? null : secrets)).toBe('ERR_SSO_SECRET_UNUSABLE');
  });

  test('no headers are no signature', () => {
    expect(codeOf({ body })).toBe('ERR_WEBHOOK_SIGNATURE_MISSING');
    expect(codeOf({ headers: {}, body })).toBe('ERR_WEBHOOK_SIGNATURE_MISSING');
    expect(codeOf(undefined)).toBe('ERR_RAW_BODY_CONSUMED');
  });

  test('any change of the bytes, the secret or the signature is refused', () => {
    const invalid = 'ERR_WEBHOOK_SIGNATURE_INVALID';
    expect(codeOf({ headers, body: Buffer.from('{"ping": "OK"}') })).toBe(invalid);
    expect(codeOf({ headers, body }, `${secret}x`)).toBe(invalid);
    for (const wrong of [
      signature.slice(7),
      signature.toUpperCase(),
      `${signature} `,
      `${signature}, ${signature}`,
    ]) {
      expect(codeOf({ headers: { 'x-discourse-event-signature': wrong }, body })).toBe(invalid);
    }
  });
});
