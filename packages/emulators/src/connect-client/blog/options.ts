/** The options of wp-discourse that have to do with accounts, under the plugin's own names. */
export interface BlogOptions {
  /** "Discourse URL", without a slash at the end. */
  readonly url: string;
  /** "API Key"; without one no call is made. */
  readonly 'api-key': string;
  /** "Publishing Username", as which calls act. */
  readonly 'publish-username': string;
  /** "DiscourseConnect Secret Key": for both roles. */
  readonly 'sso-secret': string;
  /** The blog logs people in with the forum. */
  readonly 'sso-client-enabled': boolean;
  /** An account of the blog with the same address is taken over. */
  readonly 'sso-client-sync-by-email': boolean;
  /** Nobody gets an account of the blog who has none. */
  readonly 'sso-client-disable-create-user': boolean;
  /** A log-out here ends the sessions at the forum. */
  readonly 'sso-client-sync-logout': boolean;
  /** The blog logs people in to the forum. */
  readonly 'enable-sso': boolean;
  /** … and brings them there at each login. */
  readonly 'auto-create-sso-user': boolean;
  readonly 'use-discourse-user-webhook': boolean;
  readonly 'webhook-match-user-email': boolean;
  readonly 'webhook-secret': string;
}

/**
 * Puts the plugin's defaults in, and checks what it checks.
 * @throws TypeError for what the plugin's settings would not take
 */
export function readBlogOptions(given: Partial<BlogOptions> & { readonly url: string }): BlogOptions {
  const options: BlogOptions = {
    'api-key': '',
    'publish-username': 'system',
    'sso-secret': '',
    'sso-client-enabled': false,
    'sso-client-sync-by-email': false,
    'sso-client-disable-create-user': false,
    'sso-client-sync-logout': false,
    'enable-sso': false,
    'auto-create-sso-user': false,
    'use-discourse-user-webhook': false,
    'webhook-match-user-email': false,
    'webhook-secret': '',
    ...given,
  };
  if (!/^https?:\/\/[^?#]*[^/?#]$/i.test(options.url))
    throw new TypeError('The Discourse URL is an http(s) address without a slash at the end.');
  if (options['sso-client-enabled'] && options['enable-sso'])
    throw new TypeError('WordPress is either the client of a forum or its provider, not both.');
  if ((options['sso-client-enabled'] || options['enable-sso']) && options['sso-secret'].length < 10)
    throw new TypeError('The DiscourseConnect secret has at least 10 characters.');
  if (options['use-discourse-user-webhook'] && options['webhook-secret'].length < 12)
    throw new TypeError('The webhook secret has at least 12 characters.');
  return options;
}
