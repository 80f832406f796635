import { createHmac, randomBytes } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { memoryStore } from '@forum-sso/core';
import { expect, jest, test } from '@jest/globals';

import { LeakDetector, printed } from '../../core/test/leak-detector.js';
import {
  type DiscourseAuthenticateOptions,
  DiscourseStrategy,
  type DiscourseStrategyOptions,
  type Verify,
} from '../src/index.js';

/**
 * Beyond what the protocol itself puts there, nothing that the strategy says to the browser, to Passport, to the audit
 * log or in an error holds a secret, a key, an address or a payload. All values are random in each run.
 */
const word = (): string => randomBytes(9).toString('hex');
const values = {
  secret: `s+${word()}~&=`,
  oldSecret: `o+${word()}~&=`,
  cookieKey: randomBytes(32).toString('hex'),
  foreignSecret: `f+${word()}~&=`,
  email: `forum+${word()}@example.com`,
  payload: `payload ${word()} & more`,
};
const detector = new LeakDetector(values);
const origin = 'https://site.example.com';

const person = {
  external_id: '42',
  username: 'sam',
  email: values.email,
  groups: 'writers',
  bio: values.payload,
  'custom.note': values.payload,
};

function signed(fields: Record<string, string>, secret: string): string {
  const sso = Buffer.from(new URLSearchParams(fields).toString()).toString('base64');
  return `sso=${encodeURIComponent(sso)}&sig=${createHmac('sha256', secret).update(sso).digest('hex')}`;
}

/** A strategy, and all that it has said. */
class Watched {
  readonly #texts: { readonly what: string; readonly text: string }[] = [];
  readonly #strategy: DiscourseStrategy;
  readonly #cookies = new Map<string, string>();
  readonly clock = { now: new Date() };

  constructor(
    options: Partial<DiscourseStrategyOptions> = {},
    verify: Verify = (profile, done) => done(null, { id: profile.id }),
  ) {
    this.#strategy = new DiscourseStrategy(
      {
        forumUrl: 'https://forum.example.com',
        secret: [values.secret, values.oldSecret],
        callbackUrl: `${origin}/auth/discourse/callback`,
        cookieKeys: values.cookieKey,
        events: (event) => this.keep(`the event ${event.type}`, event),
        now: () => this.clock.now,
        ...options,
      },
      verify,
    );
    this.keep('the strategy', this.#strategy);
  }

  keep(what: string, value: unknown): void {
    this.#texts.push({ what, text: printed(value) });
  }

  leaks(): readonly string[] {
    expect(this.#texts.length).toBeGreaterThan(1);
    return this.#texts.flatMap(({ what, text }) => detector.find(text).map((name) => `${name} in ${what}`));
  }

  /** Lets the strategy answer a request; gives the word that Passport heard, and what came with it. */
  async ask(url: string, options: DiscourseAuthenticateOptions = {}): Promise<readonly unknown[]> {
    const res = new ServerResponse(new IncomingMessage(new Socket()));
    const said = await new Promise<readonly unknown[]>((resolve) => {
      const acting = Object.create(this.#strategy);
      for (const name of ['success', 'fail', 'redirect', 'error'])
        acting[name] = (...words: unknown[]) => resolve([name, ...words]);
      const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
      acting.authenticate({ url, headers: { cookie, 'sec-fetch-dest': 'document' }, res }, options);
    });
    for (const line of [res.getHeader('set-cookie') ?? []].flat()) {
      const [pair = ''] = String(line).split(';');
      const equals = pair.indexOf('=');
      this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    this.keep(`the headers of the answer to ${url.split('?')[0]}`, { ...res.getHeaders() });
    this.keep(`what Passport hears after ${url.split('?')[0]}`, said);
    return said;
  }

  async start(options: DiscourseAuthenticateOptions = {}): Promise<Record<string, string>> {
    const [, location] = await this.ask('/auth/discourse?returnTo=/account', options);
    const sso = new URL(String(location)).searchParams.get('sso') ?? '';
    return Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
  }

  arrive(
    request: Record<string, string>,
    answer: Record<string, string> = person,
    secret = values.secret,
  ): Promise<readonly unknown[]> {
    return this.ask(`/auth/discourse/callback?${signed({ ...request, ...answer }, secret)}`);
  }
}

test('nothing gets out of a login through Passport, and of every way in which it can go wrong', async () => {
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => jest.spyOn(console, name));
  const site = new Watched();
  expect(await site.arrive(await site.start())).toMatchObject(['success', { id: '42' }, {}]);
  expect((await site.arrive(await site.start(), person, values.oldSecret))[0]).toBe('success');
  const request = await site.start();
  for (const [answer, secret] of [
    [person, values.foreignSecret],
    [{ ...person, nonce: '' }],
    [{ ...person, nonce: values.payload }],
    [{ ...person, return_sso_url: `https://evil.example/${values.payload}` }],
  ] as const) {
    expect((await site.arrive(request, answer, secret))[0]).toBe('fail');
  }
  for (const answer of [
    {},
    { ...person, external_id: values.payload },
    { ...person, username: `${values.payload}\u0007` },
    { ...person, failed: 'true' },
  ]) {
    expect((await site.arrive(await site.start(), answer))[0]).toBe('fail');
  }
  expect((await site.arrive(await site.start({ requireTwoFactor: true })))[0]).toBe('fail');
  const late = await site.start({ prompt: 'none' });
  site.clock.now = new Date(site.clock.now.getTime() + 700_000);
  expect((await site.arrive(late))[0]).toBe('fail');
  for (const query of [
    `sso=${values.payload}&sig=${values.payload}`,
    `sso=${encodeURIComponent(values.email)}&sig=${'0'.repeat(64)}`,
    `sso=x&sso=${values.payload}&sig=1`,
    `sso=%zz${values.payload}&sig=1`,
  ]) {
    expect((await site.ask(`/auth/discourse/callback?${query.replaceAll(' ', '+')}`))[0]).toBe('fail');
  }
  expect(site.leaks()).toEqual([]);
  for (const spy of spies) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

test('of a store that is gone, a verify that fails, and options that are wrong', async () => {
  const gone = {
    ...memoryStore(),
    oneTime: { claim: () => Promise.reject(new Error('refused')) },
    shared: true,
  };
  const broken = new Watched({ store: gone });
  expect((await broken.arrive(await broken.start()))[0]).toBe('error');
  const failing = new Watched({}, (_, done) => done(new Error('the database is down')));
  expect((await failing.arrive(await failing.start()))[0]).toBe('error');
  const nobody = new Watched({}, (_, done) => done(null, false));
  expect((await nobody.arrive(await nobody.start()))[0]).toBe('fail');
  for (const wrong of [
    { secret: values.secret.slice(0, 9) },
    { secret: [values.secret, values.secret] },
    { secret: `${values.secret}\n` },
    { cookieKeys: values.cookieKey.slice(0, 20) },
    { forumUrl: `https://user:${values.payload}@forum.example.com` },
    { callbackUrl: `/relative?${values.payload}` },
  ]) {
    try {
      new Watched(wrong);
      throw new Error('it started');
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_OPTIONS_INVALID' });
      broken.keep('the error at the start', error);
    }
  }
  expect([broken, failing, nobody].flatMap((site) => site.leaks())).toEqual([]);
});

test('the test itself would notice each value, planted into what is said', async () => {
  for (const [name, value] of Object.entries(values)) {
    const site = new Watched({}, (_, done) => done(null, false, { message: encodeURIComponent(value) }));
    await site.arrive(await site.start());
    expect(site.leaks()).toEqual([`${name} in what Passport hears after /auth/discourse/callback`]);
  }
});
