import { isRefusal, type Refusal, refusal } from '../errors.js';
import { parseQuery, readParameter } from '../http/query.js';
import { type AllowedOrigins, checkThenGoTo } from './then-go-to.js';

/** Names of the parameters in the single sign-on URL that is set in Talkyard. */
export interface ReturnParameters {
  /** Holds `${returnToPathQueryHash}`, or the older `${talkyardPathQueryEscHash}`. */
  readonly path: string;
  /** Holds `${returnToOrigin}`. */
  readonly origin: string;
}

/** The names our documentation gives them. */
const returnParameters: ReturnParameters = { path: 'returnPath', origin: 'returnOrigin' };

/** Where the person was, as Talkyard's script wrote it into the query. Not checked yet. */
export interface ReturnTarget {
  /** Path with query and fragment. */
  readonly path: string;
  /** Undefined when the template has no origin: then the path is Talkyard's. */
  readonly origin: string | undefined;
}

const originMark = 'check_if_legit!';

/**
 * Reads where the person was out of the query with which Talkyard's script opened the site's login.
 *
 * Talkyard: the newer placeholders are percent-encoded, and the origin has `check_if_legit!` in front. The older
 * one puts path and query in raw, so that its own `&` cannot be told from ours: it has to be the last parameter, and all
 * that follows belongs to it, undecoded. A raw path begins with "/", an encoded one with "%2F", which tells the two apart.
 *
 * @param query the raw query, without "?"
 */
export function readReturnTarget(
  query: string,
  names: ReturnParameters = returnParameters,
): ReturnTarget | Refusal {
  const raw = rawTail(query, names.path);
  const parameters = parseQuery(raw === undefined ? query : query.slice(0, raw.start));
  const path = raw?.text ?? readParameter(parameters, names.path) ?? '';
  const origin = readParameter(parameters, names.origin);
  if (isRefusal(path)) return path;
  if (isRefusal(origin)) return origin;
  if (origin === undefined) return { path, origin };
  if (!origin.startsWith(originMark)) {
    return refusal(
      'ERR_TALKYARD_RETURN_UNSAFE',
      `The origin to return to does not begin with "${originMark}", as Talkyard writes it.`,
    );
  }
  return { path, origin: origin.slice(originMark.length) };
}

/**
 * Decides where the person goes after the login.
 * @returns the value for Talkyard's `thenGoTo`: a path of Talkyard's, or an absolute URL of an embedding page
 */
export function resolveReturnTarget(
  { path, origin }: ReturnTarget,
  allowed: AllowedOrigins,
): string | Refusal {
  if (origin === undefined) return checkThenGoTo(path, allowed);
  if (origin !== allowed.server && !allowed.embedding.includes(origin)) {
    return refusal(
      'ERR_TALKYARD_RETURN_UNSAFE',
      'The person came from a page whose origin is neither Talkyard nor one of allowEmbeddingFrom; whole origins are compared.',
    );
  }
  const checked = checkThenGoTo(path, { server: origin, embedding: [] });
  if (isRefusal(checked)) return checked;
  if (!checked.startsWith('/')) {
    return refusal(
      'ERR_TALKYARD_RETURN_UNSAFE',
      'Beside an origin, the path to return to must be a mere path.',
    );
  }
  return origin === allowed.server ? checked : origin + checked;
}

/** The undecoded rest of the query from the path's value on, if that is a raw one. */
function rawTail(query: string, name: string): { readonly text: string; readonly start: number } | undefined {
  const begin = `${name}=`;
  const start = query.startsWith(begin) ? 0 : query.indexOf(`&${begin}`) + 1;
  if (start === 0 && !query.startsWith(begin)) return undefined;
  const text = query.slice(start + begin.length);
  return text.startsWith('/') ? { text, start } : undefined;
}
