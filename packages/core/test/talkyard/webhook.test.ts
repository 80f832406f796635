import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isForumSsoError } from '../../src/errors.js';
import { readTalkyardNotice, type TalkyardHint } from '../../src/talkyard/index.js';
import { startSite, type TestSite } from './site.js';

const pathSecret = 'Zm9ydW0tc3NvLXdlYmhvb2stMQ-and-more';
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('readTalkyardNotice', () => {
  const event = {
    id: 7,
    atMs: 1_772_366_400_000,
    eventType: 'PatCreated',
    eventData: { pat: { id: 101, username: 'x' } },
  };
  const notice = { origin: 'https://forum.example.com', events: [event] };

  test('reads what Talkyard sends', () => {
    expect(readTalkyardNotice(bytes(notice))).toEqual({
      origin: 'https://forum.example.com',
      events: [
        {
          id: 7,
          at: new Date('2026-03-01T12:00:00Z'),
          type: 'PatCreated',
          userId: 101,
          data: event.eventData,
        },
      ],
    });
  });

  test.each<[string, unknown]>([
    ['a list', [notice]],
    ['null', null],
    ['no origin', { events: [event] }],
    ['an origin with a path', { ...notice, origin: 'https://forum.example.com/x' }],
    ['no events', { origin: notice.origin }],
    ['events no list', { ...notice, events: event }],
    ['too many events', { ...notice, events: Array.from({ length: 101 }, () => event) }],
    ['id a text', { ...notice, events: [{ ...event, id: '7' }] }],
    ['id no integer', { ...notice, events: [{ ...event, id: 7.5 }] }],
    ['time missing', { ...notice, events: [{ ...event, atMs: undefined }] }],
    ['time beyond all dates', { ...notice, events: [{ ...event, atMs: 1e300 }] }],
    ['type with a line break', { ...notice, events: [{ ...event, eventType: 'Pat\nCreated' }] }],
    ['one of two events bad', { ...notice, events: [event, {}] }],
  ])('%s: refused', (_, message) => {
    expect(() => readTalkyardNotice(bytes(message))).toThrow(/ERR_TALKYARD_WEBHOOK_MALFORMED/);
  });

  test('any bytes are read or refused, never anything else', () => {
    const message = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.jsonValue().map((events) => bytes({ ...notice, events: [events] })),
    );
    fc.assert(
      fc.property(message, (body) => {
        try {
          readTalkyardNotice(body);
        } catch (error) {
          expect(isForumSsoError(error) && error.code).toBe('ERR_TALKYARD_WEBHOOK_MALFORMED');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the webhook of the connector', () => {
  let site: TestSite | undefined;
  const hints: TalkyardHint[] = [];

  afterEach(async () => {
    await site?.close();
    site = undefined;
    hints.length = 0;
  });

  async function start(
    onHint: (hint: TalkyardHint) => void | Promise<void> = (hint) => void hints.push(hint),
  ): Promise<TestSite> {
    site = await startSite({ webhook: { pathSecret, onHint } });
    return site;
  }

  function post(testSite: TestSite, body: string | Uint8Array, secret = pathSecret): Promise<Response> {
    return fetch(`${testSite.origin}/sso/talkyard/webhook/${secret}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  }

  const notice = ({ community }: TestSite, id: number, pat?: unknown) =>
    JSON.stringify({
      origin: community.origin,
      events: [
        {
          id,
          atMs: Date.now(),
          eventType: pat === undefined ? 'PostCreated' : 'PatCreated',
          eventData: { pat },
        },
      ],
    });

  test('what Talkyard sends arrives, the user read back', async () => {
    const testSite = await start();
    await fetch(`${testSite.origin}/sso/talkyard`, { redirect: 'manual' });
    const { id } = testSite.community.members[0] ?? {};
    // The name in the call is somebody's invention; what counts is what Talkyard says when it is asked.
    const answer = await post(
      testSite,
      notice(testSite, 1, { id, username: 'admin', ssoId: 'somebody-else' }),
    );
    expect(answer.status).toBe(200);
    expect(hints).toMatchObject([
      { id: 1, type: 'PatCreated', user: { id, username: 'ada_l', ssoId: 'u-1001' } },
    ]);
  });

  test('a user whom Talkyard does not know is null, an event about something else has none', async () => {
    const testSite = await start();
    await post(testSite, notice(testSite, 1, { id: 4_711, username: 'ghost' }));
    await post(testSite, notice(testSite, 2));
    expect(hints.map(({ user }) => user)).toEqual([null, undefined]);
  });

  test('each event is taken once, by id and origin', async () => {
    const testSite = await start();
    for (const id of [1, 2, 1, 1, 2]) expect((await post(testSite, notice(testSite, id))).status).toBe(200);
    expect(hints.map(({ id }) => id)).toEqual([1, 2]);
    expect(testSite.events.map((event) => event.type === 'webhook.received' && event.outcome)).toEqual([
      'handled',
      'handled',
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
  });

  test('an event that the site failed with is taken when it comes again', async () => {
    let fails = true;
    const testSite = await start((hint) => {
      if (fails) throw new Error('database away');
      hints.push(hint);
    });
    expect((await post(testSite, notice(testSite, 1))).status).toBe(503);
    fails = false;
    expect((await post(testSite, notice(testSite, 1))).status).toBe(200);
    expect((await post(testSite, notice(testSite, 1))).status).toBe(200);
    expect(hints).toHaveLength(1);
  });

  test('an event whose user cannot be read back is taken when it comes again', async () => {
    const testSite = await start();
    testSite.community.changeSettings({ enableApi: false });
    expect((await post(testSite, notice(testSite, 1, { id: 101 }))).status).toBe(502);
    testSite.community.changeSettings({ enableApi: true });
    expect((await post(testSite, notice(testSite, 1, { id: 101 }))).status).toBe(200);
    expect(hints).toHaveLength(1);
  });

  test.each([
    ['', 404],
    ['x', 404],
    [pathSecret.slice(0, -1), 404],
    [`${pathSecret}A`, 404],
    [pathSecret.toLowerCase(), 404],
  ])('the address %j is unknown', async (secret, status) => {
    const testSite = await start();
    expect((await post(testSite, notice(testSite, 1), secret)).status).toBe(status);
    expect(hints).toEqual([]);
  });

  test.each([
    ['no JSON', 'x', 400],
    ['forged for another Talkyard', JSON.stringify({ origin: 'https://evil.test', events: [] }), 403],
    ['too large', `"${'x'.repeat(1_000_001)}"`, 413],
  ])('%s: refused, and the secret address stands in no event', async (_, body, status) => {
    const testSite = await start();
    const answer = await post(testSite, body);
    expect(answer.status).toBe(status);
    expect(hints).toEqual([]);
    expect(testSite.events).toMatchObject([
      { type: 'request.refused', status, path: '/sso/talkyard/webhook/' },
    ]);
    expect(JSON.stringify(testSite.events) + (await answer.text())).not.toContain(pathSecret);
  });

  test('an older address still works, and is reported', async () => {
    site = await startSite({
      webhook: {
        pathSecret: ['new-address-new-address-new-address', pathSecret],
        onHint: (hint) => void hints.push(hint),
      },
    });
    expect((await post(site, notice(site, 1))).status).toBe(200);
    expect(site.events).toMatchObject([{ type: 'secret.old_used', position: 1 }, { outcome: 'handled' }]);
  });

  test('an older address ends with its "until"', async () => {
    const until = new Date('2026-02-01');
    let now = new Date('2026-01-01');
    const newer = 'new-address-new-address-new-address';
    site = await startSite(
      {
        webhook: {
          pathSecret: [newer, { secret: pathSecret, until }],
          onHint: (hint) => void hints.push(hint),
        },
      },
      { engine: { now: () => now } },
    );
    const statuses: number[] = [];
    for (const [id, past] of [-1, 0, 1].entries()) {
      now = new Date(until.getTime() + past);
      statuses.push((await post(site, notice(site, id))).status);
    }
    expect(statuses).toEqual([200, 404, 404]);
    expect((await post(site, notice(site, 3), newer)).status).toBe(200);
    expect(hints.map(({ id }) => id)).toEqual([0, 3]);
  });

  test('a new member is told of by Talkyard itself', async () => {
    site = await startSite(
      { webhook: { pathSecret, onHint: (hint) => void hints.push(hint) } },
      { webhookSecret: pathSecret },
    );
    await fetch(`${site.origin}/sso/talkyard`, { redirect: 'manual' });
    await site.community.sendWebhooks();
    await site.community.sendWebhooks();
    expect(hints).toMatchObject([
      { id: 1, type: 'PatCreated', user: { username: 'ada_l', ssoId: 'u-1001' } },
    ]);
    expect(site.community.webhookBroken).toBe(false);
  });
});
