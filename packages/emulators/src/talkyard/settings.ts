/** The settings of a Talkyard site that matter to single sign-on, by Talkyard's internal names. */
export interface TalkyardSettings {
  /** Off: every call with an `Authorization` header is refused. */
  readonly enableApi: boolean;
  /** Template of the site's login address. */
  readonly ssoUrl: string;
  /** Sends people to {@link ssoUrl}. The endpoints work without. */
  readonly enableSso: boolean;
  /** Where to go after each log-out. */
  readonly ssoLogoutRedirUrl: string;
  /** Where to go after a log-out from a page that only members may see. */
  readonly ssoLoginRequiredLogoutUrl: string;
  /** Key of the comment tokens. */
  readonly ssoPasetoV2LocalSecret: string;
  /** One origin a line; `#` begins a comment. */
  readonly allowEmbeddingFrom: string;
  /** Only members may read. */
  readonly userMustBeAuthenticated: boolean;
}

export const defaultSettings: TalkyardSettings = {
  enableApi: true,
  ssoUrl: '',
  enableSso: false,
  ssoLogoutRedirUrl: '',
  ssoLoginRequiredLogoutUrl: '',
  ssoPasetoV2LocalSecret: '',
  allowEmbeddingFrom: '',
  userMustBeAuthenticated: false,
};

/** Why Talkyard would not save these settings; undefined when it would. */
export function settingsProblem(settings: TalkyardSettings): string | undefined {
  const { ssoUrl, enableSso, ssoLogoutRedirUrl, ssoLoginRequiredLogoutUrl, ssoPasetoV2LocalSecret } =
    settings;
  if (ssoUrl.length >= 200) return 'The single sign-on URL must have fewer than 200 characters.';
  if (enableSso && ssoUrl === '') return 'Single sign-on cannot be switched on without a URL.';
  if (ssoLogoutRedirUrl !== '' && !/^https?:\/\/\S{1,2090}$/.test(ssoLogoutRedirUrl)) {
    return 'The log-out redirect URL must begin with http(s), hold no blanks, and have at most 2,100 characters.';
  }
  if (ssoLoginRequiredLogoutUrl.length > 200)
    return 'The log-out URL for members-only sites must have at most 200 characters.';
  if (ssoPasetoV2LocalSecret !== '') {
    if (!/^(?:hex|base64):/.test(ssoPasetoV2LocalSecret))
      return 'The PASETO secret must begin with hex: or base64:.';
    const { length } = ssoPasetoV2LocalSecret;
    if (length < 24 || length > 249) return 'The PASETO secret must have 24 to 249 characters.';
  }
  return undefined;
}

/**
 * The sources that may embed comments. A line without a scheme means https (and http, while Talkyard itself is not on
 * https); an http line means its https twin, too. Paths are dropped. What has a wildcard in it matches nothing.
 */
export function embeddingSources(
  { allowEmbeddingFrom }: TalkyardSettings,
  serverOrigin: string,
): readonly string[] {
  const sources: string[] = [];
  for (const line of allowEmbeddingFrom.split('\n')) {
    const entry = line.replace(/#.*$/, '').trim();
    const [, scheme, host] = /^(https?:\/\/)?([\w.-]+(?::\d+)?)(?:\/.*)?$/i.exec(entry) ?? [];
    if (host === undefined) continue;
    sources.push(`https://${host}`);
    const plain =
      scheme === undefined ? serverOrigin.startsWith('http:') : scheme.toLowerCase() === 'http://';
    if (plain) sources.push(`http://${host}`);
  }
  return sources;
}
