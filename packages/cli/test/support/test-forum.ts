import { randomBytes } from 'node:crypto';

import { type DiscourseEmulator, startDiscourseEmulator } from '@forum-sso/emulators/discourse';

const connectSecret = randomBytes(32).toString('hex');
const apiKey = randomBytes(32).toString('hex');

/** The site's own variables; the same for all tests of a file, so that journals fit. */
export const siteVariables = {
  FORUM_SSO_BASE_URL: 'http://localhost:3000/sso',
  FORUM_SSO_KEYS: randomBytes(32).toString('hex'),
};

/** An emulated forum that takes as much as it gets, and the environment of a site that pushes to it. */
export async function startTestForum(
  options: Parameters<typeof startDiscourseEmulator>[0] = {},
): Promise<{ readonly forum: DiscourseEmulator; env(url?: string): Record<string, string> }> {
  const forum = await startDiscourseEmulator({
    connectUrl: `${siteVariables.FORUM_SSO_BASE_URL}/discourse`,
    connectSecret,
    apiKeys: [{ key: apiKey }],
    rateLimits: { adminApiPerMinute: 1_000_000 },
    ...options,
    settings: {
      // The site's word counts for addresses and names.
      auth_overrides_email: true,
      email_editable: false,
      auth_overrides_name: true,
      ...options.settings,
    },
  });
  return {
    forum,
    env: (url = forum.origin) => ({
      ...siteVariables,
      DISCOURSE_URL: url,
      DISCOURSE_CONNECT_SECRET: connectSecret,
      DISCOURSE_ADMIN_API_KEY: apiKey,
    }),
  };
}
