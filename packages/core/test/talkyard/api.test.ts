import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { startTalkyardEmulator, type TalkyardEmulator } from '../../../emulators/src/talkyard/index.js';
import { type ForumSsoError, isForumSsoError } from '../../src/errors.js';
import { readErrorAnswer, talkyardCodes } from '../../src/talkyard/error-body.js';
import { TalkyardApi } from '../../src/talkyard/index.js';
import { ada, apiSecret, type Stub, startStub } from './site.js';
import { type HttpVector, vectors } from './vectors.js';

let community: TalkyardEmulator | undefined;
let stub: Stub | undefined;

afterEach(async () => {
  await community?.close();
  await stub?.close();
  community = undefined;
  stub = undefined;
});

async function start(options: Parameters<typeof startTalkyardEmulator>[0] = {}) {
  community = await startTalkyardEmulator({
    apiSecrets: [apiSecret],
    members: [
      { username: 'maja', email: 'maja@example.com', ssoId: 'maja-1', fullName: 'Maja' },
      { username: 'owen_owner', email: 'owen@example.com' },
      { username: 'olaf', email: 'olaf@example.com', emailVerified: false },
    ],
    ...options,
  });
  return { community, api: new TalkyardApi({ serverUrl: community.origin, apiSecret }) };
}

async function startWith(answer: Parameters<typeof startStub>[0], timeoutSeconds?: number) {
  stub = await startStub(answer);
  const options = { serverUrl: stub.origin, apiSecret };
  return {
    stub,
    api: new TalkyardApi(timeoutSeconds === undefined ? options : { ...options, timeoutSeconds }),
  };
}

