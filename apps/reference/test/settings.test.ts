import { describe, expect, test } from '@jest/globals';

import { readCommandLine } from '../src/command-line.js';
import { communities } from '../src/communities/index.js';
import { frameworks } from '../src/frameworks/index.js';
import { readSettings, SettingsError } from '../src/settings.js';

const secret = 'a secret of the forum, long enough for it';
const realForum = { DISCOURSE_URL: 'https://forum.example.com', DISCOURSE_CONNECT_SECRET: secret };

function problemsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(variables, communities);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('settings', () => {
  test('an empty environment is enough', () => {
    expect(readSettings({}, communities)).toEqual({
      environment: {},
      host: '127.0.0.1',
      port: 3000,
      communityPort: 4001,
      password: undefined,
      framework: 'express',
      seamlessLogin: false,
    });
  });

  test('blank variables count as not set', () => {
    expect(problemsOf({ HOST: ' ', PORT: '', DEMO_PASSWORD: ' ', DISCOURSE_URL: '' })).toEqual([]);
    expect(readSettings({ DEMO_PASSWORD: '  ' }, communities).password).toBeUndefined();
  });

  test('PORT=0 asks for free ports for everything', () => {
    expect(readSettings({ PORT: '0' }, communities)).toMatchObject({ port: 0, communityPort: 0 });
    expect(readSettings({ PORT: '0', COMMUNITY_PORT: '5001' }, communities).communityPort).toBe(5001);
  });

  test('all emulators need a port below 65536', () => {
    expect(problemsOf({ COMMUNITY_PORT: '65530' })).toEqual([]);
    expect(problemsOf({ COMMUNITY_PORT: '65531' })).toEqual([expect.stringContaining('no room')]);
  });

  test.each(['-1', '3000x', '65536', '1e3', '0x10', '3000.5'])('PORT=%s is refused', (PORT) => {
    expect(problemsOf({ PORT })).toEqual([expect.stringContaining('PORT must be a port number')]);
  });

  test('the site and an emulator cannot share a port', () => {
    for (const PORT of ['4001', '4002', '4003', '4004', '4005', '4006']) {
      expect(problemsOf({ PORT })).toEqual([expect.stringContaining('COMMUNITY_PORT')]);
    }
    expect(problemsOf({ PORT: '4007' })).toEqual([]);
    expect(problemsOf({ COMMUNITY_PORT: '3000' })).toEqual([expect.stringContaining('COMMUNITY_PORT')]);
  });

  test.each(frameworks)('the site runs on %s', (framework) => {
    expect(readSettings({ FRAMEWORK: ` ${framework} ` }, communities).framework).toBe(framework);
    expect(readCommandLine(['--framework', framework])).toEqual({ FRAMEWORK: framework });
    expect(readCommandLine([`--framework=${framework}`])).toEqual({ FRAMEWORK: framework });
  });

  test.each(['fastify', 'Koa', 'toString'])('FRAMEWORK=%s is refused', (FRAMEWORK) => {
    expect(problemsOf({ FRAMEWORK })).toEqual([
      expect.stringMatching(/one of express, koa, nestjs, nestjs-f/),
    ]);
  });

  test.each([[['--framework']], [['--frame', 'koa']], [['koa']]])('%j is no option of the demo', (words) => {
    expect(() => readCommandLine(words)).toThrow(
      'The one option is --framework express|koa|nestjs|nestjs-fastify.',
    );
  });

  test('the command line says nothing by itself', () => {
    expect(readCommandLine([])).toEqual({});
  });

  test('all problems are told at once, and no secret among them', () => {
    const problems = problemsOf({
      PORT: 'three thousand',
      FORUM_SSO_BASE_URL: 'http://site.example.com/sso',
      FORUM_SSO_KEYS: 'tooshortkey',
      DISCOURSE_URL: 'ftp://forum.example.com',
      DISCOURSE_CONNECT_SECRET: 'qwertz',
    });
    const text = problems.join('\n');
    for (const name of ['PORT', 'baseUrl', 'FORUM_SSO_KEYS', 'DISCOURSE_URL', 'DISCOURSE_CONNECT_SECRET'])
      expect(text).toContain(name);
    expect(text).not.toContain('tooshortkey');
    expect(text).not.toContain('qwertz');
  });

  test('a forum without its secret is refused, with the names of the settings over there', () => {
    expect(problemsOf({ DISCOURSE_URL: 'https://forum.example.com' })).toEqual([
      expect.stringMatching(
        /DISCOURSE_CONNECT_SECRET.*discourse connect secret.*DISCOURSE_LOGIN_SECRET.*provider secrets/,
      ),
    ]);
  });

  test('seamless login is on or off', () => {
    expect(readSettings({ DEMO_SEAMLESS_LOGIN: 'on' }, communities).seamlessLogin).toBe(true);
    expect(readSettings({ DEMO_SEAMLESS_LOGIN: 'off' }, communities).seamlessLogin).toBe(false);
    expect(problemsOf({ DEMO_SEAMLESS_LOGIN: 'yes' })).toEqual(['DEMO_SEAMLESS_LOGIN must be on or off.']);
  });

  const others = [
    {
      name: 'Talkyard',
      address: { TALKYARD_URL: 'https://talk.example.com' },
      needs: { TALKYARD_API_SECRET: 'a1b2c3d4e5f6g7h8i9j0k1l2' },
      bad: { TALKYARD_API_SECRET: 'not-one', TALKYARD_PASETO_SECRET: 'base64:not-one' },
    },
    {
      name: 'Coral',
      address: { CORAL_URL: 'https://comments.example.com' },
      needs: { CORAL_SSO_SECRET: `ssosec_${'1f'.repeat(32)}` },
      bad: {
        CORAL_SSO_SECRET: 'not-one',
        CORAL_ACCESS_TOKEN: 'not one',
        CORAL_WEBHOOK_SECRET: `not-one-${'2e'.repeat(40)}`,
      },
    },
    {
      name: 'Fruum',
      address: { FRUUM_URL: 'https://fruum.example.com' },
      needs: { FRUUM_FORUM_ID: 'myforum', FRUUM_SECRET: '3d'.repeat(32) },
      bad: { FRUUM_SECRET: 'not-one', FRUUM_CALLER: 'fruum:not-one' },
    },
  ];

  describe.each(others)('a real $name', ({ address, needs, bad }) => {
    test('is enough with its address and what belongs to it', () => {
      expect(problemsOf({ ...address, ...needs })).toEqual([]);
    });

    test('is refused without each of these, by name and once', () => {
      expect(problemsOf(address).map((sentence) => sentence.replace(/^.*?: set (\w+) \(.*$/, '$1'))).toEqual(
        Object.keys(needs),
      );
    });

    test('is refused with bad ones: all are named, none is repeated', () => {
      const text = problemsOf({ ...address, ...needs, ...bad }).join('\n');
      for (const [name, value] of Object.entries(bad)) {
        expect(text).toContain(name);
        expect(text).not.toContain(value);
      }
    });

    test('needs DEMO_PASSWORD when others can reach the site', () => {
      const open = { ...address, ...needs, HOST: '0.0.0.0' };
      expect(problemsOf(open)).toEqual([expect.stringContaining('DEMO_PASSWORD')]);
      expect(problemsOf({ ...open, DEMO_PASSWORD: 'open, demo' })).toEqual([]);
    });

    test('may be emulated with the real secrets', () => {
      expect(problemsOf(needs)).toEqual([]);
      expect(problemsOf({ ...needs, HOST: '0.0.0.0' })).toEqual([]);
    });
  });

  describe('a real forum whose people sign in here', () => {
    const address = { DISCOURSE_URL: 'https://club.example.com' };
    const club = { ...address, DISCOURSE_LOGIN_SECRET: '6e'.repeat(32) };

    test('is enough with its address and the secret; so is one forum for both directions', () => {
      expect(problemsOf(club)).toEqual([]);
      expect(problemsOf({ ...club, DISCOURSE_CONNECT_SECRET: secret })).toEqual([]);
    });

    test('needs another secret than the other direction', () => {
      const same = { ...club, DISCOURSE_CONNECT_SECRET: club.DISCOURSE_LOGIN_SECRET };
      expect(problemsOf(same)).toEqual([
        expect.stringMatching(/DISCOURSE_CONNECT_SECRET|discourse connect secret/),
      ]);
    });

    test('is refused with bad secrets: all are named', () => {
      const bad = { DISCOURSE_LOGIN_SECRET: 'not-one', DISCOURSE_WEBHOOK_SECRET: 'not-two' };
      const text = problemsOf({ ...address, ...bad }).join('\n');
      for (const [name, value] of Object.entries(bad)) {
        expect(text).toContain(name);
        expect(text).not.toContain(value);
      }
    });

    test('needs DEMO_PASSWORD when others can reach the site', () => {
      expect(problemsOf({ ...club, HOST: '0.0.0.0' })).toEqual([expect.stringContaining('DEMO_PASSWORD')]);
    });
  });

  describe('clients that log in with the site', () => {
    const apiKey = 'f1'.repeat(20);
    const clients = {
      DISCOURSE_CONNECT_PROVIDER_SECRETS: `wiki.example.com|${'7a'.repeat(16)}\n127.0.0.1|${'8b'.repeat(16)}`,
      DISCOURSE_API_KEY: apiKey,
      WEBHOOK_TARGETS: `https://wiki.example.com/index.php?title=Special:W|${'9c'.repeat(16)},http://127.0.0.1:8080/w|${'0d'.repeat(16)}`,
    };

    test('may be given by their lines alone, or with all that there is', () => {
      expect(problemsOf(clients)).toEqual([]);
      const { DISCOURSE_CONNECT_PROVIDER_SECRETS } = clients;
      expect(problemsOf({ DISCOURSE_CONNECT_PROVIDER_SECRETS })).toEqual([]);
      expect(problemsOf({ DISCOURSE_API_KEY: apiKey })).toEqual([]);
    });

    test.each([
      ['DISCOURSE_CONNECT_PROVIDER_SECRETS', 'wiki.example.com'],
      ['DISCOURSE_CONNECT_PROVIDER_SECRETS', `https://wiki.example.com|${'1e'.repeat(16)}`],
      ['DISCOURSE_CONNECT_PROVIDER_SECRETS', `*|${'2f'.repeat(16)}`],
      ['DISCOURSE_API_KEY', 'too-short'],
      ['WEBHOOK_TARGETS', `http://wiki.example.com/hook|${'30'.repeat(16)}`],
      ['WEBHOOK_TARGETS', 'https://wiki.example.com/hook'],
    ])('are refused with a bad %s: %s', (name, value) => {
      const [problem = '', ...more] = problemsOf({ ...clients, [name]: value });
      expect([problem, more]).toEqual([
        expect.stringMatching(/clients|DISCOURSE_API_KEY|WEBHOOK_TARGETS/),
        [],
      ]);
      const [, given = 'too-short'] = value.split('|');
      expect(problem).not.toContain(given);
    });

    test('get webhooks only where they log people in', () => {
      const { WEBHOOK_TARGETS } = clients;
      expect(problemsOf({ WEBHOOK_TARGETS })).toEqual([
        expect.stringContaining('DISCOURSE_CONNECT_PROVIDER_SECRETS'),
      ]);
    });

    test.each(['DISCOURSE_ADMIN_API_KEY', 'TALKYARD_API_SECRET'])('do not call with the key %s', (name) => {
      for (const others of [{}, clients]) {
        const problems = problemsOf({ ...others, DISCOURSE_API_KEY: apiKey, [name]: apiKey });
        expect(problems).toEqual([expect.stringContaining('DISCOURSE_API_KEY')]);
        expect(problems[0]).toContain(name);
      }
    });

    test('need DEMO_PASSWORD when others can reach the site', () => {
      expect(problemsOf({ ...clients, HOST: '0.0.0.0' })).toEqual([expect.stringContaining('DEMO_PASSWORD')]);
    });
  });

  test('a secret that two communities share is refused', () => {
    const shared = '4c'.repeat(32);
    const problems = problemsOf({ TALKYARD_API_SECRET: shared, FRUUM_SECRET: shared });
    expect(problems).toEqual([expect.stringMatching(/TALKYARD_API_SECRET.*FRUUM_SECRET/)]);
    expect(problems.join()).not.toContain(shared);
  });

  test('a file that cannot be read is told', () => {
    expect(problemsOf({ ...realForum, FORUM_SSO_KEYS_FILE: '/nonexistent/keys' })).toEqual([
      expect.stringContaining('FORUM_SSO_KEYS_FILE'),
    ]);
  });

  describe('a real forum', () => {
    test.each(['0.0.0.0', '::', '192.0.2.10', 'site.example.com', '127.0.0.1.example.com'])(
      'with HOST=%s needs DEMO_PASSWORD',
      (HOST) => {
        expect(problemsOf({ ...realForum, HOST })).toEqual([expect.stringContaining('DEMO_PASSWORD')]);
        expect(problemsOf({ ...realForum, HOST, DEMO_PASSWORD: 'open, demo' })).toEqual([]);
      },
    );

    test.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1'])('with HOST=%s does not', (HOST) => {
      expect(problemsOf({ ...realForum, HOST })).toEqual([]);
    });

    test('behind a public address needs DEMO_PASSWORD, too', () => {
      const published = { ...realForum, FORUM_SSO_BASE_URL: 'https://demo.example.com/sso' };
      expect(problemsOf(published)).toEqual([expect.stringContaining('DEMO_PASSWORD')]);
      expect(problemsOf({ ...published, DEMO_PASSWORD: 'open, demo' })).toEqual([]);
    });
  });

  test('emulated communities may be shown to other machines without a password', () => {
    expect(problemsOf({ HOST: '0.0.0.0' })).toEqual([]);
  });
});
