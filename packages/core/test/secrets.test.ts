import { createSecretKey } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { prepareSecrets, secretKinds } from '../src/secrets.js';

const now = new Date('2026-03-01T12:00:00Z');
const later = new Date('2026-03-02T12:00:00Z');
const earlier = new Date('2026-02-28T12:00:00Z');
const strong = (letter: string) => `${letter}836444a9e4084d5b224a60c208dce1455aa`;
const prepare = (option: unknown, kind: keyof typeof secretKinds = 'connect') =>
  prepareSecrets(option, 'secret (THE_SETTING)', secretKinds[kind], now);

describe('usable secrets', () => {
  test('one', () => {
    const { ring, problems, warnings } = prepare(strong('a'));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(ring?.values).toEqual([strong('a')]);
    expect(ring?.keysAt(now)[0]?.equals(createSecretKey(strong('a'), 'utf8'))).toBe(true);
  });

  test('the bytes are used as configured', () => {
    const { ring } = prepare('  sécret-ключ-🔑  ');
    expect(ring?.keysAt(now)[0]?.export().toString()).toBe('  sécret-ключ-🔑  ');
  });

  test('an old one ends at its time, and the keys are the same objects until then', () => {
    const { ring, problems } = prepare([
      strong('a'),
      { secret: strong('b'), until: later },
      { secret: strong('c') },
    ]);
    expect(problems).toEqual([]);
    const exported = (at: Date) => ring?.keysAt(at).map((key) => key.export().toString());
    expect(exported(now)).toEqual([strong('a'), strong('b'), strong('c')]);
    expect(ring?.keysAt(now)).toBe(ring?.keysAt(new Date(later.getTime() - 1)));
    expect(exported(later)).toEqual([strong('a'), strong('c')]);
    expect(ring?.keysAt(later)).toBe(ring?.keysAt(new Date('2030-01-01')));
  });

  test('a clock is asked as long as a secret has an end', () => {
    let times = 0;
    const { ring } = prepare([strong('a'), { secret: strong('b'), until: later }]);
    const keysAt = (time: Date) =>
      ring?.keysAt(() => {
        times++;
        return time;
      }).length;
    expect([keysAt(now), keysAt(later), keysAt(later)]).toEqual([2, 1, 1]);
    expect(times).toBe(2);
  });

  test('what has ended already is not looked at', () => {
    const ended = { secret: 'short', until: earlier };
    const { ring, problems, warnings } = prepare([
      strong('a'),
      ended,
      ended,
      { secret: strong('a'), until: now },
    ]);
    expect([problems, warnings]).toEqual([[], []]);
    expect(ring?.values).toEqual([strong('a')]);
  });

  test.each([
    [' begins-with-a-blank-and-is-long-enough', 'begins or ends with a blank'],
    ['short-but-usable', 'is shorter than 32 characters'],
    ['wiki.example.com|836444a9e4084d5b224a60c208dce145', 'looks like a whole line "domain|secret"'],
    ['*|836444a9e4084d5b224a60c208dce14523f4', 'looks like a whole line "domain|secret"'],
  ])('a warning: %s', (secret, warning) => {
    const { ring, problems, warnings } = prepare(secret);
    expect(problems).toEqual([]);
    expect(ring).not.toBeNull();
    expect(warnings).toEqual([expect.stringContaining(`secret (THE_SETTING) ${warning}`)]);
  });
});

describe('problems', () => {
  test.each<[string, unknown, keyof typeof secretKinds, string]>([
    ['nothing', undefined, 'connect', 'secret (THE_SETTING) is missing or not a text.'],
    ['null', null, 'connect', 'secret (THE_SETTING) is missing or not a text.'],
    ['empty', '', 'connect', 'secret (THE_SETTING) is blank.'],
    ['blank', ' '.repeat(40), 'connect', 'secret (THE_SETTING) is blank.'],
    ['too short', '123456789', 'connect', 'secret (THE_SETTING) is shorter than 10 characters.'],
    [
      'too short for a webhook',
      '12345678901',
      'webhook',
      'secret (THE_SETTING) is shorter than 12 characters.',
    ],
    ['too short for Fruum', 'x'.repeat(31), 'fruum', 'secret (THE_SETTING) is shorter than 32 characters.'],
    ['a line break at the end', `${strong('a')}\n`, 'connect', 'holds a line break'],
    [
      'other characters than the clients keep',
      strong('A'),
      'inboundApiKey',
      'may hold only a-z, 0-9, "_" and "-".',
    ],
    ['an empty list', [], 'connect', 'secret (THE_SETTING) holds no secret that is still in use.'],
    [
      'only ended ones',
      [{ secret: strong('a'), until: earlier }],
      'connect',
      'holds no secret that is still in use.',
    ],
    ['only ending ones', [{ secret: strong('a'), until: later }], 'connect', 'one must remain'],
    ['four', ['a', 'b', 'c', 'd'].map(strong), 'connect', 'holds more than 3 secrets.'],
    ['one twice', [strong('a'), strong('a')], 'connect', 'holds the same secret twice.'],
    ['a number in a list', [strong('a'), 5], 'connect', 'number 2 of the list, is missing or not a text.'],
    ['an object without a text', [{ secret: 5 }], 'connect', 'must be a text, or an object'],
    ['an until that is a text', [{ secret: strong('a'), until: '2027' }], 'connect', 'is not a valid Date'],
    [
      'an until that is no time',
      [{ secret: strong('a'), until: new Date('x') }],
      'connect',
      'is not a valid Date',
    ],
    [
      'a misspelt until',
      [{ secret: strong('a'), untill: later }],
      'connect',
      'may hold only "secret" and "until".',
    ],
  ])('%s', (_, option, kind, sentence) => {
    const { ring, problems } = prepare(option, kind);
    expect(ring).toBeNull();
    expect(problems).toEqual([expect.stringContaining(sentence)]);
  });

  test('every one is told, and none tells a secret', () => {
    const { problems, warnings } = prepare([
      `${strong('a')}\n`,
      'tiny-one',
      'padded-one ',
      { secret: strong('b'), until: 5 },
    ]);
    expect(problems).toHaveLength(3);
    for (const sentence of [...problems, ...warnings]) {
      expect(sentence).toMatch(/^secret \(THE_SETTING\), number \d of the list, .*\.$/);
      for (const secret of ['836444', 'tiny', 'padded']) expect(sentence).not.toContain(secret);
    }
  });
});
