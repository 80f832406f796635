import { styleSource } from '../pages/style.js';

/** What a page may load besides our own style. */
export interface PageSources {
  /** For the page's own script elements. */
  readonly nonce: string;
  /** Origin of the community that the page has inside. */
  readonly peer: string;
  /** True: the community brings style, fonts and pictures of its own. */
  readonly styled: boolean;
}

/**
 * The content security policy of a page; without sources it has no script and loads nothing.
 * @param pictures addresses of pictures that are loaded all the same
 */
export function contentPolicy(
  formTargets: readonly string[],
  pictures: readonly string[],
  sources?: PageSources,
): string {
  return [
    "default-src 'none'",
    `style-src ${sources?.styled === true ? `'unsafe-inline' ${sources.peer}` : styleSource}`,
    ...(sources === undefined ? [] : peerDirectives(sources)),
    ...(pictures.length === 0
      ? []
      : [`img-src ${pictures.map((address) => new URL(address).origin).join(' ')}`]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
  ].join('; ');
}

function peerDirectives({ nonce, peer, styled }: PageSources): readonly string[] {
  const sockets = peer.replace(/^http/, 'ws');
  return [
    `script-src 'nonce-${nonce}' ${peer}`,
    `connect-src 'self' ${peer} ${sockets}`,
    `frame-src ${peer}`,
    ...(styled ? [`font-src ${peer} data:`, `img-src ${peer} https: data:`] : []),
  ];
}
