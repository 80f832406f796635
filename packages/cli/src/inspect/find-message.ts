/** The parts of a DiscourseConnect message, as they were found in a text. */
export interface FoundMessage {
  /** The address up to its query; null when the text was no address. */
  readonly address: string | null;
  /** As it stands, percent-encoded or not. */
  readonly sso: string;
  readonly sig: string | null;
  /** Names of parameters that stand more than once. */
  readonly repeated: readonly string[];
  /** Somewhere in the query stands a "%" without two hex digits. */
  readonly brokenEscape: boolean;
  /** Neither the query of an address nor of a form: `sso` was given as such. */
  readonly bare: boolean;
}

/** Finds a message in a text: the address or query that carries one, a bare base64 payload, or the payload itself. */
export function findMessage(text: string, sig: string | undefined): FoundMessage | null {
  const found = /(?:^|[?&;\s'"])sso=([^&#\s'"]*)/.exec(text);
  if (found !== null) {
    const [, given] = /(?:^|[?&;\s'"])sig=([^&#\s'"]*)/.exec(text) ?? [];
    const [address] = /^[a-z][\w+.-]*:\/\/[^?#\s]*/i.exec(text) ?? [null];
    const repeated = ['sso', 'sig'].filter(
      (name) => [...text.matchAll(new RegExp(`(?:^|[?&;])${name}=`, 'g'))].length > 1,
    );
    const brokenEscape = /%(?![\da-f]{2})/i.test(text.slice(text.indexOf('?') + 1));
    return { address, sso: found[1] ?? '', sig: sig ?? given ?? null, repeated, brokenEscape, bare: false };
  }
  const compact = text.replace(/[\r\n]/g, '');
  if (
    /^[A-Za-z0-9+/_=%-]{8,}$/.test(compact) &&
    looksLikePayload(Buffer.from(undoOnce(compact), 'base64').toString('utf8'))
  ) {
    return { address: null, sso: text, sig: sig ?? null, repeated: [], brokenEscape: false, bare: true };
  }
  return null;
}

/** True for `nonce=…&return_sso_url=…` and the like. */
export function looksLikePayload(text: string): boolean {
  return /(?:^|&)(?:nonce|external_id|email|return_sso_url|username)=/.test(text);
}

/** Undoes the encoding of a form or query once. */
export function undoOnce(text: string): string {
  const plain = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}
