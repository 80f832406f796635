import { deepStrictEqual, strictEqual } from 'node:assert';
import { createHmac } from 'node:crypto';

import { type DiscourseFields, signMessage, verifyMessage } from '@forum-sso/core/discourse';
import DiscourseSso from 'discourse-sso';

import { compare, type Row, type RowGroup, repeated, takeTurns } from './measure.js';

const secret = 'd836444a9e4084d5b224a60c208dce14';
const otherSecrets = ['5f1c3d7a9e2b4d6f8a0c1e3b5d7f9a2c', '0b2d4f6a8c1e3a5c7e9b1d3f5a7c9e0d'];

/** A usual answer to a forum. */
const fields = {
  nonce: 'cb68251eefb5211e58c00ff1395f0c0b',
  externalId: '4711',
  email: 'sam+forum@example.com',
  username: 'samsam',
  name: 'Sam Saffron ~ synths',
  avatarUrl: 'https://cdn.example.com/avatars/4711.png',
  website: 'https://sam.example.com/',
  location: 'Utrecht',
  admin: false,
  moderator: false,
  groups: ['eurorack', 'synths'],
  requireActivation: true,
} satisfies DiscourseFields;

/** The same for a package that takes the names on the wire. */
const wireFields = {
  nonce: fields.nonce,
  external_id: fields.externalId,
  email: fields.email,
  username: fields.username,
  name: fields.name,
  avatar_url: fields.avatarUrl,
  website: fields.website,
  location: fields.location,
  admin: fields.admin,
  moderator: fields.moderator,
  groups: fields.groups.join(','),
  require_activation: fields.requireActivation,
};

/** The DiscourseConnect message, beside one HMAC of the same bytes with the secret as text. */
export const codec: RowGroup = {
  name: 'codec',
  rows: async (): Promise<readonly Row[]> => {
    const openMessage = await connectorForm();
    const message = signMessage(fields, secret);
    const { sso, sig } = message;
    const forged = { sso, sig: (sig.startsWith('0') ? '1' : '0') + sig.slice(1) };
    const rotated = [...otherSecrets, secret];
    const peer = new DiscourseSso(secret);

    deepStrictEqual(verifyMessage(message, rotated), fields);
    strictEqual(Reflect.get(Object(openMessage(forged, [secret])), 'refused'), 'ERR_SSO_SIGNATURE_INVALID');
    strictEqual(peer.validate(sso, sig) && peer.getNonce(sso), fields.nonce);

    const floor = 'one HMAC';
    const costs = await takeTurns(
      [
        repeated(floor, () => createHmac('sha256', secret).update(sso).digest('hex')),
        repeated('signMessage', () => signMessage(fields, secret)),
        repeated('discourse-sso sign', () => peer.buildLoginString(wireFields)),
        repeated('verifyMessage', () => verifyMessage(message, secret)),
        repeated('discourse-sso verify', () => peer.validate(sso, sig) && peer.getNonce(sso)),
        repeated('verifyMessage, 3 secrets', () => verifyMessage(message, rotated)),
        repeated('refusal', () => openMessage(forged, [secret])),
      ],
      // A turn is 20 ms, shorter than a neighbour's turn on a shared machine: only many of them even that out.
      41,
    );
    const row = (name: string, subject: string, atMost?: number) =>
      compare(name, costs, { subject, floor, ...(atMost === undefined ? {} : { target: { atMost } }) });
    return [
      row('sign 12 fields', 'signMessage', 2.4),
      row('  the same with discourse-sso', 'discourse-sso sign'),
      row('verify and decode, one secret', 'verifyMessage', 4.4),
      row('  verify, nonce only, with discourse-sso', 'discourse-sso verify'),
      row('verify and decode, third of 3 secrets', 'verifyMessage, 3 secrets', 6.5),
      row('refuse a wrong signature', 'refusal', 2),
    ];
  },
};

/** What connectors call: it gives refusals back rather than throwing them, and is no export of the package. */
async function connectorForm(): Promise<(message: unknown, keys: readonly string[]) => unknown> {
  const entry = import.meta.resolve('@forum-sso/core/discourse');
  const module: unknown = await import(new URL('./protocol/message.js', entry).href);
  if (typeof module !== 'object' || module === null || !('openMessage' in module))
    throw new Error('No openMessage.');
  const { openMessage } = module;
  if (typeof openMessage !== 'function') throw new Error('No openMessage.');
  return (message, keys) => openMessage(message, keys);
}
