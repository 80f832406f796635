import { z } from 'zod';

import { withoutControlCharacters } from './control-characters.js';
import { type Refusal, refusal } from './errors.js';
import { isHttpUrl } from './http/plain-url.js';
import type { SiteUser } from './site-user.js';
import { emailAddress, listLimits, soundUser, textLimits } from './sound-user.js';

const text = (limit: number) => z.string().max(limit);
/** No control characters: they break logs, headers and other systems' names. */
const line = (limit: number) =>
  text(limit).regex(withoutControlCharacters, 'must not hold control characters');
const httpUrl = (limit: number) =>
  text(limit).refine(isHttpUrl, 'must be an absolute http(s) URL without user name and password');
const names = (limit: number) => z.array(line(listLimits.name)).max(limit);
const custom = z.record(line(100), text(1_000));

/**
 * The schema behind {@link SiteUser}; unknown keys are dropped, so that a whole database row may be passed. What it
 * says holds for `soundUser` as well, which is faster.
 */
export const siteUserSchema: z.ZodType<SiteUser> = z.object({
  id: line(textLimits.id).min(1),
  email: line(textLimits.email).regex(emailAddress, 'must be an e-mail address'),
  emailVerified: z.boolean(),
  username: line(textLimits.username).optional(),
  name: line(textLimits.name).optional(),
  avatarUrl: httpUrl(textLimits.avatarUrl).optional(),
  bio: text(textLimits.bio).optional(),
  website: line(textLimits.website).optional(),
  location: line(textLimits.location).optional(),
  title: line(textLimits.title).optional(),
  locale: line(textLimits.locale).optional(),
  admin: z.boolean().optional(),
  moderator: z.boolean().optional(),
  suspended: z.boolean().optional(),
  groups: names(listLimits.groups).optional(),
  badges: names(listLimits.badges).optional(),
  profileUrl: httpUrl(textLimits.profileUrl).optional(),
  custom: custom.optional(),
});

/** Reads what the site's callback returned. The detail names the fields that are wrong, never their values. */
export function readSiteUser(value: unknown): SiteUser | Refusal {
  const sound = soundUser(value, readCustom);
  if (sound !== null) return sound;
  const result = siteUserSchema.safeParse(value);
  if (result.success) return result.data;
  // The name of a custom field may be anything, so it is not told.
  const faults = result.error.issues.map(({ path: [field = 'user', index], message }) =>
    typeof index === 'number' ? `${String(field)}.${index}: ${message}` : `${String(field)}: ${message}`,
  );
  return refusal(
    'ERR_SITE_USER_INVALID',
    `The site's callback returned a user that cannot be used: ${faults.join('; ')}.`,
  );
}

function readCustom(value: unknown): SiteUser['custom'] {
  return custom.safeParse(value).data;
}
