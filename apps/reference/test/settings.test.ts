import { describe, expect, test } from '@jest/globals';

import { communities } from '../src/communities/index.js';
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

  test.each(['-1', '3000x', '65536', '1e3', '0x10', '3000.5'])('PORT=%s is refused', (PORT) => {
    expect(problemsOf({ PORT })).toEqual([expect.stringContaining('PORT must be a port number')]);
  });

  test('the site and an emulator cannot share a port', () => {
    expect(problemsOf({ PORT: '4001' })).toEqual([expect.stringContaining('COMMUNITY_PORT')]);
    expect(problemsOf({ COMMUNITY_PORT: '3000' })).toEqual([expect.stringContaining('COMMUNITY_PORT')]);
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

  test('a forum without its secret is refused, with the name of the setting over there', () => {
    expect(problemsOf({ DISCOURSE_URL: 'https://forum.example.com' })).toEqual([
      expect.stringMatching(/DISCOURSE_CONNECT_SECRET.*discourse connect secret/),
    ]);
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
