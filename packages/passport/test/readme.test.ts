import { randomBytes } from 'node:crypto';

import { ReadmeExamples, serverStartedBy, testKeys } from '@forum-sso/testkit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let examples: ReadmeExamples;
beforeAll(async () => {
  examples = await ReadmeExamples.extract(
    new URL('../README.md', import.meta.url),
    new URL('.', import.meta.url),
  );
});
afterAll(() => examples.remove());

test('there is one example, and it compiles', async () => {
  expect(examples.count).toBe(1);
  expect(await examples.compile()).toBe('');
}, 60_000);

test('it runs: it leaves for the forum', async () => {
  Object.assign(process.env, {
    DISCOURSE_URL: 'https://forum.example.com',
    DISCOURSE_LOGIN_SECRET: randomBytes(16).toString('hex'),
    CALLBACK_URL: 'http://localhost:3000/auth/discourse/callback',
    FORUM_SSO_KEYS: testKeys,
  });
  const { origin, close } = await serverStartedBy(() => examples.load(1));
  const reply = await fetch(`${origin}/auth/discourse`, { redirect: 'manual' });
  expect(reply.headers.get('location')).toMatch(
    /^https:\/\/forum\.example\.com\/session\/sso_provider\?sso=/,
  );
  await close();
});
