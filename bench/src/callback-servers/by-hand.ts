import { randomBytes, webcrypto } from 'node:crypto';

import DiscourseSso from 'discourse-sso';
import express from 'express';
import { EncryptJWT, jwtDecrypt } from 'jose';

import { callbackPath, callbackUrl, forumUrl, returnPath, secret, startPath } from './forum.js';

/**
 * The floor: two routes as one writes them by hand, with the npm package `discourse-sso` for the message and `jose` for
 * the cookies: an attempt with nonce and return path, and a session with the person. Without the usual faults: the nonce
 * is looked for in this browser, and taken once.
 */
export async function byHand(): Promise<express.Express> {
  const forum = new DiscourseSso(secret);
  const key = await webcrypto.subtle.importKey('raw', randomBytes(32), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  const used = new Set<string>();
  const seal = (claims: Record<string, unknown>, life: string): Promise<string> =>
    new EncryptJWT(claims)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime(life)
      .encrypt(key);

  const app = express();
  app.get(startPath, async (_req, res) => {
    const nonce = randomBytes(16).toString('hex');
    const payload = new URLSearchParams({ nonce, return_sso_url: callbackUrl });
    const sso = Buffer.from(payload.toString()).toString('base64');
    res.cookie('attempt', await seal({ nonce, returnPath }, '10m'), { httpOnly: true, sameSite: 'lax' });
    res.redirect(`${forumUrl}/session/sso_provider?${new URLSearchParams({ sso })}`);
  });
  app.get(callbackPath, async (req, res) => {
    const { sso, sig } = req.query;
    if (typeof sso !== 'string' || typeof sig !== 'string' || !forum.validate(sso, sig)) {
      throw new Error('The signature is wrong.');
    }
    const cookie = /(?:^|; )attempt=([^;]*)/.exec(req.headers.cookie ?? '')?.[1] ?? '';
    const { payload: attempt } = await jwtDecrypt(cookie, key);
    const answer = new URLSearchParams(Buffer.from(sso, 'base64').toString());
    const nonce = answer.get('nonce') ?? '';
    if (attempt.nonce !== nonce || used.has(nonce)) throw new Error('The login is over.');
    used.add(nonce);
    if (answer.get('return_sso_url') !== callbackUrl || answer.get('failed') === 'true') {
      throw new Error('The answer is not for us.');
    }
    const user = {
      id: `discourse:${answer.get('external_id')}`,
      username: answer.get('username'),
      name: answer.get('name'),
      email: answer.get('email'),
      avatarUrl: answer.get('avatar_url'),
      admin: answer.get('admin') === 'true',
      moderator: answer.get('moderator') === 'true',
      groups: answer.get('groups')?.split(','),
    };
    res.clearCookie('attempt');
    res.cookie('session', await seal({ user, sid: randomBytes(16).toString('hex') }, '1d'), {
      httpOnly: true,
      sameSite: 'lax',
      maxAge: 86_400_000,
    });
    res.redirect(String(attempt.returnPath));
  });
  return app;
}
