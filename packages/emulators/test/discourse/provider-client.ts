import type { DiscourseEmulator, DiscourseEmulatorOptions, SeedUser } from '../../src/discourse/index.js';
import { parseMessage, writePayload, writeQuery } from '../../src/discourse/protocol/connect-message.js';
import type { ConnectMessage } from '../../src/discourse/protocol/fields.js';
import { startPlainForum } from './site.js';

const clientSecret = 'a-line-of-the-provider-secrets';
export const returnUrl = 'https://client.example.com/callback';

export const sam: SeedUser = {
  username: 'sam',
  email: 'sam@example.com',
  name: 'Sam Saffron',
  groups: ['makers'],
};

/** A forum that logs people in to one client. */
export function startProvider({
  settings,
  ...options
}: DiscourseEmulatorOptions = {}): Promise<DiscourseEmulator> {
  return startPlainForum({
    users: [sam],
    settings: {
      enable_discourse_connect_provider: true,
      discourse_connect_provider_secrets: `client.example.com|${clientSecret}`,
      ...settings,
    },
    ...options,
  });
}

/** The query that a client sends its visitor to the forum with. */
export function requestQuery(
  fields: Readonly<Record<string, string | boolean>> = {},
  custom: Readonly<Record<string, string>> = {},
): string {
  const payload = writePayload(
    { nonce: 'n'.repeat(128), return_sso_url: returnUrl, ...fields },
    Object.entries(custom),
  );
  return writeQuery(payload, clientSecret);
}

export function requestUrl(forum: DiscourseEmulator, ...given: Parameters<typeof requestQuery>): string {
  return `${forum.origin}/session/sso_provider?${requestQuery(...given)}`;
}

/** The verified answer in an address that the browser is sent to. */
export function answerIn(location: string, secret = clientSecret): ConnectMessage {
  return parseMessage(new URL(location).search.slice(1), secret);
}