async function failure(call: Promise<unknown>): Promise<ForumSsoError> {
  try {
    await call;
  } catch (error) {
    if (isForumSsoError(error)) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

describe('against a server as strict as Talkyard', () => {
  test('a login secret logs in, once', async () => {
    const { api, community } = await start();
    const url = api.loginUrl(await api.loginSecret(ada), '/-1/welcome#post-2');
    const first = await fetch(url, { redirect: 'manual' });
    expect([first.status, first.headers.get('location')]).toEqual([307, '/-1/welcome#post-2']);
    const second = await fetch(url, { redirect: 'manual' });
    expect([second.status, second.headers.get('x-error-code')]).toEqual([403, 'TyELGISECR_EMANY_']);
    expect(community.members.at(-1)).toMatchObject({ ssoId: 'u-1001', username: 'ada_l' });
  });

  test('loginUrl refuses where a login may not lead', async () => {
    const { api } = await start();
    expect(() => api.loginUrl('x', '///evil.test')).toThrow(/ERR_TALKYARD_RETURN_UNSAFE/);
    const url = api.loginUrl('x', 'https://blog.example.com/p', { allowEmbeddingFrom: ['blog.example.com'] });
    expect(new URL(url).searchParams.get('thenGoTo')).toBe('https://blog.example.com/p');
  });

  test('upsertUser tells what was stored', async () => {
    const { api } = await start();
    expect(await api.upsertUser({ ...ada, username: 'Owen_Owner' }, { extId: 'e-1' })).toEqual({
      id: expect.any(Number),
      username: expect.stringMatching(/^Owen_Owner\d+$/),
      fullName: 'Ada Lovelace',
      ssoId: 'u-1001',
      extId: 'e-1',
    });
    const again = await api.upsertUser({ ...ada, username: 'dot.dash-done' });
    expect(again.username).toBe('dot_dash_done');
  });

  test.each([
    ['maja@example.com', 'ERR_TALKYARD_EMAIL_TAKEN', 'TyESSOEMLCONFL_'],
    ['olaf@example.com', 'ERR_TALKYARD_EMAIL_TAKEN', 'TyE7BKG52A4'],
  ])('%s is taken', async (email, code, talkyardCode) => {
    const { api } = await start();
    for (const call of [api.loginSecret({ ...ada, email }), api.upsertUser({ ...ada, email })]) {
      const error = await failure(call);
      expect([error.code, error.status]).toEqual([code, 409]);
      expect(error.detail).toContain(talkyardCode);
      expect(error.message).not.toContain(email);
    }
  });

  test('an account with the same verified address is linked', async () => {
    const { api, community } = await start();
    await api.loginSecret({ ...ada, email: 'owen@example.com' });
    expect(community.members.find(({ username }) => username === 'owen_owner')?.ssoId).toBe('u-1001');
  });

  test('look-ups keep the order asked for', async () => {
    const { api } = await start();
    expect(await api.get(['ssoid:nobody', 'ssoid:maja-1', 'username:OWEN_OWNER'])).toEqual([
      { missing: 'TyEPATNF_' },
      { found: { id: 100, username: 'maja', fullName: 'Maja', ssoId: 'maja-1' } },
      { found: { id: 101, username: 'owen_owner' } },
    ]);
    expect(await api.findBySsoId('maja-1')).toMatchObject({ username: 'maja' });
    expect(await api.findBySsoId('nobody')).toBeNull();
    expect(await api.get([])).toEqual([]);
  });

  test('too much at a time is refused before Talkyard is asked', async () => {
    const { api, stub } = await startWith({});
    for (const refs of [Array.from({ length: 51 }, () => 'ssoid:x'), [`ssoid:${'x'.repeat(2_000)}`]]) {
      expect((await failure(api.get(refs))).code).toBe('ERR_TALKYARD_REQUEST_REFUSED');
    }
    expect(stub.requests).toHaveLength(0);
  });

  test('the other calls', async () => {
    const { api } = await start();
    expect((await api.listUsers('OWEN')).map(({ username }) => username)).toEqual(['owen_owner']);
    expect(await api.listUsers('a&b=c')).toEqual([]);
    expect((await api.apiSecretInfo()).info).toEqual({ user: { id: 2, username: 'sysbot' } });
    await api.ping();
  });

  test('with the API off each call says so', async () => {
    const { api } = await start({ settings: { enableApi: false } });
    for (const call of [
      api.loginSecret(ada),
      api.upsertUser(ada),
      api.get(['ssoid:x']),
      api.listUsers(''),
      api.apiSecretInfo(),
    ]) {
      expect((await failure(call)).code).toBe('ERR_TALKYARD_API_OFF');
    }
    await api.ping();
  });
});

describe('a request', () => {
  test('carries the secret in its header, and in nothing else', async () => {
    const { api, stub } = await startWith({ body: '{"loginSecret":"abc"}' });
    await api.loginSecret(ada, { extId: 'e-1', staffFlags: true });
    await failure(api.ping());
    const [first, ping] = stub.requests;
    expect(first?.headers.authorization).toBe(`Basic ${btoa(`tyid=2:${apiSecret}`)}`);
    expect(first?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(first?.body ?? '')).toEqual({
      ssoId: 'u-1001',
      primaryEmailAddress: 'ada@example.com',
      isEmailAddressVerified: true,
      extId: 'e-1',
      username: 'ada_l',
      fullName: 'Ada Lovelace',
    });
    expect(JSON.stringify({ ...first, headers: { ...first?.headers, authorization: '' } })).not.toContain(
      apiSecret,
    );
    expect(ping?.headers.authorization).toBeUndefined();
  });

  test('does not leave for a person who cannot be sent', async () => {
    const { api, stub } = await startWith({});
    for (const change of [
      { emailVerified: false },
      { suspended: true },
      { email: "a'b@example.com" },
      { id: ' x' },
    ]) {
      await failure(api.loginSecret({ ...ada, ...change }));
      await failure(api.upsertUser({ ...ada, ...change }));
    }
    expect(stub.requests).toHaveLength(0);
  });

  test.each([301, 302, 307, 308])('is not carried on by a redirect %i', async (status) => {
    const target = await startStub({ body: '{}' });
    try {
      const { api } = await startWith({ status, headers: { location: `${target.origin}/` } });
      const error = await failure(api.loginSecret(ada));
      expect(error.code).toBe('ERR_TALKYARD_ADDRESS_WRONG');
      expect(target.requests).toHaveLength(0);
    } finally {
      await target.close();
    }
  });

  test('is given up in time', async () => {
    const { api } = await startWith({ delayMs: 10_000 }, 0.2);
    const start = performance.now();
    const error = await failure(api.loginSecret(ada));
    expect([error.code, error.detail]).toEqual([
      'ERR_TALKYARD_UNAVAILABLE',
      'Talkyard did not answer within 200 ms.',
    ]);
    expect(performance.now() - start).toBeLessThan(9_000);
  });

  test('is given up when the answer is too large', async () => {
    const { api } = await startWith({ body: `{"loginSecret":"${'x'.repeat(1_000_000)}"}` });
    expect((await failure(api.loginSecret(ada))).code).toBe('ERR_TALKYARD_REPLY_UNEXPECTED');
  });

  test('reports a server that is not there', async () => {
    const api = new TalkyardApi({ serverUrl: 'http://127.0.0.1:9', apiSecret });
    expect((await failure(api.ping())).code).toBe('ERR_TALKYARD_UNAVAILABLE');
  });

  test('uses the fetch that it is given', async () => {
    const urls: string[] = [];
    const send: typeof fetch = async (url) => {
      urls.push(String(url));
      return new Response('{"loginSecret":"abc"}');
    };
    const api = new TalkyardApi({ serverUrl: 'https://forum.example.com', apiSecret, fetch: send });
    expect(await api.loginSecret(ada)).toBe('abc');
    expect(urls).toEqual(['https://forum.example.com/-/v0/sso-upsert-user-generate-login-secret']);
  });

  test.each([
    ['no JSON', '<html>'],
    ['no secret', '{}'],
    ['a list', '[]'],
    ['a secret that is no text', '{"loginSecret":7}'],
    ['a secret that would change the address', '{"loginSecret":"a&thenGoTo=//evil.test"}'],
  ])('an answer with %s is not believed', async (_, body) => {
    const { api } = await startWith({ body });
    expect((await failure(api.loginSecret(ada))).code).toBe('ERR_TALKYARD_REPLY_UNEXPECTED');
  });

  test('other answers of a wrong shape are not believed either', async () => {
    for (const body of [
      '{"user":{}}',
      '{"users":{}}',
      '{"users":[{}]}',
      '{"thingsOrErrs":[]}',
      '{"thingsOrErrs":[7]}',
      '7',
    ]) {
      const { api } = await startWith({ body });
      for (const call of [api.upsertUser(ada), api.listUsers(''), api.get(['ssoid:x'])]) {
        expect((await failure(call)).code).toBe('ERR_TALKYARD_REPLY_UNEXPECTED');
      }
      await stub?.close();
      stub = undefined;
    }
  });

  test('something else than a Talkyard is noticed', async () => {
    const { api } = await startWith({ body: 'Welcome to nginx!' });
    expect((await failure(api.ping())).code).toBe('ERR_TALKYARD_ADDRESS_WRONG');
  });

  test.each([
    [{ serverUrl: 'http://forum.example.com', apiSecret }, /https/],
    [{ serverUrl: 'https://forum.example.com/x', apiSecret }, /no path/],
    [{ serverUrl: 'https://forum.example.com', apiSecret: 'short' }, /20 to 200/],
    [{ serverUrl: 'https://forum.example.com', apiSecret: '' }, /missing/],
  ])('options %#: refused with a sentence', (options, sentence) => {
    expect(() => new TalkyardApi(options)).toThrow(sentence);
  });
});

describe('error answers', () => {
  const refusals = vectors.http.filter(
    ({ request, expected }) =>
      expected.status >= 400 && request.method === 'POST' && request.path.startsWith('/-/v0/'),
  );
  const codes: Readonly<Record<string, string>> = {
    'no-authorization-header': 'ERR_TALKYARD_API_SECRET_REFUSED',
    'wrong-api-secret': 'ERR_TALKYARD_API_SECRET_REFUSED',
    'api-not-enabled': 'ERR_TALKYARD_API_OFF',
    'requester-is-system-user': 'ERR_TALKYARD_API_SECRET_REFUSED',
    'secret-owned-by-sysbot-used-as-system': 'ERR_TALKYARD_API_SECRET_REFUSED',
    'requester-does-not-exist': 'ERR_TALKYARD_API_SECRET_REFUSED',
    'requester-has-no-known-prefix': 'ERR_TALKYARD_API_SECRET_REFUSED',
    'ssoId-missing': 'ERR_TALKYARD_USER_UNUSABLE',
    'ssoId-is-a-number': 'ERR_TALKYARD_USER_UNUSABLE',
    'email-field-missing': 'ERR_TALKYARD_USER_UNUSABLE',
    'email-verified-field-missing': 'ERR_TALKYARD_USER_UNUSABLE',
    'email-not-verified': 'ERR_EMAIL_NOT_VERIFIED',
    'email-without-dot': 'ERR_TALKYARD_EMAIL_UNUSABLE',
    'email-owned-by-other-ssoId': 'ERR_TALKYARD_EMAIL_TAKEN',
    'body-is-an-array': 'ERR_TALKYARD_USER_UNUSABLE',
    'content-type-text-plain': 'ERR_TALKYARD_REQUEST_REFUSED',
    'body-over-5000-bytes': 'ERR_TALKYARD_REQUEST_REFUSED',
    'upsert-user-email-of-another-user': 'ERR_TALKYARD_EMAIL_TAKEN',
    'upsert-and-login-without-token': 'ERR_TALKYARD_REQUEST_REFUSED',
  };

  test.each(refusals)('vector $name gets a code of ours', ({ name, expected }: HttpVector) => {
    const body = `Some text with ada@example.com ${(expected.bodyIncludes ?? []).map((code) => `[${code}]`).join(' ')}`;
    const header = expected.headers?.['x-error-code'] ?? null;
    const { refused, detail, talkyardCodes: found } = readErrorAnswer(expected.status, body, header);
    expect(refused).toBe(codes[name]);
    expect(found).toEqual(expect.arrayContaining([...(expected.bodyIncludes ?? [])]));
    expect(detail).not.toContain('example.com');
  });
  test('each of them stands in the list', () => {
    expect(refusals.map(({ name }) => name).sort()).toEqual(Object.keys(codes).sort());
  });

  test.each<[string, string | null, readonly string[]]>([
    ['403 Forbidden\nNo such thing [TyEAPI0SECRET01_]', null, ['TyEAPI0SECRET01_']],
    ['nested [TyEOUTER [TyEINNER_]]', null, ['TyEOUTER', 'TyEINNER_']],
    ['unbalanced [TyEAPIUSERID', null, ['TyEAPIUSERID']],
    [
      '[TYE329067MSTED] [DwE35BG8] [EsE1] [EdE2] [TyM3] [TyA4]',
      null,
      ['TYE329067MSTED', 'DwE35BG8', 'EsE1', 'EdE2', 'TyM3', 'TyA4'],
    ],
    ['[TyEA] [TyEB] [TyEA]', 'TyEB', ['TyEB', 'TyEA']],
    ['no code [Other] (TyEA)', null, []],
    ['', 'bad header value!', []],
    [`${'x'.repeat(20_000)}[TyEA]`, null, []],
  ])('codes are found in %j', (body, header, found) => expect(talkyardCodes(body, header)).toEqual(found));

  test.each([
    [429, 'slow down [DwE35BG8]', 'ERR_TALKYARD_RATE_LIMITED', 15],
    [429, 'slow down [DwE8IJF4]', 'ERR_TALKYARD_RATE_LIMITED', 900],
    [429, 'slow down [DwE42KJ2]', 'ERR_TALKYARD_RATE_LIMITED', 86_400],
    [429, '', 'ERR_TALKYARD_RATE_LIMITED', 15],
    [503, 'maintenance [TyMMAINTWORK]', 'ERR_TALKYARD_UNAVAILABLE', 0],
    [500, 'java.lang.RuntimeException [TyE500EXC]', 'ERR_TALKYARD_UNAVAILABLE', 0],
    [502, '<html>bad gateway</html>', 'ERR_TALKYARD_UNAVAILABLE', 0],
    [404, 'unknown host [TyE404HOSTNAME]', 'ERR_TALKYARD_ADDRESS_WRONG', undefined],
    [403, 'no endpoint [TyEAPIPST404]', 'ERR_TALKYARD_ADDRESS_WRONG', undefined],
    [403, 'gone [TyEUSRDLD]', 'ERR_TALKYARD_USER_REFUSED', undefined],
    [418, '', 'ERR_TALKYARD_REQUEST_REFUSED', undefined],
  ])('%i %j', (status, body, code, retryAfter) => {
    expect(readErrorAnswer(status, body, null)).toMatchObject({
      refused: code,
      retryAfter,
      httpStatus: status,
    });
  });

  test('a stack trace goes no further than the reader', async () => {
    const trace =
      '500 Internal Server Error\nboom ada@example.com [TyE500EXC]\n\tat debiki.dao.Secret(Dao.scala:1)';
    const { api } = await startWith({ status: 500, body: trace });
    const error = await failure(api.upsertUser(ada));
    expect(`${error.message} ${error.detail} ${String(error.cause)} ${JSON.stringify(error)}`).not.toMatch(
      /debiki|boom|example\.com/,
    );
    expect(error.detail).toContain('TyE500EXC');
  });

  test('whatever the body, only codes get out of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 400, max: 599 }), (body, status) => {
        const { detail, talkyardCodes: found } = readErrorAnswer(status, body, null);
        for (const code of found) expect(code).toMatch(/^[A-Za-z0-9_]{3,43}$/);
        expect(detail.length).toBeLessThan(700);
      }),
    );
  });

  test('a hostile body costs nothing', () => {
    const start = performance.now();
    readErrorAnswer(400, '[TyE['.repeat(200_000), null);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
