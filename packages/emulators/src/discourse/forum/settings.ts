import { readProviderSecrets } from '../protocol/provider-secrets.js';

/** The site settings that the emulator knows, under Discourse's own names. Lists are separated with `|`. */
export interface DiscourseSettings {
  /** People log in at the site. On unless set otherwise. */
  enable_discourse_connect: boolean;
  /** The site's address that login requests go to. */
  discourse_connect_url: string;
  /** Hosts besides the forum's own that a return path may name; exact names, or `*` for all. */
  discourse_connect_allowed_redirect_domains: string;
  /** Where people go who wait for approval. Empty: they see a page here. */
  discourse_connect_not_approved_url: string;
  /** Hidden setting: a nonce belongs to the browser session that it was made in. */
  discourse_connect_csrf_protection: boolean;
  discourse_connect_overrides_avatar: boolean;
  discourse_connect_overrides_profile_background: boolean;
  discourse_connect_overrides_card_background: boolean;
  discourse_connect_overrides_bio: boolean;
  /** `groups` is the whole list of non-automatic groups; absent counts as empty. */
  discourse_connect_overrides_groups: boolean;
  /** The forum logs people in to sites: `/session/sso_provider`. */
  enable_discourse_connect_provider: boolean;
  /** One line `domain|secret` for each site; a domain may begin with `*`. */
  discourse_connect_provider_secrets: string;
  /** A log-out ends all sessions of the person, in every browser, and only then webhooks hear of it. */
  log_out_strict: boolean;
  /** People may log in here; only while DiscourseConnect is off. */
  enable_local_logins: boolean;
  /** People may sign up here; only while DiscourseConnect is off. */
  allow_new_registrations: boolean;
  /** Webhooks that were answered with an error are sent again, up to four times. */
  retry_web_hook_events: boolean;
  /** Needs `email_editable` off. */
  auth_overrides_email: boolean;
  auth_overrides_username: boolean;
  auth_overrides_name: boolean;
  email_editable: boolean;
  must_approve_users: boolean;
  login_required: boolean;
  /** Where the browser goes after a log-out on the forum. Empty: the home page. */
  logout_redirect: string;
  allow_user_locale: boolean;
  use_name_for_username_suggestions: boolean;
  use_email_for_username_and_name_suggestions: boolean;
  unicode_usernames: boolean;
  min_username_length: number;
  max_username_length: number;
  /** `*` stands for any characters. */
  reserved_usernames: string;
  blocked_email_domains: string;
  /** When set, only these. */
  allowed_email_domains: string;
  default_trust_level: number;
  title: string;
}

/** States of a forum that are not site settings. */
export interface ForumModes {
  /** Nothing can be written: logins answer 503. */
  readOnly: boolean;
  /** Discourse of 2026: people with an account may log in, new ones are not made. */
  archived: boolean;
  /** IP addresses that may not log in. */
  blockedIps: readonly string[];
}

/** Discourse's defaults, except that DiscourseConnect is on. */
export const defaultSettings: Readonly<DiscourseSettings> = {
  enable_discourse_connect: true,
  discourse_connect_url: '',
  discourse_connect_allowed_redirect_domains: '',
  discourse_connect_not_approved_url: '',
  discourse_connect_csrf_protection: true,
  discourse_connect_overrides_avatar: false,
  discourse_connect_overrides_profile_background: false,
  discourse_connect_overrides_card_background: false,
  discourse_connect_overrides_bio: false,
  discourse_connect_overrides_groups: false,
  enable_discourse_connect_provider: false,
  discourse_connect_provider_secrets: '',
  log_out_strict: true,
  enable_local_logins: true,
  allow_new_registrations: true,
  retry_web_hook_events: false,
  auth_overrides_email: false,
  auth_overrides_username: false,
  auth_overrides_name: false,
  email_editable: true,
  must_approve_users: false,
  login_required: false,
  logout_redirect: '',
  allow_user_locale: false,
  use_name_for_username_suggestions: true,
  use_email_for_username_and_name_suggestions: false,
  unicode_usernames: false,
  min_username_length: 3,
  max_username_length: 20,
  reserved_usernames:
    'admin|moderator|administrator|mod|sys|system|community|info|you|name|username|user|nickname|discourse|discourseorg|discourseforum|support',
  blocked_email_domains: 'mailinator.com',
  allowed_email_domains: '',
  default_trust_level: 0,
  title: 'Discourse',
};

/** Why Discourse would not take these settings together; empty when it would. */
export function settingsProblems(settings: Readonly<DiscourseSettings>): readonly string[] {
  const kinds = new Map<string, string>(
    Object.entries(defaultSettings).map(([name, value]) => [name, typeof value]),
  );
  const problems: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    const kind = kinds.get(name);
    if (kind === undefined) problems.push(`${name} is not a setting of the emulator`);
    else if (typeof value !== kind) problems.push(`${name} must be a ${kind}`);
  }
  if (settings.auth_overrides_email && settings.email_editable) {
    problems.push('auth_overrides_email needs email_editable to be off');
  }
  if (settings.enable_discourse_connect && settings.discourse_connect_url === '') {
    problems.push('enable_discourse_connect needs discourse_connect_url');
  }
  const { min_username_length: min, max_username_length: max, default_trust_level: level } = settings;
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 1 || max < min || max > 60) {
    problems.push('min_username_length and max_username_length must be whole numbers, 1 ≤ min ≤ max ≤ 60');
  }
  if (![0, 1, 2, 3, 4].includes(level)) problems.push('default_trust_level must be 0, 1, 2, 3 or 4');
  return problems;
}

/** Splits a list setting. */
export function listSetting(value: string): readonly string[] {
  return value.split('|').filter((item) => item !== '');
}

/** The settings without what is secret in them: of the lines for sites, only the domains are left. */
export function publicSettings(settings: Readonly<DiscourseSettings>): Readonly<DiscourseSettings> {
  const domains = readProviderSecrets(settings.discourse_connect_provider_secrets).map(
    ({ domain }) => domain,
  );
  return { ...settings, discourse_connect_provider_secrets: domains.join('\n') };
}
