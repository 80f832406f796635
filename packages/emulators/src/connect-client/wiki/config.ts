/** The configuration of the extension DiscourseSsoConsumer, under its own names. */
export interface WikiConfig {
  /** Base address of the forum, or of whatever stands in for it, without a slash at the end. */
  readonly DiscourseUrl: string;
  readonly Sso: {
    readonly Enable: boolean;
    readonly ProviderEndpoint: string;
    readonly SharedSecret: string | null;
    readonly EnableSeamlessLogin: boolean;
    readonly EnableAutoRelogin: boolean;
  };
  readonly User: {
    readonly LinkExistingBy: readonly ('username' | 'email')[];
    readonly ExposeName: boolean;
    readonly ExposeEmail: boolean;
    /** Groups of the wiki, each with the forum's groups that give it; `@ADMIN@` and `@MODERATOR@` stand for the flags. */
    readonly GroupMaps: Readonly<Record<string, readonly string[]>> | null;
  };
  readonly DiscourseApi: {
    readonly Username: string;
    readonly Key: string | null;
    readonly EnableLogout: boolean;
    readonly LogoutEndpoint: string;
  };
  readonly Webhook: {
    readonly Enable: boolean;
    readonly SharedSecret: string | null;
    readonly AllowedIpList: readonly string[];
    readonly IgnoredEvents: readonly string[];
  };
  readonly Logout: {
    readonly OfferGlobalOptionToUser: boolean;
    readonly ForwardToDiscourse: boolean;
    readonly HandleEventFromDiscourse: boolean;
  };
}

/** What of it is given; the rest has the extension's defaults. */
export type GivenWikiConfig = {
  readonly [Part in keyof WikiConfig]?: WikiConfig[Part] extends string
    ? string
    : Partial<WikiConfig[Part]> | undefined;
} & { readonly DiscourseUrl: string };

/**
 * Puts the extension's defaults in, and checks what it checks.
 * @throws TypeError where a wiki would not start
 */
export function readWikiConfig(given: GivenWikiConfig): WikiConfig {
  const config: WikiConfig = {
    DiscourseUrl: given.DiscourseUrl,
    Sso: {
      Enable: false,
      ProviderEndpoint: '/session/sso_provider',
      SharedSecret: null,
      EnableSeamlessLogin: false,
      EnableAutoRelogin: false,
      ...given.Sso,
    },
    User: { LinkExistingBy: [], ExposeName: false, ExposeEmail: false, GroupMaps: null, ...given.User },
    DiscourseApi: {
      Username: 'system',
      Key: null,
      EnableLogout: false,
      LogoutEndpoint: '/admin/users/{id}/log_out.json',
      ...given.DiscourseApi,
    },
    Webhook: {
      Enable: false,
      SharedSecret: null,
      AllowedIpList: [],
      IgnoredEvents: ['user_created'],
      ...given.Webhook,
    },
    Logout: {
      OfferGlobalOptionToUser: false,
      ForwardToDiscourse: false,
      HandleEventFromDiscourse: false,
      ...given.Logout,
    },
  };
  const { Sso, DiscourseApi, Webhook, Logout } = config;
  if (!/^https?:\/\/[^?#]*[^/?#]$/i.test(config.DiscourseUrl))
    throw new TypeError('DiscourseUrl is an http(s) address without a slash at the end.');
  if (Sso.Enable && (Sso.SharedSecret ?? '') === '')
    throw new TypeError('Sso.Enable needs Sso.SharedSecret.');
  if (DiscourseApi.EnableLogout && (DiscourseApi.Key ?? '') === '')
    throw new TypeError('DiscourseApi.EnableLogout needs DiscourseApi.Key.');
  if (Webhook.Enable && ((Webhook.SharedSecret ?? '') === '' || Webhook.AllowedIpList.length === 0))
    throw new TypeError('Webhook.Enable needs Webhook.SharedSecret and Webhook.AllowedIpList.');
  if (Logout.ForwardToDiscourse && !Sso.Enable)
    throw new TypeError('Logout.ForwardToDiscourse needs Sso.Enable.');
  if (Logout.ForwardToDiscourse && Logout.OfferGlobalOptionToUser && !DiscourseApi.EnableLogout)
    throw new TypeError(
      'Logout.OfferGlobalOptionToUser with ForwardToDiscourse needs DiscourseApi.EnableLogout.',
    );
  if (Logout.HandleEventFromDiscourse && !Webhook.Enable)
    throw new TypeError('Logout.HandleEventFromDiscourse needs Webhook.Enable.');
  return config;
}
