import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { type CoralEmulator, startCoralEmulator } from '../../src/coral/index.js';
import { codeOf, graphql, ssoToken } from './client.js';

let emulator: CoralEmulator;
let mira: string;

beforeAll(async () => {
  emulator = await startCoralEmulator({
    users: [
      {
        id: 'u-1',
        username: 'mira',
        email: 'mira@example.com',
        ssoURL: 'https://example.com/me',
        profiles: [{ type: 'sso', id: 'u-1' }],
      },
      {
        id: 'u-2',
        username: 'noor',
        email: 'noor@example.com',
        role: 'MODERATOR',
        profiles: [{ type: 'google', id: 'g' }],
      },
    ],
  });
  mira = emulator.createAccessToken('u-1');
});

afterAll(() => emulator.close());

const asAdmin = (body: string | Readonly<Record<string, unknown>>) =>
  graphql(emulator, body, { token: emulator.accessToken });

describe('documents that are not carried out', () => {
  test.each([
    ['an empty document', '#', 'GRAPHQL_PARSE_FAILED'],
    ['an open brace', '{ viewer { id }', 'GRAPHQL_PARSE_FAILED'],
    ['an odd character', '{ viewer { id } } ;', 'GRAPHQL_PARSE_FAILED'],
    ['a subscription', 'subscription { x }', 'GRAPHQL_PARSE_FAILED'],
    ['nesting without end', `{ ${'a { '.repeat(50)}`, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ viewer { shoeSize } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a name of every object', '{ viewer { constructor } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'the mutation that the manual names',
      'mutation { deleteUser(input: { userID: "x", clientMutationId: "" }) { user { id } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['no selection', '{ viewer }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a selection of a text', '{ viewer { id { x } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown argument', '{ user(name: "x") { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing argument', '{ user { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that is not declared', '{ user(id: $id) { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable of another type',
      'query ($id: String!) { user(id: $id) { id } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a variable that may be null', 'query ($id: ID) { user(id: $id) { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a fragment that is not there', '{ viewer { ...x } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a fragment of itself', '{ viewer { ...x } } fragment x on User { ...x }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a fragment of another type', '{ viewer { ... on Story { id } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing variable', 'query ($id: ID!) { user(id: $id) { id } }', 'BAD_USER_INPUT'],
    [
      'two operations without a name',
      'query A { viewer { id } } query B { viewer { id } }',
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('%s', async (_name, query, code) => {
    const answer = await asAdmin(query);
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toBe(code);
    expect(answer.body.data).toBeUndefined();
  });

  test.each([
    ['a missing field', { username: 'x', clientMutationId: '' }],
    ['no clientMutationId', { userID: 'u-1', username: 'x' }],
    ['a number for a text', { userID: 'u-1', username: 7, clientMutationId: '' }],
    ['an unknown field', { userID: 'u-1', username: 'x', clientMutationId: '', role: 'ADMIN' }],
    ['null for a text', { userID: 'u-1', username: null, clientMutationId: '' }],
    ['a list', []],
  ])('an input with %s', async (_name, input) => {
    const query =
      'mutation ($input: UpdateUserUsernameInput!) { updateUserUsername(input: $input) { user { id } } }';
    const answer = await asAdmin({ query, variables: { input } });
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(emulator.user('u-1')?.username).toBe('mira');
  });

  test('a role that is none, a number that is too large', async () => {
    const role = 'mutation ($input: UpdateUserRoleInput!) { updateUserRole(input: $input) { user { id } } }';
    const input = { userID: 'u-1', role: 'KING', scoped: false, clientMutationId: '' };
    expect(codeOf(await asAdmin({ query: role, variables: { input } }))).toBe('BAD_USER_INPUT');
    const rotate =
      'mutation { rotateSSOSigningSecret(input: { inactiveIn: 9999999999, clientMutationId: "" }) { clientMutationId } }';
    expect(codeOf(await asAdmin(rotate))).toBe('BAD_USER_INPUT');
    expect(emulator.signingSecrets).toHaveLength(1);
  });
});

describe('documents that are carried out', () => {
  test('aliases, fragments, operation names, defaults, literals', async () => {
    const query = `
      # two operations
      query Other { viewer { id } }
      query Mine($id: ID! = "u-1") {
        a: user(id: $id) { ...names }
        b: user(id: "u-2") { __typename ... { username } ... on User { role } profiles { __typename ... on SSOProfile { id } } }
        c: user(id: "nobody") { id }
      }
      fragment names on User { username profiles { __typename ... on SSOProfile { id } } }`;
    expect((await asAdmin({ query, operationName: 'Mine' })).body).toEqual({
      data: {
        a: { username: 'mira', profiles: [{ __typename: 'SSOProfile', id: 'u-1' }] },
        b: {
          __typename: 'User',
          username: 'noor',
          role: 'MODERATOR',
          profiles: [{ __typename: 'GoogleProfile' }],
        },
        c: null,
      },
    });
  });

  test('an error names its path; what may be null is null, what may not takes its parent along', async () => {
    const answer = await graphql(
      emulator,
      { id: 'StreamQuery', variables: { storyID: 's', storyURL: 'https://e.com' } },
      { token: mira },
    );
    expect(answer.body.data?.viewer).toMatchObject({ username: 'mira', ssoURL: 'https://example.com/me' });
    // Only the person reads this field, so that administrators get null and an error.
    const other = await asAdmin('{ user(id: "u-1") { username ssoURL } }');
    expect(other.status).toBe(200);
    expect(other.body.data).toEqual({ user: { username: 'mira', ssoURL: null } });
    expect(other.body.errors).toMatchObject([
      { path: ['user', 'ssoURL'], extensions: { code: 'USER_NOT_ENTITLED' } },
    ]);
    const mutation = await asAdmin(
      'mutation { updateUserUsername(input: { userID: "nobody", username: "x", clientMutationId: "1" }) { clientMutationId } }',
    );
    expect(mutation.body).toMatchObject({ data: null, errors: [{ extensions: { code: 'USER_NOT_FOUND' } }] });
  });

  test('the trace id of the header stands in the error, and no reason of an internal one', async () => {
    const answer = await asAdmin(
      `mutation { deleteUserAccount(input: { userID: "${emulator.adminId}", clientMutationId: "" }) { user { id } } }`,
    );
    expect(answer.body.errors?.[0]).toMatchObject({
      message: 'Internal Error',
      extensions: { code: 'INTERNAL_ERROR', traceID: answer.headers.get('x-trace-id') },
    });
  });

  test('clientMutationId comes back as sent', async () => {
    const query =
      'mutation { updateUserAvatar(input: { userID: "u-1", avatar: null, clientMutationId: "é7" }) { clientMutationId } }';
    expect((await asAdmin(query)).body.data).toEqual({ updateUserAvatar: { clientMutationId: 'é7' } });
  });

  test('at most 50 users in a page', async () => {
    expect(codeOf(await asAdmin('{ users(first: 51) { nodes { id } } }'))).toBe('INTERNAL_ERROR');
    expect(
      codeOf(await asAdmin('{ users(first: 50) { nodes { id } pageInfo { hasNextPage endCursor } } }')),
    ).toBe('fine');
  });
});

describe('who may do what', () => {
  const change =
    'mutation { updateUserUsername(input: { userID: "u-1", username: "x", clientMutationId: "" }) { user { id } } }';

  test('only administrators may send queries of their own', async () => {
    for (const token of [undefined, mira, emulator.createAccessToken('u-2')]) {
      const answer = await graphql(emulator, '{ viewer { id } }', token === undefined ? {} : { token });
      expect(answer.status).toBe(400);
      expect(answer.body.error?.code).toBe('RAW_QUERY_NOT_AUTHORIZED');
    }
    expect(codeOf(await graphql(emulator, { id: 'Unknown' }, { token: mira }))).toBe(
      'PERSISTED_QUERY_NOT_FOUND',
    );
    expect(codeOf(await graphql(emulator, { id: 'constructor' }))).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(codeOf(await graphql(emulator, {}))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  test('where everybody may ask, roles still count', async () => {
    const open = await startCoralEmulator({
      rawQueries: 'everybody',
      users: [
        { id: 'u-1', username: 'mira', email: 'mira@example.com', profiles: [] },
        { id: 'u-2', username: 'noor', role: 'MODERATOR', profiles: [] },
      ],
    });
    try {
      const commenter = { token: open.createAccessToken('u-1') };
      const moderator = { token: open.createAccessToken('u-2') };
      expect(codeOf(await graphql(open, change))).toBe('USER_NOT_ENTITLED');
      expect(codeOf(await graphql(open, change, commenter))).toBe('USER_NOT_ENTITLED');
      expect(codeOf(await graphql(open, change, moderator))).toBe('USER_NOT_ENTITLED');
      expect(codeOf(await graphql(open, '{ user(id: "u-2") { id } }', commenter))).toBe('USER_NOT_ENTITLED');
      expect(codeOf(await graphql(open, '{ users { nodes { id } } }', commenter))).toBe('USER_NOT_ENTITLED');
      expect((await graphql(open, '{ viewer { email role } }', commenter)).body.data).toEqual({
        viewer: { email: 'mira@example.com', role: 'COMMENTER' },
      });
      const secrets = '{ settings { auth { integrations { sso { enabled signingSecrets { secret } } } } } }';
      expect(codeOf(await graphql(open, secrets, moderator))).toBe('USER_NOT_ENTITLED');
      expect(JSON.stringify(await graphql(open, secrets, moderator))).not.toContain('ssosec_');
      const promote = (role: string) =>
        `mutation { updateUserRole(input: { userID: "u-1", role: ${role}, scoped: false, clientMutationId: "" }) { user { role } } }`;
      expect(codeOf(await graphql(open, promote('ADMIN'), moderator))).toBe('USER_NOT_ENTITLED');
      expect(codeOf(await graphql(open, promote('MEMBER'), moderator))).toBe('fine');
    } finally {
      await open.close();
    }
  });

  test('a banned, suspended, warned or nameless owner changes nothing', async () => {
    const later = new Date(Date.now() + 60_000);
    const states = [
      [{ banned: true }, 'USER_BANNED'],
      [{ suspension: { until: later, message: '' } }, 'USER_SUSPENDED'],
      [{ warning: 'careful' }, 'USER_WARNED'],
      [{ username: '' }, 'USER_NOT_ENTITLED'],
      [{ deletedAt: new Date() }, 'USER_NOT_ENTITLED'],
      [{}, 'fine'],
    ] as const;
    const open = await startCoralEmulator({
      users: [
        { id: 'u-1', username: 'mira', profiles: [] },
        ...states.map(([state], index) => ({
          id: `a-${index}`,
          username: 'admin',
          role: 'ADMIN' as const,
          profiles: [],
          ...state,
        })),
      ],
    });
    try {
      for (const [index, [, code]] of states.entries()) {
        expect(codeOf(await graphql(open, change, { token: open.createAccessToken(`a-${index}`) }))).toBe(
          code,
        );
      }
    } finally {
      await open.close();
    }
  });

  test('tokens of another installation, and changed ones, are refused', async () => {
    const other = await startCoralEmulator();
    const foreign = other.accessToken;
    await other.close();
    for (const token of [
      foreign,
      `${emulator.accessToken.slice(0, -3)}abc`,
      'a.b.c',
      ssoToken({ jti: 'x' }, 'x'),
    ]) {
      const answer = await graphql(emulator, '{ viewer { id } }', { token });
      expect(answer.status).toBe(401);
      expect(answer.body.error?.code).toBe('TOKEN_INVALID');
    }
  });
});
