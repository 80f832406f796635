import { afterEach, describe, expect, test } from '@jest/globals';

import { startTalkyardEmulator, type TalkyardEmulator } from '../../src/talkyard/index.js';
import { readAuthnToken } from '../../src/talkyard/paseto-token.js';
import { defaultSettings, embeddingSources } from '../../src/talkyard/settings.js';
import { fillSsoUrl } from '../../src/talkyard/sso-url.js';
import { TalkyardError } from '../../src/talkyard/talkyard-error.js';
import { judgeThenGoTo } from '../../src/talkyard/then-go-to.js';
import { freeUsername, okayUsername } from '../../src/talkyard/usernames.js';
import {
  type HttpVector,
  type PasetoVector,
  type SsoUrlVector,
  type ThenGoToVector,
  vectors,
} from './vectors.js';

let emulator: TalkyardEmulator | undefined;
let clock = new Date('2026-03-01T12:00:00Z');

afterEach(async () => {
  await emulator?.close();
  emulator = undefined;
});

async function start(settings = {}): Promise<TalkyardEmulator> {
  clock = new Date('2026-03-01T12:00:00Z');
  emulator = await startTalkyardEmulator({
    apiSecrets: ['k3yk3yk3yk3yk3yk3yk3y01', { secret: 'b0tb0tb0tb0tb0tb0tb0tb02', userId: 2 }],
    members: [
      { username: 'maja', email: 'maja@example.com', ssoId: 'maja-1' },
      { username: 'owen_owner', email: 'owen@example.com', admin: true },
    ],
    settings,
    now: () => clock,
  });
  return emulator;
}

async function newSecret({ origin }: TalkyardEmulator): Promise<string> {
  const response = await fetch(`${origin}/-/v0/sso-upsert-user-generate-login-secret`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from('tyid=2:k3yk3yk3yk3yk3yk3yk3y01').toString('base64')}`,
    },
    body: JSON.stringify({
      ssoId: 's-1',
      primaryEmailAddress: 's1@example.com',
      isEmailAddressVerified: true,
    }),
  });
  const { loginSecret }: { loginSecret: string } = JSON.parse(await response.text());
  return loginSecret;
}

const logIn = ({ origin }: TalkyardEmulator, secret: string) =>
  fetch(`${origin}/-/v0/login-with-secret?oneTimeSecret=${secret}&thenGoTo=%2F`, { redirect: 'manual' });

/** A text that stands for a pattern when it is written between slashes. */
function matches(actual: unknown, expected: unknown): void {
  if (typeof expected === 'string' && /^\/.*\/$/s.test(expected)) {
    expect(actual).toMatch(new RegExp(expected.slice(1, -1)));
  } else if (expected === 'integer >= 100') {
    expect(Number.isInteger(actual) && Number(actual) >= 100).toBe(true);
  } else if (typeof expected === 'object' && expected !== null) {
    const values = new Map(Object.entries(Object(actual)));
    for (const [name, value] of Object.entries(expected)) {
      if (value === 'same as loginSecret') expect(values.get(name)).toBe(values.get('loginSecret'));
      else matches(values.get(name), value);
    }
  } else {
    expect(actual).toEqual(expected);
  }
}

describe('http', () => {
  test('there are 36', () => expect(vectors.http).toHaveLength(36));

  test.each(vectors.http)('$name', async ({ name, request, expected }: HttpVector) => {
    const server = await start(name === 'api-not-enabled' ? { enableApi: false } : {});
    const secret = request.path.includes('SECRET') ? await newSecret(server) : '';
    if (request.path.includes('USEDSECRET')) expect((await logIn(server, secret)).status).toBe(307);
    if (request.path.includes('OLDSECRET')) clock = new Date(clock.getTime() + 31_000);

    const response = await fetch(
      server.origin + request.path.replace(/GOODSECRET|USEDSECRET|OLDSECRET/, secret),
      {
        method: request.method,
        headers: request.headers,
        redirect: 'manual',
        ...(request.body === undefined
          ? {}
          : { body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body) }),
      },
    );
    const text = await response.text();
    expect(response.status).toBe(expected.status);
    for (const part of expected.bodyIncludes ?? []) expect(text).toContain(part);
    if (expected.bodyStartsWith !== undefined) expect(text.startsWith(expected.bodyStartsWith)).toBe(true);
    for (const [header, value] of Object.entries(expected.headers ?? {})) {
      expect(response.headers.get(header)).toBe(value);
    }
    if (expected.status !== 403) expect(response.headers.get('x-error-code')).toBeNull();
    if (expected.contentType !== undefined) {
      expect(response.headers.get('content-type')).toContain(expected.contentType);
    }
    if (expected.json !== undefined) matches(JSON.parse(text), expected.json);
    if (expected.setsCookies !== undefined) {
      const cookies = response.headers.getSetCookie().map((cookie) => cookie.split('=')[0]);
      expect(cookies).toEqual(expected.setsCookies);
    }
    if (expected.storedUserAfter !== undefined) {
      const { ssoId, username, primaryEmailAddress } = expected.storedUserAfter;
      const member = server.members.find((candidate) => candidate.ssoId === ssoId);
      expect([member?.username, member?.email]).toEqual([username, primaryEmailAddress]);
    }
    if (expected.secretConsumed === true) {
      expect(await (await logIn(server, secret)).text()).toContain('TyELGISECR_EMANY_');
    }
  });
});

describe('paseto', () => {
  test('there are 22', () => expect(vectors.paseto).toHaveLength(22));

  test.each(vectors.paseto)('$name: the opener', (vector: PasetoVector) => {
    const { status, user, errorCodes = [] } = vector.expected;
    const read = () => readAuthnToken(vector.valueSentToTalkyard, vector.settingValue, new Date(vector.now));
    if (user !== undefined) {
      const { ssoId, extId, email, username, fullName } = read();
      expect({ ssoId, extId, primaryEmailAddress: email, username, fullName }).toEqual(
        expect.objectContaining(user),
      );
      return;
    }
    let error: unknown;
    try {
      read();
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof TalkyardError)) throw new Error('It was not refused.');
    expect(error.status).toBe(status);
    for (const code of errorCodes) expect(`${error.message} [${error.code}]`).toContain(code);
  });

  test.each(vectors.paseto)('$name: over HTTP', async (vector: PasetoVector) => {
    const server = await start({ ssoPasetoV2LocalSecret: vector.settingValue });
    clock = new Date(vector.now);
    const response = await fetch(`${server.origin}/-/v0/upsert-user-and-login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userAuthnToken: vector.valueSentToTalkyard }),
    });
    const text = await response.text();
    expect(response.status).toBe(vector.expected.status);
    for (const code of vector.expected.errorCodes ?? []) expect(text).toContain(code);
    if (vector.expected.user !== undefined) {
      const { ssoId, primaryEmailAddress, fullName } = vector.expected.user;
      const member = server.members.find((candidate) => candidate.ssoId === ssoId);
      expect(member).toMatchObject({ email: primaryEmailAddress, fullName, admin: false, moderator: false });
      expect(JSON.parse(text)).toHaveProperty('weakSessionId');
    } else {
      expect(server.members).toHaveLength(2);
    }
  });
});

