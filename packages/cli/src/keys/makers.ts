import { randomBytes } from 'node:crypto';

/** A secret that this command can make, or where it is made instead. */
export type KeyRow =
  | {
      readonly name: string;
      readonly make: () => string;
      /** What it is, and where else it has to be entered. */
      readonly note: string;
    }
  | { readonly name: string; readonly madeBy: string };

const hex = (bytes: number) => () => randomBytes(bytes).toString('hex');

/** All secrets of the environment. */
export const keyTable = [
  {
    name: 'FORUM_SSO_KEYS',
    make: () => randomBytes(32).toString('base64'),
    note: "the site's own key; to change it, put the new one in front of the old one, with a comma between them",
  },
  {
    name: 'DISCOURSE_CONNECT_SECRET',
    make: hex(32),
    note: 'the same into Discourse: "discourse connect secret"',
  },
  {
    name: 'DISCOURSE_LOGIN_SECRET',
    make: hex(32),
    note: 'the same into Discourse: a line "<host of the site>|<secret>" of "discourse connect provider secrets"',
  },
  {
    name: 'DISCOURSE_WEBHOOK_SECRET',
    make: hex(32),
    note: 'the same into the webhook in Discourse: "secret"',
  },
  {
    name: 'DISCOURSE_API_KEY',
    // WordPress strips everything but small letters, digits, "_" and "-".
    make: hex(32),
    note: 'the same into clients that take the site for a Discourse forum: their "API key"',
  },
  {
    name: 'FRUUM_SECRET',
    make: () => randomBytes(32).toString('base64url'),
    note: 'known to the site alone',
  },
  {
    name: 'FRUUM_CALLER',
    make: () => `fruum:${randomBytes(24).toString('base64url')}`,
    note: 'into the auth URL given to Fruum: https://<name>:<password>@<site>/…',
  },
  {
    name: 'DISCOURSE_ADMIN_API_KEY',
    madeBy: 'Discourse makes it: Admin, API, New API Key, for a single user that is an admin',
  },
  { name: 'TALKYARD_API_SECRET', madeBy: 'Talkyard makes it: Admin, API' },
  {
    name: 'TALKYARD_PASETO_SECRET',
    madeBy: 'Talkyard makes it: Admin, Settings, Login, Single Sign-On; "hex:" is part of it',
  },
  {
    name: 'CORAL_SSO_SECRET',
    madeBy: 'Coral makes it: Configure, Authentication, Single Sign On; "ssosec_" is part of it',
  },
  { name: 'CORAL_SSO_KID', madeBy: 'Coral makes it, beside the key' },
  { name: 'CORAL_ACCESS_TOKEN', madeBy: 'Coral makes it: a personal access token of an administrator' },
  { name: 'CORAL_WEBHOOK_SECRET', madeBy: 'Coral makes it: Configure, Webhooks; "whsec_" is part of it' },
] as const satisfies readonly KeyRow[];
