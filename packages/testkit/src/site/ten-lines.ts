import { deepEqual, equal, match } from 'node:assert/strict';

import { BrowserClient } from '../http/browser-client.js';
import { forumQuestion, readAnswer } from './forum-side.js';

const nonce = '0123456789abcdef';
const topic = 'https://forum.example.com/';
const returnUrl = `${topic}session/sso_login`;

/**
 * What the ten lines at the top of each adapter's page do: Alice, not signed in yet, comes from the forum, signs in and
 * goes back.
 * @param origin where the program listens
 * @param secret what it was given as `DISCOURSE_CONNECT_SECRET`
 */
export async function checkTenLines(origin: string, secret: string): Promise<void> {
  const browser = new BrowserClient();
  equal((await browser.open(`${origin}/`)).text, 'Hello stranger');

  const address = `/sso/discourse?${forumQuestion({ nonce, returnUrl, secret })}`;
  const away = await browser.open(`${origin}${address}`, { from: topic });
  equal(away.header('location'), `/login?returnTo=${encodeURIComponent(address)}`);
  const form = await browser.follow(away);
  match(form.text, /Sign in as Alice/);
  const signedIn = await browser.submit(form.url, {}, { from: form.url });
  equal(signedIn.status, 303);
  const answer = await browser.follow(signedIn);
  deepEqual(Object.fromEntries(readAnswer(answer.header('location') ?? '', returnUrl, secret)), {
    nonce,
    external_id: '1',
    email: 'alice@example.com',
    username: 'alice',
  });
  equal((await browser.open(`${origin}/`)).text, 'Hello alice');

  const evil = await browser.submit(`${origin}/login?returnTo=/.//evil.example`, {}, { from: form.url });
  equal(evil.header('location'), '/');
}
