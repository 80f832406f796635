import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import type { Connector } from '../../src/connector.js';
import { coral } from '../../src/coral/index.js';
import { discourse, discourseConnectProvider, discourseLogin } from '../../src/discourse/index.js';
import { isForumSsoError } from '../../src/errors.js';
import { createForumSso } from '../../src/forum-sso.js';
import { fruum } from '../../src/fruum/index.js';
import { talkyard } from '../../src/talkyard/index.js';

/** As a caller without a type checker gives them. */
function problemsOf(connector: (options: never) => Connector, options: unknown): readonly string[] {
  try {
    createForumSso({
      baseUrl: 'https://site.example.com/sso',
      keys: randomBytes(32).toString('hex'),
      connectors: [Reflect.apply(connector, undefined, [options])],
    });
  } catch (error) {
    if (isForumSsoError(error)) return error.problems;
    throw error;
  }
  return [];
}

/** What is wrong in shape, at the top and further down, beside what is wrong in value; and what each is told by. */
const wrong: readonly [string, (options: never) => Connector, object, readonly string[]][] = [
  [
    'discourse',
    discourse,
    {
      forumUrl: 'http://forum.example.com',
      secret: 'sh0rt',
      groups: { mode: 'managed', names: ['a,b'] },
      api: { key: 'two words', callsPerMinute: 0, more: 1 },
      mapUser: 'x',
    },
    [
      'forumUrl',
      '(DISCOURSE_CONNECT_SECRET',
      'groups.names.0',
      'api.key',
      'api.callsPerMinute',
      'api:',
      'mapUser',
    ],
  ],
  [
    'discourseLogin',
    discourseLogin,
    {
      forumUrl: 'ftp://forum.example.com',
      secret: 'sh0rt',
      flavour: 'phpbb',
      groupMap: { editors: [1], writers: ['a'] },
      linkBy: ['email', 7],
      findSiteUser: 'x',
      api: { key: 'two words', user: 5, logOutPath: 'x' },
      webhook: { secret: 'sh0rt', allowedIps: ['forum', '10.0.0.0/8'], ignoredEvents: 1 },
      logout: { followForum: 1, offerEverywhere: true, forwardToForum: true },
    },
    [
      'forumUrl',
      '(DISCOURSE_LOGIN_SECRET',
      'flavour',
      'groupMap.editors.0',
      'groupMap needs updateSiteUser',
      'linkBy.1',
      'forumConfirmsEmails',
      'findSiteUser: ',
      'findSiteUser and createSiteUser belong together',
      'api.key (DISCOURSE_ADMIN_API_KEY)',
      'api.user',
      'api.logOutPath',
      '(DISCOURSE_WEBHOOK_SECRET',
      '"forum"',
      'webhook.ignoredEvents',
      'logout.followForum',
    ],
  ],
  [
    'discourseConnectProvider',
    discourseConnectProvider,
    {
      clients: [
        'a.example|sh0rt',
        { domain: 'b.example', secret: 'sh0rt too', returnUrls: ['x'] },
        '*|0123456789',
      ],
      path: 'x',
      numberOf: 5,
      apiKey: 'sh0rt',
      webhooks: ['http://a.example/hook|sh0rt'],
      authority: { domain: 'a b', applyUser: 1 },
    },
    [
      'the secret of the client "a.example"',
      'the secret of the client "b.example"',
      'returnUrls of the client "b.example"',
      '"*" matches hosts of strangers',
      'path: ',
      'numberOf: ',
      'numberOf and siteUserOf belong together',
      'apiKey (DISCOURSE_API_KEY)',
      'webhooks (WEBHOOK_TARGETS): the address',
      'the secret in webhooks (WEBHOOK_TARGETS)',
      'authority.domain',
      'authority.applyUser',
      'clients know people by whole numbers',
    ],
  ],
  [
    'talkyard',
    talkyard,
    {
      serverUrl: 'http://talk.example.com',
      apiSecret: 'sh0rt',
      pasetoSecret: 'hex:00',
      allowEmbeddingFrom: ['https://*.example.com', 'ftp://blog.example.com'],
      embeddedReturn: 'by-plane',
      staffFlags: 'yes',
      webhook: { pathSecret: 'sh0rt' },
    },
    [
      'serverUrl',
      'apiSecret (TALKYARD_API_SECRET',
      'pasetoSecret (TALKYARD_PASETO_SECRET)',
      '"https://*.example.com"',
      '"ftp://blog.example.com"',
      'embeddedReturn',
      'staffFlags',
      'webhook.pathSecret',
      'webhook.onHint',
    ],
  ],
  [
    'coral',
    coral,
    {
      coralUrl: 'https://comments.example.com/path',
      secret: 'whsec_1',
      kid: 'two words',
      expiresIn: 901,
      origins: ['news', 'https://news.example.com/'],
      api: { accessToken: 'x', provision: 'yes' },
      webhook: { secret: 'whsec_1' },
    },
    [
      'coralUrl',
      'secret (CORAL_SSO_SECRET',
      'kid (CORAL_SSO_KID',
      'expiresIn',
      'origins[0]',
      'origins[1]',
      'api.accessToken (CORAL_ACCESS_TOKEN',
      'api.provision',
      'webhook.secret (CORAL_WEBHOOK_SECRET',
      'webhook.onEvent',
    ],
  ],
  [
    'fruum',
    fruum,
    {
      forumId: '',
      secret: 'sh0rt',
      caller: 'no colon and two words',
      fruumUrl: 'http://help.example.com',
      findUser: 'x',
      hashLife: 5,
      rateLimit: { requests: 0, seconds: 60 },
    },
    ['forumId', 'FRUUM_SECRET', 'FRUUM_CALLER', 'fruumUrl', 'findUser', 'hashLife', 'rateLimit.requests'],
  ],
];

describe.each(wrong)('%s', (_, connector, options, named) => {
  const problems = problemsOf(connector, options);

  test.each(named)('tells of %s in the same list', (part) => {
    expect(problems.join('\n')).toContain(part);
  });

  test('tells of nothing twice, and of no value that may be a secret', () => {
    expect(problems).toHaveLength(new Set(problems).size);
    expect(problems).toHaveLength(named.length);
    expect(problems.join('\n')).not.toMatch(/sh0rt|two words|no colon|whsec_1\b|\.invalid/);
  });

  test.each([undefined, null, 5, 'x', [], {}])('%j is no exception of another kind', (junk) => {
    expect(problemsOf(connector, junk).length).toBeGreaterThan(0);
  });

  test.each(Object.keys(options))('nor is junk in %s', (option) => {
    for (const junk of [null, 5, 'x', [null], { x: null }, () => {}, Symbol.iterator]) {
      expect(problemsOf(connector, { ...options, [option]: junk }).length).toBeGreaterThan(0);
    }
  });
});
