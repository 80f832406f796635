import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

import { signAccessToken } from '@forum-sso/core/coral';
import { fieldTable } from '@forum-sso/core/discourse';
import { signUserHash } from '@forum-sso/core/fruum';
import { sealAuthnToken } from '@forum-sso/core/talkyard';
import { afterAll, describe, expect, test } from '@jest/globals';

import { inspectText } from '../src/inspect/command.js';
import type { Inspection } from '../src/inspect/finding.js';
import { runCli, temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const secret = 'd836444a9e4084d5b224a60c208dce14';
const now = new Date('2026-03-01T12:00:00Z');

function inspect(
  text: string,
  variables: Readonly<Record<string, string>> = { DISCOURSE_CONNECT_SECRET: secret },
  more: { readonly sig?: string; readonly user?: string } = {},
): Promise<Inspection | null> {
  return inspectText(text, { ...{ sig: undefined, user: undefined, secrets: [], variables, now }, ...more });
}

/** All that is said about a text, one sentence a line. */
async function saidOf(...args: Parameters<typeof inspect>): Promise<string> {
  const inspection = await inspect(...args);
  return (inspection?.findings ?? []).map(({ level, text }) => `${level}: ${text}`).join('\n');
}

const payload =
  'nonce=cb68&external_id=42&email=sam%2Bforum%40example.com&require_activation=false&name=Sam+Saffron+III';
const sso = Buffer.from(payload).toString('base64');
const hmac = (text: string | Buffer, key: string | Buffer = secret, algorithm = 'sha256') =>
  createHmac(algorithm, key).update(text).digest('hex');
const address = (message: string, sig: string): string =>
  `https://forum.example.com/session/sso_login?sso=${encodeURIComponent(message)}&sig=${sig}`;

describe('a message of DiscourseConnect', () => {
  test('that is right is called so, with what it is, its fields, and which secret', async () => {
    expect(await inspect(address(sso, hmac(sso)))).toEqual({
      what: expect.stringMatching(/^A login's answer to a forum/),
      fields: [
        ['(address)', 'https://forum.example.com/session/sso_login'],
        ['nonce', 'cb68'],
        ['external_id', '42'],
        ['email', 'sam+forum@example.com'],
        ['require_activation', 'false'],
        ['name', 'Sam Saffron III'],
      ],
      findings: [{ level: 'right', text: 'The signature is right, made with DISCOURSE_CONNECT_SECRET.' }],
    });
  });

  test.each([
    [
      'https://forum.example.com/session/sso_provider',
      'nonce=1&return_sso_url=https%3A%2F%2Fs.example.com%2Fcb',
      /client's login request/,
    ],
    [
      'https://site.example.com/sso/discourse',
      'nonce=1&return_sso_url=https%3A%2F%2Ff.example.com%2Fsession%2Fsso_login',
      /A forum's login request/,
    ],
    [
      'https://site.example.com/cb',
      'nonce=1&return_sso_url=https%3A%2F%2Fs.example.com%2Fcb&external_id=7&username=a',
      /A forum's answer to a client/,
    ],
    ['https://forum.example.com/admin/users/sync_sso.json', 'external_id=7', /A push of a user/],
  ])('at %s is known for what it is', async (url, text, what) => {
    const message = Buffer.from(text).toString('base64');
    const inspection = await inspect(`${url}?sso=${encodeURIComponent(message)}&sig=${hmac(message)}`);
    expect(inspection?.what).toMatch(what);
  });

  test.each<[string, string, RegExp]>([
    ['signed after decoding', address(sso, hmac(payload)), /covers the decoded payload/],
    [
      'signed after encoding for the address',
      address(sso, hmac(encodeURIComponent(sso))),
      /covers the percent-encoded base64/,
    ],
    [
      'signed without padding',
      address(`${sso}==`.slice(0, sso.length + 1), hmac(sso.replace(/=+$/, ''))),
      /without its padding/,
    ],
    ['signed with a line end', address(sso, hmac(`${sso}\n`)), /with a line end after it/],
    [
      'signed in lines and sent in one',
      address(sso, hmac(sso.replace(/.{60}/g, '$&\n').concat('\n'))),
      /lines of 60 characters/,
    ],
    ['with a line end after the secret', address(sso, hmac(sso, `${secret}\n`)), /line end after the secret/],
    ['with CR LF after the secret', address(sso, hmac(sso, `${secret}\r\n`)), /CR LF/],
    ['with quotes around the secret', address(sso, hmac(sso, `"${secret}"`)), /quotes around the secret/],
    [
      'with the secret decoded from hex',
      address(sso, hmac(sso, Buffer.from(secret, 'hex'))),
      /decodes the secret from hex/,
    ],
    ['with no secret', address(sso, hmac(sso, '')), /empty secret/],
    ['in capitals', address(sso, hmac(sso).toUpperCase()), /capital letters/],
    [
      'in base64',
      address(sso, encodeURIComponent(createHmac('sha256', secret).update(sso).digest('base64'))),
      /it is in base64/,
    ],
    ['by SHA-1', address(sso, hmac(sso, secret, 'sha1')), /SHA-1/],
    [
      'by a plain hash',
      address(
        sso,
        createHash('sha256')
          .update(secret + sso)
          .digest('hex'),
      ),
      /plain hash/,
    ],
    ['with key and text swapped', address(sso, hmac(secret, sso)), /swapped/],
    [
      'by two mistakes at once',
      address(sso, hmac(payload, `${secret}\n`)),
      /decoded payload.*; and .*line end/,
    ],
    ['cut off', address(sso, hmac(sso).slice(0, 40)), /has 40 hex digits, and a signature has 64/],
    ['with a blank', address(sso, `${hmac(sso)}%20`), /blanks or line ends around it/],
    [
      'with another secret',
      address(sso, hmac(sso, 'quite another secret')),
      /not made with DISCOURSE_CONNECT_SECRET, nor by any of the usual mistakes/,
    ],
    ['encoded twice', address(encodeURIComponent(sso), hmac(sso)), /percent-encoded twice/],
    [
      'not encoded, with a "+"',
      `/?sso=${Buffer.from('nonce=1&name=~~>').toString('base64').replace('=', '')}&sig=x`,
      /blanks where the base64 had "\+"/,
    ],
    ['in base64url', `/?sso=${Buffer.from('nonce=1&name=~~>?').toString('base64url')}&sig=x`, /base64url/],
    ['without a signature', `/?sso=${encodeURIComponent(sso)}`, /There is no signature/],
  ])('%s: that is what is said', async (_, text, said) => {
    const all = await saidOf(text);
    expect(all).toMatch(said);
    expect(all).toMatch(/^wrong: /m);
    expect(all).not.toContain(secret);
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    [
      'a whole line as the secret',
      { DISCOURSE_LOGIN_SECRET: `s.example.com|${secret}` },
      secret,
      /a whole line "domain\|secret"/,
    ],
    [
      'a comma in the secret',
      { DISCOURSE_CONNECT_SECRET: `abc,${secret}` },
      `abc,${secret}`,
      /holds a comma or line end/,
    ],
    [
      'a secret that a .env file cut',
      { DISCOURSE_CONNECT_SECRET: `${secret}#rest` },
      secret,
      /up to its "#"/,
    ],
    ['quotes around the secret here', { DISCOURSE_CONNECT_SECRET: `"${secret}"` }, secret, /in quotes here/],
  ])('%s is found', async (_, variables, key, said) => {
    const all = await saidOf(address(sso, hmac(sso, key)), variables);
    expect(all).toMatch(said);
    expect(all).not.toContain(secret);
  });

  test('signed with the secret of the other direction: they are mixed up', async () => {
    expect(await saidOf(address(sso, hmac(sso)), { DISCOURSE_LOGIN_SECRET: secret })).toMatch(
      /^odd: The signature is right, made with DISCOURSE_LOGIN_SECRET\. But .*DISCOURSE_CONNECT_SECRET/m,
    );
  });

  test('lines of provider secrets are tried without their domain, and named by it', async () => {
    const text = 'nonce=1&return_sso_url=https%3A%2F%2Fwiki.example.com%2Fcb';
    const message = Buffer.from(text).toString('base64');
    const url = `https://site.example.com/session/sso_provider?sso=${encodeURIComponent(message)}&sig=${hmac(message)}`;
    const lines = `other.example.com|${'x'.repeat(20)}\nwiki.example.com|${secret}`;
    expect(await saidOf(url, { DISCOURSE_CONNECT_PROVIDER_SECRETS: lines })).toBe(
      'right: The signature is right, made with DISCOURSE_CONNECT_PROVIDER_SECRETS, number 2 (wiki.example.com).',
    );
  });

  test('without a secret, all but the signature is looked at', async () => {
    expect(await saidOf(address(sso, hmac(sso)), {})).toBe(
      'odd: The signature was not checked: give the secret by DISCOURSE_CONNECT_SECRET in the environment, or by --secret-file.',
    );
  });

  test('fields that mean something else than was meant', async () => {
    const fields: readonly (readonly [string, string, RegExp | null])[] = [
      ['nonce', '1', null],
      ['external_id', 'undefined', /refused as an id/],
      ['email', 'sam+x@example.com', /"\+" that is not encoded/],
      ['admin', '1', /neither the word true nor false/],
      ['about_me', 'x', /no field.*meant is bio/],
      ['groups', 'a, b', /blanks around its commas/],
      ['add_groups', 'a,,b', /empty name/],
      ['groups[]', 'a', /no field.*groups, one text with commas/],
      ['bio', 'a%2520b', /encoded twice/],
      ['prompt', 'none', /means nothing in this kind/],
      ['custom.', 'x', /dropped/],
      ['custom.team', 'x', null],
      ['nonce', '2', /more than once/],
    ];
    const text = `${fields.map(([name, value]) => `${name}=${value}`).join('&')}&rest of a name`;
    const message = Buffer.from(text).toString('base64');
    const inspection = await inspect(address(message, hmac(message)));
    for (const [index, [name, , remark]] of fields.entries()) {
      const field = inspection?.fields[index + 1];
      expect(field?.[0]).toBe(name);
      if (remark === null) expect(field).toHaveLength(2);
      else expect(field?.[2]).toMatch(remark);
    }
    expect(inspection?.fields.at(-1)).toEqual(['rest of a name', '', expect.stringMatching(/has no "="/)]);
    expect(inspection?.findings.map(({ text: said }) => said).join('\n')).toMatch(
      /require_activation is absent/,
    );
  });

  test('every field of the table is known in the kinds of message that it is for', async () => {
    const titles = { loginAnswer: 'sso_login', providerRequest: 'sso_provider' };
    for (const [kind, path] of Object.entries(titles)) {
      for (const field of fieldTable.filter(({ directions }) =>
        directions.some((direction) => direction === kind),
      )) {
        const value = field.kind === 'boolean' ? 'true' : field.wire === 'email' ? 'a%40b.c' : 'x';
        const message = Buffer.from(`${field.wire}=${value}`).toString('base64');
        const inspection = await inspect(
          `https://f.example.com/session/${path}?sso=${message}&sig=${hmac(message)}`,
        );
        expect(inspection?.fields[1]).toEqual([field.wire, expect.any(String)]);
      }
    }
  });

  test('bare base64, with or without its signature, and the decoded payload', async () => {
    expect(await saidOf(sso)).toBe('odd: The signature was not checked: give it by --sig.');
    expect(await saidOf(sso, undefined, { sig: hmac(sso) })).toMatch(/^right: /);
    const decoded = await inspect(payload);
    expect(decoded?.what).toMatch(/, decoded$/);
    expect(decoded?.fields).toContainEqual(['email', 'sam+forum@example.com']);
  });

  test.each(['', 'abc', 'https://example.com/', '{"json":true}', 'x'.repeat(1_000)])(
    '%j is nothing',
    async (text) => {
      expect(await inspect(text)).toBeNull();
    },
  );
});

describe('messages that Discourse made or judged itself', () => {
  interface Vector {
    readonly name: string;
    readonly kind: 'generate' | 'parse' | 'error';
    readonly secret: string | null;
    readonly query: string;
  }
  const vectors: { readonly cases: readonly Vector[] } = JSON.parse(
    readFileSync(new URL('../../testkit/vectors/discourse.json', import.meta.url), 'utf8'),
  );
  /** Here the inspection knows more than the receiver, or a secret is needed that nobody can configure. */
  const different: Readonly<Record<string, string>> = {
    'blank secret, signed with the blank secret': 'a blank secret is none, so nothing is checked',
    'no secret (nil)': 'without a secret nothing is checked',
    'secret with spaces around it is used as it is': 'an environment cannot hold it, which is what is said',
    'blank secret, signed with another': 'a blank secret is none, so nothing is checked',
  };

  test.each(vectors.cases.map((vector) => [vector.name, vector] as const))(
    '%s',
    async (name, { kind, secret: key, query }) => {
      const inspection = await inspect(
        query,
        key === null || key === '' ? {} : { DISCOURSE_CONNECT_SECRET: key },
      );
      const findings = inspection?.findings ?? [{ level: 'wrong', text: 'It is no message.' }];
      const isWrong = findings.some(({ level }) => level === 'wrong');
      const signature = findings.find(({ text }) => text.startsWith('The signature is right'));
      const agrees = kind === 'error' ? isWrong : signature !== undefined;
      expect(agrees).toBe(different[name] === undefined);
    },
  );
});

describe('a Coral token', () => {
  const key = `ssosec_${randomBytes(33).toString('hex')}`;
  const user = { id: '42', email: 'a@example.com', emailVerified: true, username: 'ann' };
  const variables = { CORAL_SSO_SECRET: key, CORAL_SSO_KID: 'abcd' };

  test('that is right is called so', async () => {
    const token = await signAccessToken(user, { secret: key, kid: 'abcd', now, expiresIn: 600 });
    const inspection = await inspect(token, variables);
    expect(inspection).toMatchObject({ what: 'A Coral access token (JWT)' });
    expect(inspection?.fields).toContainEqual(['user.username', 'ann']);
    expect(inspection?.fields).toContainEqual([
      'exp',
      expect.any(String),
      '2026-03-01T12:10:00.000Z, in 10 min',
    ]);
    expect(inspection?.findings).toEqual([
      { level: 'right', text: expect.stringMatching(/Coral takes it.*CORAL_SSO_SECRET/) },
    ]);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['without the prefix of the key', key.slice(7), /without "ssosec_"/],
    ['with the key decoded', Buffer.from(key.slice(7), 'hex'), /decoded from hex/],
    ['with a line end after the key', `${key}\n`, /line end after the key/],
    ['with another key', 'another', /ERR_CORAL_TOKEN_SIGNATURE_INVALID/],
  ])('signed %s', async (_, used, said) => {
    const token = await signAccessToken(user, { secret: key, kid: 'abcd', now, expiresIn: 600 });
    const signed = token.slice(0, token.lastIndexOf('.'));
    const forged = `${signed}.${createHmac('sha256', used).update(signed).digest('base64url')}`;
    const all = await saidOf(forged, variables);
    expect(all).toMatch(said);
    expect(all).not.toContain(key.slice(7));
  });

  test('that is over, has another key id, or cannot be checked', async () => {
    const old = await signAccessToken(user, {
      secret: key,
      kid: 'efgh',
      now: new Date(now.getTime() - 3_600_000),
      expiresIn: 600,
    });
    const all = await saidOf(old, variables);
    expect(all).toMatch(/^wrong: Coral refuses it \(ERR_CORAL_TOKEN_EXPIRED\)/m);
    expect(all).toMatch(/^wrong: Its "kid" is not CORAL_SSO_KID/m);
    expect(await saidOf(old, {})).toMatch(/^odd: The signature was not checked/m);
  });
});

describe('a Talkyard token', () => {
  const key = `hex:${randomBytes(32).toString('hex')}`;
  const variables = { TALKYARD_PASETO_SECRET: key };
  const user = { id: '42', email: 'a@example.com', emailVerified: true, username: 'ann' };
  const token = (): string => sealAuthnToken(user, { key, now, expiresAt: new Date(now.getTime() + 60_000) });

  test('that is right is called so', async () => {
    const inspection = await inspect(token(), variables);
    expect(inspection?.fields).toContainEqual(['user.ssoId', '42']);
    expect(inspection?.findings).toEqual([
      { level: 'right', text: 'Talkyard takes it, with TALKYARD_PASETO_SECRET.' },
    ]);
  });

  test.each<[string, string, RegExp]>([
    ['percent-encoded', token().replace(':', '%3A'), /begins with "paseto%3A"/],
    ['without the word in front', token().replace('paseto:', ''), /does not begin with "paseto:"/],
    [
      'of another key',
      sealAuthnToken(user, {
        key: `hex:${'0'.repeat(62)}01`,
        now,
        expiresAt: new Date(now.getTime() + 60_000),
      }),
      /ERR_TALKYARD_TOKEN_INVALID/,
    ],
    [
      'that is over',
      sealAuthnToken(user, { key, expiresAt: new Date(now.getTime() - 60_000) }),
      /ERR_TALKYARD_TOKEN_EXPIRED/,
    ],
    ['of another version', 'paseto:v4.local.abcdef', /ERR_TALKYARD_TOKEN_MALFORMED/],
  ])('%s', async (_, text, said) => {
    const all = await saidOf(text, variables);
    expect(all).toMatch(said);
    expect(all).not.toContain(key.slice(4));
    expect(await saidOf(text, {})).toMatch(/It is encrypted/);
  });
});

describe('a Fruum hash', () => {
  const key = randomBytes(32).toString('hex');
  const variables = { FRUUM_SECRET: key, FRUUM_FORUM_ID: 'myforum' };
  const hash = (seconds: number): string =>
    signUserHash('42', {
      secret: key,
      forumId: 'myforum',
      expiresAt: new Date(now.getTime() + seconds * 1_000),
    });

  test('is judged for a user', async () => {
    expect(await saidOf(hash(60), variables, { user: '42' })).toMatch(/^right: It is this user's/);
    expect(await saidOf(hash(60), variables, { user: '43' })).toMatch(
      /^wrong: It was not made for this user/,
    );
    expect(await saidOf(hash(60), variables)).toMatch(/^odd: It was not checked/);
    expect(await saidOf(hash(-60), variables, { user: '42' })).toMatch(/wrong: It is over/);
    expect(await saidOf(hash(90_000), variables, { user: '42' })).toMatch(/more than 24 hours/);
  });
});

describe('the command', () => {
  test('shows what may come from anybody harmlessly, and no secret', async () => {
    const text = 'nonce=1&external_id=42&email=a%40b.c&name=%1b%5D0%3Btitle%07%E2%80%AEevil';
    const message = Buffer.from(text).toString('base64');
    const run = await runCli(['inspect', address(message, hmac(message))], {
      cwd: folder.path,
      env: { DISCOURSE_CONNECT_SECRET: secret },
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain(
      'name                \\u{1b}]0;title\\u{7}\\u{202e}evil'.replace(/ {16}/, ''.padEnd(9)),
    );
    expect(run.stdout).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    expect(run.stdout).not.toContain(secret);
  });

  test('reads standard input and files of secrets, says JSON, and ends with 1 for what is wrong', async () => {
    writeFileSync(folder.in('secret'), `${secret}\n`);
    const args = ['inspect', '-', '--secret-file', folder.in('secret'), '--json'];
    const good = await runCli(args, { cwd: folder.path, stdin: `"${address(sso, hmac(sso))}"\n` });
    expect({ code: good.code, ...JSON.parse(good.stdout) }).toMatchObject({
      code: 0,
      findings: [{ level: 'right' }],
    });
    const bad = await runCli(args, { cwd: folder.path, stdin: address(sso, hmac(payload)) });
    expect({ code: bad.code, ...JSON.parse(bad.stdout) }).toMatchObject({
      code: 1,
      findings: [{ level: 'wrong' }],
    });
  });

  test.each<[readonly string[], number, RegExp]>([
    [[], 2, /Give what is to be inspected/],
    [['nonsense'], 2, /neither an address or payload/],
    [['a', 'b'], 2, /Put quotes around the text/],
    [['--what', 'a'], 2, /Unknown option '--what'/],
    [['--secret-file', 'none', 'x'], 2, /none cannot be read/],
  ])('inspect %j', async (args, code, said) => {
    const run = await runCli(['inspect', ...args], { cwd: folder.path });
    expect(run).toMatchObject({ code, stderr: expect.stringMatching(said) });
  });

  test('works behind options of the program, too', async () => {
    writeFileSync(folder.in('.env'), `DISCOURSE_CONNECT_SECRET=${secret}\n`);
    const run = await runCli(['--env-file', '.env', 'inspect', address(sso, hmac(sso)), '--json'], {
      cwd: folder.path,
    });
    expect({ code: run.code, ...JSON.parse(run.stdout) }).toMatchObject({
      code: 0,
      findings: [{ level: 'right' }],
    });
  });
});
