import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';

import { CoralApi, coral } from '../src/coral/index.js';
import { DiscourseApi, discourse, discourseConnectProvider, discourseLogin } from '../src/discourse/index.js';
import { createForumSso } from '../src/forum-sso.js';
import { fruum } from '../src/fruum/index.js';
import { readKeyRing } from '../src/keys/key-ring.js';
import { prepareSecrets, secretKinds } from '../src/secrets.js';
import { TalkyardApi, talkyard } from '../src/talkyard/index.js';

const hex = randomBytes(32).toString('hex');
/** One half of each secret: enough to notice any of them. */
const telltale = hex.slice(0, 32);

const coralOptions = {
  coralUrl: 'https://comments.example.com',
  secret: `ssosec_${hex}`,
  kid: '0123456789abcdef',
};
const personalToken = `${hex}.${Buffer.from('{"pat":true}').toString('base64url')}.${hex}`;
const connectors = {
  discourse: discourse({ forumUrl: 'https://forum.example.com', secret: `1${hex}`, api: { key: `2${hex}` } }),
  discourseLogin: discourseLogin({ forumUrl: 'https://forum.example.com', secret: [`3${hex}`] }),
  provider: discourseConnectProvider({
    clients: `wiki.example.com|4${hex}`,
    apiKey: `5${hex}`,
    numberOf: () => 1,
    siteUserOf: () => null,
  }),
  talkyard: talkyard({
    serverUrl: 'https://talk.example.com',
    apiSecret: `6${hex}`,
    pasetoSecret: `hex:${hex}`,
  }),
  coral: coral(coralOptions),
  fruum: fruum({ forumId: 'forum', secret: `7${hex}`, caller: `fruum:8${hex}` }),
};

const sso = createForumSso({
  baseUrl: 'https://site.example.com/sso',
  keys: hex,
  connectors: Object.values(connectors),
  findUser: async () => null,
});

// People print what they are looking for an error in.
test.each<[string, unknown]>([
  ...Object.entries(connectors),
  ['forumSso', sso],
  ['a key ring', readKeyRing([hex], 'https://site.example.com')],
  ['secrets', prepareSecrets([hex, `9${hex}`], 'secret', secretKinds.connect, new Date())],
  [
    'DiscourseApi',
    new DiscourseApi({ forumUrl: 'https://forum.example.com', apiKey: hex, connectSecret: `1${hex}` }),
  ],
  ['TalkyardApi', new TalkyardApi({ serverUrl: 'https://talk.example.com', apiSecret: hex })],
  ['CoralApi', new CoralApi({ coralUrl: 'https://comments.example.com', accessToken: personalToken })],
])('%s shows no secret when it is printed', (_, value) => {
  const printed = inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: false });
  expect(printed).not.toContain(telltale);
  expect(JSON.stringify(value)).not.toContain(telltale);
});
