/** The page from which somebody wants to log in. */
export interface SsoPage {
  /** Of the page the person looks at: an embedding page's, where there is one. */
  readonly origin: string;
  /** Path with query. */
  readonly path: string;
  /** The address's fragment with "#", or the empty string. */
  readonly hash: string;
  /** The post that was acted upon, `#post-7`; undefined for a mere log-in button. */
  readonly anchor?: string | undefined;
}

/**
 * Puts the page into the template of the single sign-on URL, as Talkyard's browser script does: the first occurrence of
 * each placeholder, the older ones raw. Also runs in the emulator's pages, so it may use nothing from around it.
 */
export function fillSsoUrl(template: string, { origin, path, hash, anchor }: SsoPage): string {
  const rawPath = anchor === undefined ? path + hash : `${path}__dwHash__${anchor.slice(1)}`;
  const values: readonly (readonly [name: string, value: string])[] = [
    ['talkyardPathQueryEscHash', rawPath],
    ['talkyardUrlDangerous', origin + rawPath],
    ['talkyardOriginDangerous', origin],
    ['returnToPathQueryHash', encodeURIComponent(path + (anchor === undefined ? hash : anchor))],
    ['returnToOrigin', encodeURIComponent(`check_if_legit!${origin}`)],
  ];
  return values.reduce((url, [name, value]) => url.replace(`$${'{'}${name}}`, () => value), template);
}