describe('thenGoTo', () => {
  test('there are 15', () => expect(vectors.thenGoTo).toHaveLength(15));

  test.each(vectors.thenGoTo)('$thenGoTo', (vector: ThenGoToVector) => {
    const { thenGoTo, serverOrigin, allowEmbeddingFrom, talkyard } = vector;
    const settings = { ...defaultSettings, allowEmbeddingFrom: allowEmbeddingFrom.join('\n') };
    let outcome = 'allowed';
    try {
      const location = judgeThenGoTo(thenGoTo, serverOrigin, embeddingSources(settings, serverOrigin));
      expect(location).toBe(thenGoTo === '' ? '/' : thenGoTo);
    } catch (error) {
      if (!(error instanceof TalkyardError)) throw error;
      outcome = error.status === 403 ? 'rejected-403' : `error-${error.status}`;
    }
    expect(outcome).toBe(talkyard);
  });
});

describe('ssoUrl', () => {
  test('there are 5', () => expect(vectors.ssoUrl).toHaveLength(5));

  test.each(vectors.ssoUrl)(
    '$name',
    ({ template, pageOrigin, pageUrl, trigger, browserGoesTo }: SsoUrlVector) => {
      const { pathname, search, hash } = new URL(pageUrl);
      const [, kind, number] = /^Reply to (post|comment) (\d+)/.exec(trigger) ?? [];
      const anchor = kind === undefined ? undefined : `#${kind}-${number}`;
      expect(fillSsoUrl(template, { origin: pageOrigin, path: pathname + search, hash, anchor })).toBe(
        browserGoesTo,
      );
    },
  );

  test('the marker for a fragment ends as one', () => {
    const vector = vectors.ssoUrl.find(({ thenGoToToSend }) => thenGoToToSend !== undefined);
    expect(judgeThenGoTo(vector?.thenGoToToSend ?? '', 'https://forum.example.com', [])).toBe(
      vector?.endsUpAt,
    );
  });
});

describe('usernames', () => {
  test('there are 8', () => expect(vectors.usernames).toHaveLength(8));
  test.each(vectors.usernames)('$wanted is stored as $stored', ({ wanted, stored }) => {
    expect(okayUsername(wanted)).toBe(stored);
    expect(freeUsername(wanted, () => false)).toBe(stored);
  });
});
