import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readAuthnToken } from '../../../emulators/src/talkyard/paseto-token.js';
import { judgeThenGoTo } from '../../../emulators/src/talkyard/then-go-to.js';
import { okayUsername } from '../../../emulators/src/talkyard/usernames.js';
import { isForumSsoError } from '../../src/errors.js';
import type { SiteUser } from '../../src/site-user.js';
import { mendedUsername, safeThenGoTo, sealAuthnToken } from '../../src/talkyard/index.js';
import { asSent } from './as-sent.js';

// The stand-in shares no code with what is tested here.
describe('what we make, the stand-in for Talkyard takes', () => {
  const key = `hex:${'a7'.repeat(32)}`;
  const now = new Date('2026-03-01T12:00:00Z');

  test('tokens', () => {
    const names = fc.option(fc.string({ unit: 'grapheme', maxLength: 120 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.string({ maxLength: 140 }),
        fc.emailAddress(),
        names,
        names,
        (id, email, username, name) => {
          const user: SiteUser = { id, email, emailVerified: true, username, name };
          let token: string;
          try {
            token = sealAuthnToken(user, { key, expiresAt: new Date('2026-03-01T12:00:01Z'), now });
          } catch (error) {
            if (isForumSsoError(error)) return;
            throw error;
          }
          expect(readAuthnToken(token, key, now)).toEqual({
            ssoId: id,
            extId: undefined,
            email: email.toLowerCase(),
            emailVerified: true,
            username: asSent(username, 255),
            fullName: asSent(name, 100),
            admin: false,
            moderator: false,
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('addresses to go to', () => {
    const origin = 'https://forum.example.com';
    const embedding = ['https://blog.example.com'];
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '/',
        '?',
        '#',
        '%',
        '|',
        '{',
        '[',
        ' ',
        '`',
        '__dwHash__',
        `${origin}/`,
        'https://blog.example.com/',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (parts, asPath) => {
        let target: string;
        try {
          target = safeThenGoTo((asPath ? '/' : '') + parts.join(''), {
            serverOrigin: origin,
            allowEmbeddingFrom: embedding,
          });
        } catch (error) {
          if (isForumSsoError(error)) return;
          throw error;
        }
        expect(judgeThenGoTo(target, origin, embedding)).toBe(target.replaceAll('__dwHash__', '#'));
      }),
      { numRuns: 2_000 },
    );
  });

  test('user names come out as foretold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (wish) => {
        const foretold = mendedUsername(wish);
        if (foretold !== undefined) expect(okayUsername(wish.trim())).toBe(foretold);
      }),
      { numRuns: 2_000 },
    );
  });
});
