const brand = Symbol.for('@forum-sso/error');

/**
 * What an error of Forum SSO says. Any other error is thrown again.
 *
 * The package's own check for it stands in the root of core, which is not loaded here: it brings the whole validation
 * library along.
 */
export function refusalIn(error: unknown): { readonly code: string; readonly detail: string } {
  if (typeof error === 'object' && error !== null && brand in error && 'code' in error && 'detail' in error) {
    return { code: String(error.code), detail: String(error.detail) };
  }
  throw error;
}
